import { asMap } from '../codec/index.ts';
import { isPlainObject } from '../codec/source/origins.ts';
import { isObject } from '../codec/values.ts';

// PHP's arrays in the plain view, by their own keys alone: names come from outside, and `__proto__` or `length` are names as others.

export type Container = Record<string, unknown>;

/** Whether it is what a PHP array is in JavaScript: a list, or an object that is no object of PHP. */
export function isArray(value: unknown): value is Container {
  return isObject(value) && (Array.isArray(value) || isPlainObject(value));
}

/** @returns `undefined` where there is none */
export function elementOf(array: object, key: string): unknown {
  if (Array.isArray(array) && !isIndex(key)) return undefined;
  return Object.hasOwn(array, key) ? (array as Container)[key] : undefined;
}

export function setElement(array: object, key: string, value: unknown): void {
  // On an object with a prototype an assignment would change that.
  if (key !== '__proto__' || Object.hasOwn(array, key)) (array as Container)[key] = value;
  else Object.defineProperty(array, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The values in the order of JavaScript; none of what is no array. */
export function elements(array: unknown): unknown[] {
  return isArray(array) ? Object.values(array) : [];
}

/**
 * The array in an array, to be changed; it is made, as PHP does, where there is none. A list becomes a map if it cannot get this key.
 *
 * @param forKey the key that it is to get
 * @throws TypeError where an object is in its place, which would be lost
 */
export function arrayIn(array: object, key: string, forKey: string): Container {
  const found = elementOf(array, key);
  if (isObject(found) && !isArray(found)) throw new TypeError('an object is where an array must be in the session');
  if (isArray(found) && !(Array.isArray(found) && !(isIndex(forKey) && Number(forKey) <= found.length))) return found;
  const made: Container = Array.isArray(found) ? asMap(found) : Object.create(null);
  setElement(array, key, made);
  return made;
}

function isIndex(key: string): boolean {
  return /^(0|[1-9]\d{0,8})$/.test(key);
}
