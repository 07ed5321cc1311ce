// The cases of fixtures/merge, for tests and for tools/php-versions.mjs.
import { readdirSync, readFileSync } from 'node:fs';

/** @typedef {import('./php-merge.ts').MergeAnswer} MergeAnswer */
/** @typedef {import('./php-merge.ts').MergeCase} MergeCase */

/**
 * What a merge gives. A byte is one character.
 *
 * @typedef {object} Outcome
 * @property {string} [result] what is to be written
 * @property {string[][]} [conflicts] the paths of those that the rule decided
 * @property {string[]} [conflict] by the rule `error`: its path
 * @property {string} [error] the name of PHP's class
 */

/** @typedef {Outcome & Record<'name' | 'base' | 'mine' | 'theirs', string> & Pick<MergeCase, 'format' | 'rule'> & { php7?: Outcome }} Vector */

/**
 * What both Node's merge and PHP's have to give. `php7`: where PHP 7 reads sessions that PHP 8 destroys.
 *
 * @typedef {readonly [name: string, input: MergeCase, expected: MergeAnswer, php7: MergeAnswer]} MergeVector
 */

const folder = new URL('../../fixtures/merge/', import.meta.url);
const bytes = (/** @type {string} */ text) => Buffer.from(text, 'latin1');
const base64 = (/** @type {string} */ text) => bytes(text).toString('base64');

/** @type {readonly MergeVector[]} */
export const mergeVectors = readdirSync(folder)
  .sort()
  .flatMap((file) => {
    /** @type {Vector[]} */
    const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    return vectors.map(({ name, format, rule, base, mine, theirs, php7, ...outcome }) => {
      const input = { format, rule, base: bytes(base), mine: bytes(mine), theirs: bytes(theirs) };
      const expected = answerOf(outcome);
      return /** @type {const} */ ([`${file}: ${name}`, input, expected, php7 ? answerOf(php7) : expected]);
    });
  });

/** @param {Outcome} outcome @returns {MergeAnswer} */
function answerOf({ result = '', conflicts = [], conflict, error }) {
  if (error !== undefined) return { error: `PhpSessionBridge\\Merge\\${error}` };
  if (conflict !== undefined) return { conflict: conflict.map(base64) };
  return { data: base64(result), conflicts: conflicts.map((path) => path.map(base64)) };
}

/** The line of a case for merge.php. @param {MergeCase} input */
export function mergeLine({ format, rule, base, mine, theirs }) {
  return JSON.stringify([format, rule, ...[base, mine, theirs].map((side) => Buffer.from(side).toString('base64'))]);
}
