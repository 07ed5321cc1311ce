/** Instead of a token: there is none. */
export const noToken = -1;

/** Instead of a token: the value is a session. */
export const sessionToken = -2;

/**
 * Instead of a token: the exact view made the value. It is written as it is, whatever stood at its place. The result is never a token.
 * The same function turns it back into the token.
 */
export function exactToken(at: number): number {
  return -3 - at;
}

/** Where a value comes from. `Origin` of `source.ts` is this type for a `Source`, which this file may not import. */
export interface OriginIn<S extends object> {
  readonly source: S;
  /** Its token, or `sessionToken`. In the exact view `exactToken` of it. */
  readonly at: number;
}

/** The base of classes that add their private fields to an existing object. */
export class Overlay {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the derived class then adds its fields to that object
    return value;
  }
}

// Private fields of values remember their origin. They cannot be seen, copied, spread or cloned, and take a seventh of the time of a
// WeakMap.

class PlainMap {
  readonly #source: object | undefined;
  readonly #at: number;
  constructor(source: object | undefined, at: number) {
    this.#source = source;
    this.#at = at;
  }
  static origin(value: object): OriginIn<object> | undefined {
    return #at in value && value.#source !== undefined ? { source: value.#source, at: value.#at } : undefined;
  }
  static isFrom(value: object, source: object, at: number): boolean {
    return #at in value && value.#at === at && value.#source === source;
  }
}
makeRootPrototype(PlainMap.prototype);

class Tag extends Overlay {
  readonly #source: object;
  readonly #at: number;
  constructor(value: object, source: object, at: number) {
    super(value);
    this.#source = source;
    this.#at = at;
  }
  static origin(value: object): OriginIn<object> | undefined {
    return #at in value ? { source: value.#source, at: value.#at } : undefined;
  }
  static isFrom(value: object, source: object, at: number): boolean {
    return #at in value && value.#at === at && value.#source === source;
  }
}

/**
 * The object for a PHP array with keys, in the plain view. It inherits no names, so `__proto__` and `toString` are keys like any other.
 * It is an instance of a class, because V8 makes a slow dictionary of `Object.create(null)`.
 */
export function createMap(source: object | undefined, at: number): Record<string, unknown> {
  return new PlainMap(source, at) as never;
}

/** Sets the origin of an array, or of one of PHP's own values. */
export function tagOrigin(value: object, source: object, at: number): void {
  new Tag(value, source, at);
}

/** The origin of a value that was read. `originOf` of `source.ts` has a better type. */
export function originIn(value: object): OriginIn<object> | undefined {
  return PlainMap.origin(value) ?? Tag.origin(value);
}

/** Whether a value was made from this token of this source. */
export function isFrom(value: object, source: object, at: number): boolean {
  return PlainMap.isFrom(value, source, at) || Tag.isFrom(value, source, at);
}

/** Whether `createMap` made it. */
export function isMap(value: object): boolean {
  return Object.getPrototypeOf(value) === PlainMap.prototype;
}

/**
 * Makes a prototype without names. It has only symbols, which no key of PHP can be. With them its objects print like object literals:
 * in `util.inspect`, as text and as a number. Without `Symbol.toPrimitive` a template string would throw.
 */
function makeRootPrototype(prototype: object): void {
  Object.setPrototypeOf(prototype, null);
  Reflect.deleteProperty(prototype, 'constructor');
  const inspect = function (this: object) {
    return { ...this };
  };
  const toPrimitive = (hint: string) => (hint === 'number' ? Number.NaN : '[object Object]');
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), { value: inspect });
  Object.defineProperty(prototype, Symbol.toPrimitive, { value: toPrimitive });
}

/** Whether it is an object literal of any realm, or from `createMap`. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || prototype === PlainMap.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}
