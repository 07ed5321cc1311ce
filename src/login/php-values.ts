import { unserialize } from '../codec/index.ts';
import { isMapObject, isObject, isPhpObject } from '../codec/values.ts';
import { PhpSessionError } from '../errors.ts';

// Values of sessions, whatever they are: another version of an application may write other ones.

/** What stands at this path of arrays and objects; `undefined` if there is no such thing. What objects inherit in JavaScript does not count. */
export function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const key of path) {
    if (!isObject(found)) return undefined;
    if (isPhpObject(found)) found = found.get(key);
    else if (isMapObject(found)) found = found.get(key);
    else found = Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : undefined;
  }
  return found;
}

/** What stands there, made if it is missing; `undefined` if there is something else. */
export function arrayAt(value: Record<string, unknown>, key: string): Record<string, unknown> | undefined {
  if (!Object.hasOwn(value, key)) value[key] = {};
  const found = value[key];
  // An empty array of PHP is a list in JavaScript.
  if (Array.isArray(found) && found.length === 0) value[key] = {};
  return isObject(value[key]) && !isPhpObject(value[key]) && !Array.isArray(value[key])
    ? (value[key] as Record<string, unknown>)
    : undefined;
}

/** What can be the id of a user: a text with something in it, or a whole number. One beyond 2^53 - 1 is a text. */
export function idAt(value: unknown, ...path: string[]): string | number | undefined {
  const found = at(value, ...path);
  if (typeof found === 'bigint') return String(found);
  if (typeof found === 'number') return Number.isSafeInteger(found) ? found : undefined;
  return textAt(found);
}

/** A text with something in it. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/**
 * A secret of the login, with which the application compares one of its own.
 *
 * @returns `undefined`: there is none, and it compares nothing; `null`: what is there can be none of its secrets
 */
export function secretAt(value: unknown, ...path: string[]): string | null | undefined {
  const found = at(value, ...path);
  if (found === undefined || found === null) return undefined;
  return typeof found === 'string' ? found : null;
}

/** A time in Unix seconds. */
export function timeAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? Math.floor(found) : undefined;
}

/**
 * What PHP's `unserialize()` reads in a value of the session. No class is instantiated.
 *
 * @returns `undefined` for what it cannot read
 */
export function unserialized(value: unknown): unknown {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    return unserialize(bytes);
  } catch (error) {
    if (error instanceof PhpSessionError) return undefined;
    throw error;
  }
}
