import { arrayIn, elementOf, isArray, setElement } from './arrays.ts';
import { text } from './checks.ts';

// Keys with dots, as in Laravel's `Illuminate\Support\Arr`: 'url.intended' is `intended` in `url`.

/**
 * `Arr::get()`: the key as it is, or else its parts one by one.
 *
 * @returns `undefined` where there is nothing
 * @throws TypeError for a key that is no text
 */
export function getPath(array: object, path: string): unknown {
  const value = elementOf(array, text(path, 'key'));
  if (value !== undefined) return value;
  let found: unknown = array;
  for (const [depth, key] of path.split('.').entries()) {
    if (depth > 0 && !isArray(found)) return undefined;
    found = elementOf(found as object, key);
  }
  return found;
}

/**
 * `Arr::set()`: dots always divide. What is no array gives way to one.
 *
 * @throws TypeError where that would be an object, and for a key that is no text
 */
export function setPath(array: object, path: string, value: unknown): void {
  const keys = text(path, 'key').split('.');
  let place = array;
  for (const [depth, key] of keys.slice(0, -1).entries()) place = arrayIn(place, key, keys[depth + 1]!);
  setElement(place, keys.at(-1)!, value);
}

/** `Arr::forget()`. @throws TypeError for a key that is no text */
export function forgetPath(array: object, path: string): void {
  const keys = elementOf(array, text(path, 'key')) === undefined ? path.split('.') : [path];
  let place: unknown = array;
  for (const key of keys.slice(0, -1)) {
    place = elementOf(place as object, key);
    if (!isArray(place)) return;
  }
  const last = keys.at(-1)!;
  if (elementOf(place as object, last) !== undefined) delete (place as Record<string, unknown>)[last];
}
