import { json } from './contestants.mjs';
import { median } from './measure.mjs';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {import('./contestants.mjs').Group} group
 * @property {number[]} times nanoseconds for one operation, round by round
 *
 * @typedef {object} Result
 * @property {string} corpus
 * @property {number} bytes
 * @property {import('./contestants.mjs').Kind} kind
 * @property {Row[]} rows
 * @property {{ name: string, wrong?: string }[]} wrong who was not measured, and why
 */

/** @param {Row} row */
const minimum = ({ times }) => Math.min(...times);

/**
 * How many times as long one takes as another: by their best times, which other work disturbed least, and by the typical
 * ratio of one round.
 *
 * @param {Row} row
 * @param {Row} other
 */
export function ratios(row, other) {
  return { best: minimum(row) / minimum(other), typical: median(row.times.map((time, i) => time / other.times[i])) };
}

/** @param {Result} result */
export function printResult({ corpus, bytes, kind, rows, wrong }) {
  const ours = /** @type {Row} */ (rows.find(({ group }) => group === 'ours'));
  const base = rows.find(({ name }) => name === json) ?? ours;
  const lines = rows
    .toSorted((a, b) => minimum(a) - minimum(b))
    .map((row) => {
      const [toJson, toOurs] = [ratios(row, base), ratios(row, ours)];
      const figures = [toJson.best, toOurs.best, toJson.typical, toOurs.typical].map(decimal);
      const name = (row.group === 'ours' || row.group === 'packed' ? '* ' : '  ') + row.name;
      return [name, duration(minimum(row)), duration(median(row.times)), ...figures];
    });
  const title = `${corpus}, ${kind} (${bytes.toLocaleString('en')} bytes)`;
  printTable([[title, 'minimum', 'median', '/ JSON', '/ ours', '~ / JSON', '~ / ours'], ...lines]);
  for (const { name, wrong: fault } of wrong) console.log(`  ${name}: not ranked, ${fault}`);
}

/** @param {readonly import('./targets.mjs').Target[]} targets */
export function printTargets(targets) {
  if (targets.length === 0) return;
  const lines = targets.map(({ corpus, what, figure, typical, limit, met }) => [
    `${met ? 'yes' : 'no '} ${corpus}: ${what}`,
    decimal(figure),
    decimal(typical),
    limit,
  ]);
  printTable([['Targets', 'reached', '~', 'wanted'], ...lines]);
}

/** @param {readonly string[][]} lines the first column is text, the others are figures */
export function printTable(lines) {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const align = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  console.log(`\n${lines.map((line) => line.map(align).join('  ')).join('\n')}`);
}

/** @param {number} nanoseconds */
function duration(nanoseconds) {
  return nanoseconds < 1e6 ? `${(nanoseconds / 1e3).toFixed(2)} us` : `${(nanoseconds / 1e6).toFixed(2)} ms`;
}

/** @param {number} value */
function decimal(value) {
  return value.toFixed(2);
}
