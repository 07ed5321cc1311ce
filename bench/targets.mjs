// What the codec is to reach, with its default options and all its checks.

import { enough, memoryHeld } from '../test/helpers/memory.mjs';
import { json, phpSession } from './contestants.mjs';
import { ratios } from './report.mjs';

/**
 * @typedef {import('./report.mjs').Row} Row
 * @typedef {{ corpus: string, what: string, figure: number, typical: number, limit: string, met: boolean }} Target
 */

/** At most so many times as long as JSON.parse(buffer.toString()) on the same data. */
const decodeLimits = new Map([
  ['login', 1.7],
  ['application', 1.4],
  ['big', 1.2],
]);
/** The same for Buffer.from(JSON.stringify(value)). */
const encodeLimit = 1.3;
/** At most so many times as long as session_decode() and session_encode(). */
const counterLimits = new Map([
  ['application', 0.6],
  ['big', 0.55],
]);
/** igbinary, at most so many times as long as the format php. */
const igbinaryLimits = { decode: 1.3, encode: 1.5 };
/** At least so many times as fast as the package that most people use. */
const leader = 'php-serialize';
const leaderLimits = { decode: 12, encode: 2 };

/**
 * @param {readonly import('./report.mjs').Result[]} results
 * @returns {Target[]}
 */
export function targets(results) {
  return results.flatMap(({ corpus, kind, rows }) => {
    /** @type {Target[]} */
    const found = [];
    /** @param {string} what @param {Row} row @param {Row | undefined} other @param {number | undefined} limit */
    const atMost = (what, row, other, limit) => {
      if (other === undefined || limit === undefined) return;
      const { best, typical } = ratios(row, other);
      found.push({ corpus, what, figure: best, typical, limit: `at most ${limit}`, met: best <= limit });
    };
    /** @param {string} what @param {Row} row @param {Row | undefined} other @param {number} limit */
    const timesAsFast = (what, row, other, limit) => {
      if (other === undefined) return;
      const { best, typical } = ratios(other, row);
      found.push({ corpus, what, figure: best, typical, limit: `at least ${limit}`, met: best >= limit });
    };
    const find = (/** @type {string} */ who) => rows.find(({ name }) => name === who);
    const peers = rows.filter(({ group }) => group === 'peer');
    const [fastest] = peers.toSorted((a, b) => ratios(a, b).best - 1);

    for (const row of rows.filter(({ name }) => name.endsWith('codeSession, igbinary'))) {
      const php = rows.find(({ name, group }) => group === 'ours' && name.includes('codeSession'));
      if (kind === 'decode' || kind === 'encode') atMost(`${row.name} / php`, row, php, igbinaryLimits[kind]);
    }
    for (const row of rows.filter(({ group }) => group === 'ours')) {
      if (kind === 'decode') atMost(`${row.name} / JSON.parse`, row, find(json), decodeLimits.get(corpus));
      if (kind === 'encode') atMost(`${row.name} / JSON.stringify`, row, find(json), encodeLimit);
      if (kind === 'counter') atMost('counter / PHP', row, find(phpSession), counterLimits.get(corpus));
      if (kind !== 'decode' && kind !== 'encode') continue;
      timesAsFast(`${leader} / ${row.name}`, row, find(leader), leaderLimits[kind]);
      timesAsFast(`fastest peer (${fastest?.name}) / ${row.name}`, row, fastest, 1);
    }
    return found;
  });
}

/**
 * What of 10,000 sessions of 8 KB stays in memory when a string of each is kept, in bytes for each.
 *
 * @param {any} codec
 * @returns {Target[]}
 */
export function memoryTargets(codec) {
  return ['a string of 30 characters', 'a string that is not ASCII'].map((kept) => {
    const figure = memoryHeld(codec, 'decodeSession', kept, 8000);
    const what = `bytes held by ${kept}`;
    return { corpus: 'memory', what, figure, typical: figure, limit: `at most ${enough}`, met: figure <= enough };
  });
}
