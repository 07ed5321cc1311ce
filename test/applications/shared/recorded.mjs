import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What an application made of a login: the cookie, and the rows of its table.
 *
 * @typedef {object} Login
 * @property {number} recordedAt Unix seconds
 * @property {string} cookie
 * @property {Record<string, string | number | null>[]} rows a byte is one character
 */

/** @param {string} root of the repository @returns {Record<string, Login>} by the titles of the applications */
export function readLogins(root) {
  return JSON.parse(readFileSync(join(root, 'fixtures/applications.json'), 'utf8'));
}

/**
 * The rows as if they had been recorded now: Unix times are moved, and those of that moment inside a session too.
 *
 * @param {Login} login
 * @returns {Record<string, Buffer | string | number | null>[]}
 */
export function rowsOfNow({ recordedAt, rows }) {
  const moved = Math.floor(Date.now() / 1000) - recordedAt;
  const value = (/** @type {string | number | null} */ it) => {
    if (typeof it === 'number') return it < 1_000_000_000 ? it : it + moved;
    if (typeof it !== 'string') return it;
    if (/^20\d{12}$/.test(it)) return digitsAfter(it, moved);
    if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(it)) return Buffer.from(sessionAfter(it, recordedAt, moved), 'latin1');
    return new Date(Date.parse(`${it.replace(' ', 'T')}Z`) + 1000 * moved).toISOString().slice(0, 19).replace('T', ' ');
  };
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, it]) => [name, value(it)])));
}

/** A login takes a few seconds. @param {string} text @param {number} recordedAt @param {number} seconds */
function sessionAfter(text, recordedAt, seconds) {
  return text.replace(/(?<=i:)\d{10}(?=;)/g, (time) =>
    Math.abs(Number(time) - recordedAt) < 60 ? String(Number(time) + seconds) : time,
  );
}

/** MediaWiki's. @param {string} time @param {number} seconds */
function digitsAfter(time, seconds) {
  const moment = Date.parse(time.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z'));
  return new Date(moment + 1000 * seconds).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** Each file of test/applications has those of one application. @param {string} root @returns {Promise<import('./run.mjs').Application[]>} */
export async function readApplications(root) {
  const directory = join(root, 'test/applications');
  const files = readdirSync(directory).filter((name) => name.endsWith('.mjs'));
  const modules = await Promise.all(files.sort().map((name) => import(join(directory, name))));
  return modules.flatMap(({ applications }) => applications);
}
