import { isPlainObject } from '../codec/source/origins.ts';
import { isObject } from '../codec/values.ts';

/** A PHP array in the plain view. */
export type Variables = Record<string, unknown>;

export function isMap(value: unknown): value is Variables {
  return isObject(value) && (Array.isArray(value) || isPlainObject(value));
}

/** Not what the object inherits, such as `constructor`, and not a list's `length`: keys come from outside. */
export function ownValue(map: Variables, key: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(map, key) ? map[key] : undefined;
}

/** PHP's `isset()`. */
export function isExisting(map: Variables | undefined, key: string): boolean {
  return map !== undefined && (ownValue(map, key) ?? null) !== null;
}

/** As `map[key] = value`, also for the key `__proto__`. */
export function put(map: Variables, key: string, value: unknown): void {
  if (Object.hasOwn(map, key)) map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
