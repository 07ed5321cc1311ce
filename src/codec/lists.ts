import { createMap, isPlainObject, noToken } from './source/origins.ts';
import { originOf } from './source/source.ts';
import { isObject, isPhpArray } from './values.ts';
import { entriesOf, renumbered } from './write/entries.ts';

// PHP has one type of array, and JavaScript two. `unset($list[1])` leaves the keys 0 and 2, and so a map; an empty map is `[]`.
// An application that wants one of the two, whatever PHP left there, takes it by these.

/**
 * The values of a PHP array in PHP's order, as `array_values()` gives them. A list without holes is returned itself; for any
 * other array this is a new list, so that what becomes of it is in the session only if it is put there:
 *
 *     session.items = asList(session.items);
 *     session.items.push('new');
 *
 * Written back, the elements are numbered anew and keep their types, such as floats.
 *
 * @throws TypeError for what is no array in PHP
 */
export function asList<T>(array: readonly T[] | Readonly<Record<string, T>>): T[];
export function asList<T = unknown>(array: object): T[];
export function asList(array: object): unknown[] {
  const entries = arrayEntries('asList', array);
  if (entries.keys === undefined) return array as unknown[];
  const list = [...entries.values];
  const from = originOf(array);
  // Elements take the types of what they were only where they are sure to be those that were read.
  if (from !== undefined && from.at >= 0) {
    const before = [...from.source.nodeAt(from.at).index.keys()];
    const { keys } = entries;
    if (before.length === keys.length && before.every((key, at) => key === String(keys[at])))
      renumbered.set(list, from);
  }
  return list;
}

/**
 * A PHP array as an object, whatever its keys. One that is an object is returned itself; for a list, such as `[]`, this is a
 * new object, so that what becomes of it is in the session only if it is put there:
 *
 *     session.preferences = asMap(session.preferences);
 *     session.preferences.theme = 'dark';
 *
 * @throws TypeError for what is no array in PHP
 */
export function asMap<T>(array: readonly T[] | Record<string, T>): Record<string, T>;
export function asMap<T = unknown>(array: object): Record<string, T>;
export function asMap(array: object): Record<string, unknown> {
  const { keys, values } = arrayEntries('asMap', array);
  if (!Array.isArray(array) && !isPhpArray(array)) return array as Record<string, unknown>;
  const map = createMap(undefined, noToken);
  for (const [index, value] of values.entries()) map[String(keys?.[index] ?? index)] = value;
  return map;
}

function arrayEntries(name: string, array: object) {
  const isArray = isObject(array) && (Array.isArray(array) || isPhpArray(array) || isPlainObject(array));
  const entries = isArray ? entriesOf(array, undefined, noToken) : undefined;
  if (entries === undefined)
    throw new TypeError(`${name}() needs what a PHP array is in JavaScript: an array or a plain object`);
  return entries;
}
