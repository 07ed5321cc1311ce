import type { PhpSessionErrorCode } from '../../errors.ts';
import { isPlainObject } from '../source/origins.ts';
import { originOf, type Source } from '../source/source.ts';

// What is said of values that cannot be written.

export const unrepresentable: PhpSessionErrorCode = 'ERR_PHP_UNREPRESENTABLE';

export const typeChanged =
  'A plain object where an object of a PHP class stood (change that with set(), or give a PhpArray if it is meant)';

/** Whether `typeChanged` is to be said of a value. */
export function isReplacedObject(value: object, source: Source | undefined, token: number): boolean {
  if (token < 0 || !isPlainObject(value) || originOf(value) !== undefined) return false;
  return source!.letterAt(token) === 0x4f;
}

export const hiddenReference =
  'An object that serialized itself (C:) and refers to values by numbers that are others now (put what is new behind it)';

/** What a value is for which PHP has no type. */
export function describe(value: object): string {
  if (Array.isArray(value)) return 'A list with named properties';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string'
    ? `An instance of ${name}, for which the option \`classes\` has no mapping,`
    : 'An object of this kind';
}
