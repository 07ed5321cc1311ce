import type { WriteRules } from '../rules.ts';
import { isMap } from '../source/origins.ts';
import { originOf } from '../source/source.ts';
import { isIntKey } from '../values.ts';
import { IgbinaryWriter } from './igbinary-writer.ts';
import { tag } from './tags.ts';

/** Deeper values are written by way of php_serialize. */
const deepest = 100;

/**
 * Writes a new session of types that JSON has too, as `write/json-like.ts` does in php_serialize. This is a second way to write them, only
 * for speed.
 *
 * @returns `undefined` for any other session
 */
export function writePlain(session: Record<string, unknown>, rules: WriteRules): Uint8Array | undefined {
  const writer = new PlainWriter(rules);
  if (writer.session(session)) return writer.finish();
  writer.discard();
  return undefined;
}

class PlainWriter {
  readonly #out: IgbinaryWriter;
  readonly #rules: WriteRules;
  readonly #strings: Map<string, number> = new Map();
  #elements = 0;
  #next = 1;
  #emptyArray = -1;

  constructor(rules: WriteRules) {
    this.#rules = rules;
    this.#out = new IgbinaryWriter(0, rules.maxBytes);
  }

  discard(): void {
    this.#out.discard();
  }

  /** `undefined` if it is too large: the other way knows the error. */
  finish(): Uint8Array | undefined {
    if (this.#out.at <= this.#rules.maxBytes && this.#elements <= this.#rules.maxElements) return this.#out.finish();
    this.discard();
    return undefined;
  }

  session(session: Record<string, unknown>): boolean {
    const out = this.#out;
    out.ascii('\0\0\0\x02');
    const keys = Object.keys(session);
    out.sized(tag.newArray, keys.length);
    this.#elements += keys.length;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      if (isIntKey(key) || !this.#string(key) || !this.#value(session[key], 1)) return false;
    }
    return true;
  }

  /** False for all that is not like JSON. */
  #value(value: unknown, levels: number): boolean {
    const out = this.#out;
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInt(out, value);
        else writeFloat(out, value);
        return true;
      case 'boolean':
        out.byte(value ? tag.true : tag.false);
        return true;
      case 'object':
        if (value === null) {
          out.byte(tag.null);
          return true;
        }
        if (levels >= deepest || levels >= this.#rules.maxDepth || originOf(value) !== undefined) return false;
        if (Array.isArray(value)) return this.#list(value, levels);
        if (Object.getPrototypeOf(value) === Object.prototype || isMap(value)) {
          return this.#map(value as Record<string, unknown>, levels);
        }
        return false;
      default:
        return false;
    }
  }

  #list(list: readonly unknown[], levels: number): boolean {
    const { length } = list;
    // A list with names or holes needs the rules.
    if (Object.values(list).length !== length) return false;
    if (!this.#open(length)) return true;
    const out = this.#out;
    for (let index = 0; index < length; index++) {
      writeInt(out, index);
      if (!this.#value(list[index], levels + 1)) return false;
    }
    return true;
  }

  #map(map: Record<string, unknown>, levels: number): boolean {
    const keys = Object.keys(map);
    if (!this.#open(keys.length)) return true;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      if (isIntKey(key)) {
        const number = Number(key);
        if (!Number.isSafeInteger(number)) return false;
        writeInt(this.#out, number);
      } else if (!this.#string(key)) return false;
      if (!this.#value(map[key], levels + 1)) return false;
    }
    return true;
  }

  /** Begins an array. False if there is nothing in it, and so nothing more to write. */
  #open(size: number): boolean {
    const isEmpty = size === 0;
    if (isEmpty && this.#emptyArray >= 0) {
      this.#out.sized(tag.array, this.#emptyArray);
      return false;
    }
    if (isEmpty) this.#emptyArray = this.#next;
    this.#next++;
    this.#elements += size;
    this.#out.sized(tag.newArray, size);
    return !isEmpty;
  }

  #string(text: string): boolean {
    const out = this.#out;
    if (text === '') {
      out.byte(tag.emptyString);
      return true;
    }
    const number = this.#strings.get(text);
    if (number !== undefined) {
      out.sized(tag.stringId, number);
      return true;
    }
    this.#strings.set(text, this.#strings.size);
    return out.sizedText(tag.newString, text);
  }
}

const eight = new Uint8Array(8);
const view = new DataView(eight.buffer);

export function writeFloat(out: IgbinaryWriter, value: number): void {
  out.byte(tag.float);
  view.setFloat64(0, value);
  out.copy(eight, 0, 8);
}

export function writeInt(out: IgbinaryWriter, value: number | bigint): void {
  const isNegative = value < 0;
  const size = isNegative ? -value : value;
  if (size <= 0xffffffff) {
    out.sized(tag.int8 + (isNegative ? 1 : 0), Number(size), 2);
    return;
  }
  out.byte(isNegative ? tag.int64 + 1 : tag.int64);
  view.setBigUint64(0, BigInt(size));
  out.copy(eight, 0, 8);
}
