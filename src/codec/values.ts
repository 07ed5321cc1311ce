import { isMap } from './source/origins.ts';

// Types that PHP has and JavaScript lacks.

/** A key of a PHP array: an int (`bigint` beyond 2^53 - 1) or a string. */
export type PhpKey = string | number | bigint;

/**
 * A PHP float. In the exact view every float is a `PhpFloat`. In the plain view it makes a number a float:
 * `session.price = new PhpFloat(12)` is `d:12;`.
 */
export class PhpFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }

  toJSON(): number {
    return this.value;
  }
}

/**
 * A PHP array: its keys are ordered, and ints differ from strings. In the exact view every array is a `PhpArray`. In the plain view
 * it is a way to write keys in an order that a JavaScript object cannot have.
 */
export class PhpArray implements Iterable<[PhpKey, unknown]> {
  readonly #entries: Map<PhpKey, unknown> = new Map();
  /** For the keys of a session: `session_decode` does not turn `"5"` into an int. */
  readonly #literalKeys: boolean;

  constructor(entries: Iterable<readonly [PhpKey, unknown]> = [], options: { literalKeys?: boolean } = {}) {
    this.#literalKeys = options.literalKeys ?? false;
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: PhpKey): unknown {
    return this.#entries.get(this.#normal(key));
  }

  set(key: PhpKey, value: unknown): this {
    this.#entries.set(this.#normal(key), value);
    return this;
  }

  has(key: PhpKey): boolean {
    return this.#entries.has(this.#normal(key));
  }

  delete(key: PhpKey): boolean {
    return this.#entries.delete(this.#normal(key));
  }

  keys(): IterableIterator<PhpKey> {
    return this.#entries.keys();
  }

  values(): IterableIterator<unknown> {
    return this.#entries.values();
  }

  [Symbol.iterator](): IterableIterator<[PhpKey, unknown]> {
    return this.#entries.entries();
  }

  #normal(key: PhpKey): PhpKey {
    return this.#literalKeys ? key : normalKey(key);
  }
}

export type Visibility = 'public' | 'protected' | 'private';

export interface PhpProperty {
  name: string;
  visibility: Visibility;
  /** For a private property: the class that declares it. */
  declaredBy?: string;
  value: unknown;
}

/**
 * An object of a PHP class: a class name and properties, as PHP wrote them. The codec instantiates nothing. `JSON.stringify` shows
 * public properties, as PHP's `json_encode` does.
 */
export class PhpObject {
  /** Must not change in an object that was read: writing it is an error then (`ERR_PHP_CLASS`). */
  readonly className: string;
  /** By PHP's mangled names: `"name"`, `"\0*\0name"` if protected, `"\0Class\0name"` if private. */
  readonly properties: Map<PhpKey, unknown>;

  /** @param className to be written, it must stand in the session that was read, or in the option `classes` */
  constructor(className: string, properties?: Iterable<readonly [PhpKey, unknown]>) {
    this.className = className;
    this.properties = new Map(properties);
  }

  /** The property of this name: public, else protected, else the class's own private one, else a parent's. */
  get(name: string): unknown {
    return this.properties.get(this.#find(name));
  }

  has(name: string): boolean {
    return this.properties.has(this.#find(name));
  }

  /** Sets the property that `get()` would give, or else a public one. */
  set(name: string, value: unknown): this {
    this.properties.set(this.#find(name), value);
    return this;
  }

  /** Removes the property that `get()` would give. */
  delete(name: string): boolean {
    return this.properties.delete(this.#find(name));
  }

  /** All properties with their visibility, in PHP's order. */
  *entries(): IterableIterator<PhpProperty> {
    for (const [key, value] of this.properties) yield { ...unmangle(String(key)), value };
  }

  toJSON(): unknown {
    const json: Record<string, unknown> = Object.create(null);
    for (const { name, visibility, value } of this.entries()) if (visibility === 'public') json[name] = value;
    return json;
  }

  #find(name: string): PhpKey {
    const names = [propertyKey(this.properties, name), `\0*\0${name}`, `\0${this.className}\0${name}`];
    for (const key of names) if (this.properties.has(key)) return key;
    for (const key of this.properties.keys()) {
      if (typeof key === 'string' && key.startsWith('\0') && unmangle(key).name === name) return key;
    }
    return name;
  }
}

/** PHP's property name mangling (Zend/zend_compile.c, zend_mangle_property_name). */
function unmangle(key: string): Omit<PhpProperty, 'value'> {
  const end = key.startsWith('\0') ? key.indexOf('\0', 1) : -1;
  if (end < 0) return { name: key, visibility: 'public' };
  const name = key.slice(end + 1);
  const scope = key.slice(1, end);
  return scope === '*' ? { name, visibility: 'protected' } : { name, visibility: 'private', declaredBy: scope };
}

/**
 * A case of a PHP enum (`E:`, PHP 8.1 and later). A PHP that does not know the enum deletes the session when it reads it. For another
 * case make a new `PhpEnum`: if a name of one that was read changes, writing it is an error (`ERR_PHP_CLASS`).
 */
export class PhpEnum {
  readonly className: string;
  readonly caseName: string;

  constructor(className: string, caseName: string) {
    this.className = className;
    this.caseName = caseName;
  }
}

/** An object of a class that implements PHP's `Serializable` (`C:`). Only that class can read its data. */
export class PhpCustom {
  readonly className: string;
  readonly data: Uint8Array;

  constructor(className: string, data: Uint8Array) {
    this.className = className;
    this.data = data;
  }
}

/** A PHP reference, in the exact view. All places that hold the same `PhpReference` share its value (`R:`). */
export class PhpReference {
  value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function isPhpFloat(value: unknown): value is PhpFloat {
  return value instanceof PhpFloat;
}
export function isPhpArray(value: unknown): value is PhpArray {
  return value instanceof PhpArray;
}
export function isPhpObject(value: unknown): value is PhpObject {
  return value instanceof PhpObject;
}
export function isPhpEnum(value: unknown): value is PhpEnum {
  return value instanceof PhpEnum;
}
export function isPhpCustom(value: unknown): value is PhpCustom {
  return value instanceof PhpCustom;
}
export function isPhpReference(value: unknown): value is PhpReference {
  return value instanceof PhpReference;
}

/** Whether it is a `Map` of any realm. */
export function isMapObject(value: unknown): value is Map<unknown, unknown> {
  return Object.prototype.toString.call(value) === '[object Map]';
}

/** Whether it is an array or a plain object, and so none of PHP's own values. A quick check: nearly all objects are. */
export function isCommon(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || isMap(value);
}

export function isBytes(value: object): value is Uint8Array {
  if (value instanceof Uint8Array) return true;
  // Of another realm.
  return (
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Uint8Array' && ArrayBuffer.isView(value)
  );
}

const decimal = /^(?:0|-?[1-9][0-9]{0,18})$/;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

export function isInt64(value: bigint): boolean {
  return value >= minInt64 && value <= maxInt64;
}

/** PHP makes an int of a string key that is the decimal text of an int64 (`ZEND_HANDLE_NUMERIC_STR`). */
export function isIntKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first <= 0x39 || first === 0x2d) && decimal.test(key) && (key.length < 19 || isInt64(BigInt(key)));
}

/** A number where it is exact, else a bigint. */
function toInt(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** The key by which these properties hold this one. For PHP a number and its digits are the same property. */
export function propertyKey(properties: ReadonlyMap<PhpKey, unknown>, key: PhpKey): PhpKey {
  if (typeof key === 'string' && !isIntKey(key)) return key;
  const other = typeof key === 'string' ? toInt(key) : String(key);
  return !properties.has(key) && properties.has(other) ? other : key;
}

/** The key that a PHP array makes of this one. */
export function normalKey(key: PhpKey): PhpKey {
  if (typeof key === 'string') return isIntKey(key) ? toInt(key) : key;
  return typeof key === 'bigint' ? toInt(String(key)) : key;
}

/** Whether the keys of an array are 0, 1, 2 and so on, in this order. */
export function isList(keys: readonly PhpKey[]): boolean {
  for (let index = 0; index < keys.length; index++) if (keys[index] !== index) return false;
  return true;
}
