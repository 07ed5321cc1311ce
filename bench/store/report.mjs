import { printTable, printTargets } from '../report.mjs';

/**
 * @typedef {object} Target
 * @property {string} what
 * @property {number} figure what decides: the median of the rounds
 * @property {number} typical another view of it, see the table
 * @property {string} limit
 * @property {boolean} met
 *
 * @typedef {object} Section
 * @property {string} title
 * @property {string[][]} lines with the heads of the columns
 * @property {Target[]} targets
 * @property {string[]} [notes]
 */

/** @param {Section} section */
export function printSection({ title, lines: [[, ...heads], ...lines], notes = [] }) {
  printTable([[title, ...heads], ...lines]);
  for (const note of notes) console.log(`  ${note}`);
}

/** @param {string} database @param {readonly Target[]} targets */
export function printReached(database, targets) {
  printTargets(targets.map((target) => ({ corpus: database, ...target })));
}
