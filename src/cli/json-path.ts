import { JsonReader } from '../codec/formats/json-reader.ts';
import { isPhpObject } from '../codec/index.ts';
import { isObject } from '../codec/values.ts';
import { CommandError, UsageError } from './exit-codes.ts';

/**
 * The keys of a JSON Pointer (RFC 6901).
 *
 * @throws UsageError
 */
export function readPath(pointer: string): string[] {
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(pointer)) {
    throw new UsageError('PATH must be a JSON Pointer, such as /user/name: a / in a key is ~1, a ~ is ~0');
  }
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The other way round. */
export const pointerTo = (keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/**
 * A value as `json_decode($text, true)` gives it: it tells ints from floats, and makes no objects.
 *
 * @returns of the exact view
 * @throws UsageError
 */
export function readJson(text: string): unknown {
  try {
    return new JsonReader(Buffer.from(text), { maxBytes: 2 ** 24, maxDepth: 500, maxElements: 2 ** 20 }).value();
  } catch {
    throw new UsageError('JSON must be one value that PHP\'s json_decode() reads, such as 1, "text" or {"a":[true]}');
  }
}

/**
 * Puts a value into a session of the plain view.
 *
 * @throws CommandError where there is no place for it; it names no key
 */
export function setAt(session: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  let container: object = session;
  for (const [depth, key] of keys.slice(0, -1).entries()) {
    const inner = get(container, key);
    if (!isObject(inner) || inner instanceof Uint8Array) {
      throw new CommandError(`there is no array or object at the first ${depth + 1} keys of PATH`);
    }
    // An empty array of PHP is a list in JavaScript, which takes keys all the same.
    container = inner;
  }
  put(container, keys.at(-1)!, value);
}

function get(container: object, key: string): unknown {
  if (isPhpObject(container)) return container.get(key);
  return Object.hasOwn(container, key) ? (container as Record<string, unknown>)[key] : undefined;
}

function put(container: object, key: string, value: unknown): void {
  if (!isPhpObject(container)) {
    if (Array.isArray(container) && container.length > 0 && !(Number(key) <= container.length && /^\d+$/.test(key))) {
      throw new CommandError('PATH leads into a list: its last key must be a number up to the length of the list');
    }
    (container as Record<string, unknown>)[key] = value;
    return;
  }
  // What is in an object is up to its class: no property is added.
  if (!container.has(key)) throw new CommandError('PATH leads to a property that this object of PHP does not have');
  container.set(key, value);
}
