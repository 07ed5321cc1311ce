import { readFileSync } from 'node:fs';
import { mutated } from './mutants.mjs';

/**
 * @typedef {import('./mutants.mjs').Mutant} Mutant
 * @typedef {Mutant & Partial<import('./runner.mjs').Outcome> & { tests: number }} Tried
 */

/** What became of the mutants, as text. @param {readonly Tried[]} tried */
export function report(tried) {
  const files = [...new Set(tried.map(({ place }) => place.split(':')[0] ?? ''))];
  const rows = [
    ...files.map((file) =>
      row(
        file,
        tried.filter(({ place }) => place.startsWith(`${file}:`)),
      ),
    ),
    row('all', tried),
  ];
  const lines = [['', 'mutants', 'killed', 'timed out', 'survived', 'noticed'], ...rows];
  const survivors = tried.filter(({ end }) => end === 'survived').map(describe);
  return [table(lines), '', ...survivors].join('\n');
}

/** @param {string} name @param {readonly Tried[]} tried */
function row(name, tried) {
  const count = (/** @type {string} */ wanted) => tried.filter(({ end }) => end === wanted).length;
  // What never ends would not have passed either.
  const percent = ((count('killed') + count('timed out')) / tried.length) * 100;
  const counts = [tried.length, count('killed'), count('timed out'), count('survived')];
  return [name, ...counts.map(String), `${percent.toFixed(1)} %`];
}

/** @param {readonly string[][]} lines */
function table(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
    )
    .join('\n');
}

/** A mutant in a line. @param {Tried} tried */
export function describe({ number, place, operator, original, replacement, tests }) {
  const line = `${place} ${operator}: ${short(original)} -> ${short(replacement)}  [${number}]`;
  return tests === 0 ? `${line} (no test comes here)` : line;
}

/** @param {string} text */
function short(text) {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}

/** The lines that a mutant changes, before and after. @param {Mutant} mutant */
export function lineChange(mutant) {
  const source = readFileSync(mutant.path, 'utf8');
  const changed = mutated(mutant, source);
  const from = source.lastIndexOf('\n', mutant.start) + 1;
  const lines = (/** @type {string} */ text, /** @type {number} */ end, /** @type {string} */ sign) => {
    const to = text.indexOf('\n', end);
    return text.slice(from, to < 0 ? text.length : to).replaceAll(/^/gm, `${sign} `);
  };
  const after = mutant.start + mutant.replacement.length;
  return `${mutant.place} ${mutant.operator}\n${lines(source, mutant.end, '-')}\n${lines(changed, after, '+')}`;
}
