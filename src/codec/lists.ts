import { createMap, isPlainObject, noToken, tagOrigin } from './source/origins.ts';
import { originOf } from './source/source.ts';
import { isObject, isPhpArray } from './values.ts';
import { entriesOf } from './write/entries.ts';

// PHP has one type of array, JavaScript has two. After `unset($list[1])` the keys are 0 and 2, so the list comes as a map. An empty
// map comes as `[]`. These functions give an application the one that it wants.

/**
 * The values of a PHP array in PHP's order, as `array_values()` gives them. It returns a list without holes itself. For any other
 * array it returns a new list, which is not in the session until you put it there:
 *
 *     session.items = asList(session.items);
 *     session.items.push('new');
 *
 * When it is written, the elements get new numbers and keep their types, such as floats.
 *
 * @throws TypeError for a value that is no array in PHP
 */
export function asList<T>(array: readonly T[] | Readonly<Record<string, T>>): T[];
export function asList<T = unknown>(array: object): T[];
export function asList(array: object): unknown[] {
  const entries = arrayEntries('asList', array);
  if (entries.keys === undefined) return array as unknown[];
  const list = [...entries.values];
  const from = originOf(array);
  // The elements keep their types only if they are exactly those that were read.
  if (from !== undefined && from.at >= 0) {
    const before = [...from.source.nodeAt(from.at).index.keys()];
    const { keys } = entries;
    if (before.length === keys.length && before.every((key, at) => key === String(keys[at])))
      tagOrigin(list, from.source, from.at);
  }
  return list;
}

/**
 * A PHP array as an object, whatever its keys are. It returns an object itself. For a list, such as `[]`, it returns a new object,
 * which is not in the session until you put it there:
 *
 *     session.preferences = asMap(session.preferences);
 *     session.preferences.theme = 'dark';
 *
 * @throws TypeError for a value that is no array in PHP
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
