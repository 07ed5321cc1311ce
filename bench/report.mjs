import { json, phpSession } from './contestants.mjs';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {'ours' | 'peer' | 'other'} group
 * @property {string} [wrong] what is wrong with what it gives
 * @property {number} minimum nanoseconds for one operation
 * @property {number} median
 *
 * @typedef {{ corpus: string, bytes: number, kind: string, rows: Row[] }} Result
 */

/** @param {Result} result */
export function printTable({ corpus, bytes, kind, rows }) {
  const base = rows.find(({ name }) => name === json) ?? rows[0];
  const ours = rows[0];
  const lines = [
    [`${corpus}, ${kind} (${bytes.toLocaleString('en')} bytes)`, 'minimum', 'median', 'x JSON', 'x ours', ''],
  ];
  for (const row of [...rows].sort((a, b) => a.minimum - b.minimum)) {
    lines.push([
      (row.group === 'ours' ? '* ' : '  ') + row.name,
      microseconds(row.minimum),
      microseconds(row.median),
      ratio(row.minimum / base.minimum),
      ratio(row.minimum / ours.minimum),
      row.wrong === undefined ? '' : `not ranked: ${row.wrong}`,
    ]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const align = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  console.log(`\n${lines.map((line) => line.map(align).join('  ').trimEnd()).join('\n')}`);
}

/** @param {readonly Result[]} results */
export function printTargets(results) {
  const lines = [];
  /** @param {string} text @param {number | undefined} reached @param {number} most */
  const atMost = (text, reached, most) => {
    if (reached !== undefined)
      lines.push(`${reached <= most ? 'yes' : 'NO '}  ${text}: ${ratio(reached)}, at most ${most}`);
  };
  for (const { corpus, kind, rows } of results) {
    const time = (/** @type {string} */ name) => rows.find((row) => row.name === name)?.minimum;
    const ours = rows.filter(({ group }) => group === 'ours');
    const decodeLimit = { login: 1.7, application: 1.4, big: 1.2 }[corpus];
    const counterLimit = { application: 0.6, big: 0.55 }[corpus];
    for (const { name, minimum } of ours) {
      const over = (/** @type {string} */ who) => minimum / (time(who) ?? Number.NaN);
      if (kind === 'decode' && decodeLimit) atMost(`${corpus}: ${name} / JSON.parse`, over(json), decodeLimit);
      if (kind === 'encode') atMost(`${corpus}: ${name} / JSON.stringify`, over(json), 1.3);
      if (kind === 'counter' && counterLimit) atMost(`${corpus}: counter / PHP`, over(phpSession), counterLimit);
      if (kind === 'decode' || kind === 'encode') {
        const leader = over('php-serialize');
        const most = kind === 'decode' ? 1 / 12 : 1 / 2;
        if (!Number.isNaN(leader)) {
          lines.push(
            `${leader <= most ? 'yes' : 'NO '}  ${corpus}: ${name} is ${ratio(1 / leader)} times as fast as php-serialize, at least ${1 / most}`,
          );
        }
      }
    }
  }
  console.log(`\nTargets\n${lines.join('\n')}`);
}

const microseconds = (/** @type {number} */ nanoseconds) => `${(nanoseconds / 1000).toPrecision(4)} us`;
const ratio = (/** @type {number} */ value) => value.toFixed(2);
