import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, SetupError } from '../setup.mjs';

const file = join(root, '.cache/mutation/survivors.json');
/** What the numbers of mutants depend on, besides what is changed. */
const numbering = ['mutants.mjs', 'regular-expressions.mjs'].map((name) => join(root, 'tools/mutation', name));

/**
 * What was left of a complete run.
 *
 * @typedef {object} Survivors
 * @property {string} sources fingerprint of what was changed
 * @property {number} total how many mutants compile
 * @property {number[]} survived their numbers
 */

/** @param {readonly string[]} paths the sources @param {number} total @param {number[]} survived */
export function keepSurvivors(paths, total, survived) {
  mkdirSync(dirname(file), { recursive: true });
  /** @type {Survivors} */
  const survivors = { sources: fingerprint(paths), total, survived };
  writeFileSync(file, `${JSON.stringify(survivors)}\n`);
}

/**
 * @param {readonly string[]} paths the sources
 * @returns {Survivors}
 * @throws {SetupError} when there was no complete run of these sources
 */
export function lastSurvivors(paths) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new SetupError(`--again needs a complete run, which writes ${relative(root, file)}.`);
  }
  /** @type {Survivors} */
  const survivors = JSON.parse(text);
  if (survivors.sources !== fingerprint(paths)) {
    throw new SetupError('The codec, or what is changed in it, is not that of the last complete run: start one.');
  }
  return survivors;
}

/** @param {readonly string[]} paths */
function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of [...paths, ...numbering]) {
    const text = readFileSync(path, 'utf8');
    hash.update(`${relative(root, path)} ${text.length}\n${text}`);
  }
  return hash.digest('hex');
}
