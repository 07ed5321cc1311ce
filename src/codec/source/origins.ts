import { shared } from '../../shared.ts';

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

interface Origins {
  createMap(source: object | undefined, at: number): Record<string, unknown>;
  tag(value: object, source: object, at: number): void;
  origin(value: object): OriginIn<object> | undefined;
  isFrom(value: object, source: object, at: number): boolean;
  isMap(value: object): boolean;
}

const root: unique symbol = Symbol.for('php-session-bridge/root') as never;

/** The base of classes that add their private fields to an existing object. */
export class Overlay {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the derived class then adds its fields to that object
    return value;
  }
}

/**
 * Private fields of values remember their origin. They cannot be seen, copied, spread or cloned, and take a seventh of the time of a
 * WeakMap. One process may load the package twice, and both copies must see the same origins.
 */
const origins: Origins = shared('origins', () => {
  class PlainMap {
    #source: object | undefined;
    #at: number;
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
    #source: object;
    #at: number;
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

  return {
    createMap: (source, at) => new PlainMap(source, at) as never,
    tag: (value, source, at) => void new Tag(value, source, at),
    origin: (value) => PlainMap.origin(value) ?? Tag.origin(value),
    isFrom: (value, source, at) => PlainMap.isFrom(value, source, at) || Tag.isFrom(value, source, at),
    isMap: (value) => Object.getPrototypeOf(value) === PlainMap.prototype,
  };
});

/**
 * The object for a PHP array with keys, in the plain view. It inherits no names, so `__proto__` and `toString` are keys like any other.
 * It is an instance of a class, because V8 makes a slow dictionary of `Object.create(null)`.
 */
export const createMap: Origins['createMap'] = origins.createMap;

/** Sets the origin of an array, or of one of PHP's own values. */
export const tagOrigin: Origins['tag'] = origins.tag;

/** The origin of a value that was read. `originOf` of `source.ts` has a better type. */
export const originIn: Origins['origin'] = origins.origin;

/** Whether a value was made from this token of this source. */
export const isFrom: Origins['isFrom'] = origins.isFrom;

/** Whether `createMap` made it. */
export const isMap: Origins['isMap'] = origins.isMap;

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
  Object.defineProperty(prototype, root, { value: true });
}

/** Whether it is an object literal of any realm, or from `createMap`. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Object.hasOwn(prototype, root)) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}
