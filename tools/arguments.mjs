// What a command was given by its options, checked.
import { SetupError } from './setup.mjs';

/**
 * @param {Record<string, any>} values of `parseArgs`
 * @param {string} option
 * @param {{ least?: number, whole?: boolean }} [kind] default: a whole number, at least 1
 * @returns {number}
 * @throws {SetupError} when it is anything else
 */
export function numberOf(values, option, { least = 1, whole = true } = {}) {
  const text = values[option];
  const number = text.trim() === '' ? Number.NaN : Number(text); // Number('') is 0.
  if (number >= least && (whole ? Number.isSafeInteger(number) : Number.isFinite(number))) return number;
  throw new SetupError(`--${option} must be a ${whole ? 'whole ' : ''}number, at least ${least}, and not '${text}'.`);
}

/**
 * @template {string} T
 * @param {readonly T[]} all
 * @param {readonly string[] | undefined} wanted default all
 * @param {string} [what] is chosen, for the message
 * @returns {readonly T[]} those that are wanted, in the order of all
 * @throws {SetupError} when there is no such thing
 */
export function choose(all, wanted = all, what) {
  const unknown = wanted.find((name) => !all.includes(/** @type {T} */ (name)));
  if (unknown !== undefined) {
    const named = what === undefined ? unknown : `${what} ${unknown}`;
    throw new SetupError(`There is no ${named}, but ${all.join(', ')}.`);
  }
  return all.filter((name) => wanted.includes(name));
}
