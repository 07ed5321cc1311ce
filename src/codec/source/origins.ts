import { shared } from '../../shared.ts';

/** In place of a token: there is none. */
export const noToken = -1;

/** In place of a token: the value is a session. */
export const sessionToken = -2;

/**
 * In place of a token: the exact view made the value of it, so it is written as it is, whatever stood there. Never a token
 * itself. The same function gives the token again.
 */
export function exactToken(at: number): number {
  return -3 - at;
}

/** Where a value comes from: see `Origin` of `Source`, which stands above this file. */
export interface OriginIn<S extends object> {
  readonly source: S;
  /** The token that it was made from, or `sessionToken`; of the exact view, `exactly` the one or the other. */
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

/** The base of classes that put their private fields onto an object that is there already. */
export class Overlay {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how that is done
    return value;
  }
}

/**
 * Values are marked with where they come from in private fields: these cannot be seen, copied, spread or cloned, and cost
 * a seventh of a WeakMap. One process may load the package twice, and both must see the same marks.
 */
const origins: Origins = shared('stamps', () => {
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
 * The object that a PHP array with keys becomes in the plain view. It inherits nothing, so that `__proto__` and `toString`
 * are keys like any other. An instance and not `Object.create(null)`, which V8 makes a slow dictionary.
 */
export const createMap: Origins['createMap'] = origins.createMap;

/** Marks an array, or one of PHP's own values. */
export const tagOrigin: Origins['tag'] = origins.tag;

/** Where a value comes from, if it was read: see `origin` of `Source`. */
export const originIn: Origins['origin'] = origins.origin;

/** Whether a value was made from this token of this source. */
export const isFrom: Origins['isFrom'] = origins.isFrom;

/** Whether `createMap` made it. */
export const isMap: Origins['isMap'] = origins.isMap;

/**
 * Makes it a prototype that gives nothing by name, and by symbols, which no key of PHP can be, that its objects print as object
 * literals do: in `util.inspect`, and as text and as a number. Without the latter, a template string throws.
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

/** An object literal, of whatever realm, or one of ours. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Object.hasOwn(prototype, root)) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}
