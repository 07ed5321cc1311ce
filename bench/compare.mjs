// How this build compares with another one that had a turn in each round too.
import { printTable } from './report.mjs';

/** By how much the cost may grow. */
const LIMIT = 1.03;

/**
 * @typedef {object} Comparison
 * @property {string} name
 * @property {number[]} ratios what this build took in each round, by what the other one took in it
 */

/**
 * @param {string} name
 * @param {readonly number[]} ours cost of a turn, round by round
 * @param {readonly number[]} theirs
 * @returns {Comparison}
 */
export function compare(name, ours, theirs) {
  return { name, ratios: ours.map((cost, round) => cost / theirs[round]).sort((a, b) => a - b) };
}

/**
 * The median, and between what it lies with a probability of 95 %: by the order of the rounds, whatever their distribution.
 *
 * @param {Comparison} comparison
 */
function typical({ ratios }) {
  const [middle, margin] = [ratios.length / 2, 0.98 * Math.sqrt(ratios.length)];
  const at = (/** @type {number} */ place) => ratios[Math.min(ratios.length - 1, Math.max(0, Math.floor(place)))];
  return { median: at(middle), low: at(middle - margin), high: at(middle + margin) };
}

/**
 * @param {string} title
 * @param {readonly Comparison[]} comparisons
 */
export function printComparisons(title, comparisons) {
  const rows = comparisons.map((comparison) => ({ name: comparison.name, ...typical(comparison) }));
  const figure = (/** @type {number} */ number) => number.toFixed(3);
  const lines = rows.map(({ name, median, low, high }) => [name, ...[median, low, high].map(figure)]);
  printTable([[title, 'new / old', 'from', 'to'], ...lines]);
  const limit = `more than ${Math.round(100 * (LIMIT - 1))} % slower`;
  const slower = rows.filter(({ low }) => low > LIMIT);
  const unclear = rows.filter(({ low, high }) => low <= LIMIT && high > LIMIT);
  const names = (/** @type {typeof rows} */ some) => some.map(({ name }) => name).join('; ') || 'none';
  console.log(`\n${limit}: ${names(slower)}`);
  if (unclear.length > 0) console.log(`may be ${limit}, more rounds would tell: ${names(unclear)}`);
}
