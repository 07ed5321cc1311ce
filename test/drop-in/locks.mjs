import { fileURLToPath } from 'node:url';

/** The lock of PHP's handler. Node's mode goes with it: `exclusive` or `merge`. */
export const locks = /** @type {const} */ (['row', 'merge']);

/** @typedef {(typeof locks)[number]} Lock */

/** A file that returns the handler's options. */
export const mergeOptions = fileURLToPath(new URL('merge.php', import.meta.url));

/** PHP code of the handler's options. @param {string} table @param {Lock} lock */
export function optionsCode(table, lock) {
  const options = `['table' => '${table}']`;
  return lock === 'merge' ? `${options} + require ${JSON.stringify(mergeOptions)}` : options;
}

/**
 * Options of Node's session.
 *
 * @param {Lock} lock
 * @returns {Pick<import('../../src/session/options.ts').SessionOptions, 'mode' | 'onConflict'>}
 */
export function sessionOptions(lock) {
  if (lock === 'row') return {};
  return {
    mode: 'merge',
    // As in merge.php.
    onConflict: ({ path, base, mine, theirs }) =>
      path.at(-1) === 'n' ? Number(mine ?? 0) + Number(theirs ?? 0) - Number(base ?? 0) : mine,
  };
}
