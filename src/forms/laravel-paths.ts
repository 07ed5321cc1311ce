import { arrayIn, elementOf, isArray, setElement } from './arrays.ts';

// Keys with dots, as in Laravel's `Illuminate\Support\Arr`: 'url.intended' is `intended` in `url`.

/** `Arr::get()`: the key as it is, or else its parts one by one. @returns `undefined` where there is nothing */
export function getPath(array: object, path: string): unknown {
  const value = elementOf(array, path);
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
 * @throws TypeError where that would be an object
 */
export function setPath(array: object, path: string, value: unknown): void {
  const keys = path.split('.');
  let place = array;
  for (const [depth, key] of keys.slice(0, -1).entries()) place = arrayIn(place, key, keys[depth + 1]!);
  setElement(place, keys.at(-1)!, value);
}

/** `Arr::forget()`. */
export function forgetPath(array: object, path: string): void {
  const keys = elementOf(array, path) === undefined ? path.split('.') : [path];
  let place: unknown = array;
  for (const key of keys.slice(0, -1)) {
    place = elementOf(place as object, key);
    if (!isArray(place)) return;
  }
  const last = keys.at(-1)!;
  if (elementOf(place as object, last) !== undefined) delete (place as Record<string, unknown>)[last];
}
