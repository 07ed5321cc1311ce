import type { SessionFormat } from '../formats/format.ts';
import { framingOf } from '../formats/index.ts';
import { floatText } from '../php/float-text.ts';
import { readKey, readText } from '../php/text.ts';
import { parseValue } from '../read/parse.ts';
import type { ReadRules } from '../rules.ts';
import { createMap, tagOrigin } from '../source/origins.ts';
import { createSessionObject } from '../source/session-object.ts';
import { Source } from '../source/source.ts';
import { normalKey } from '../values.ts';
import { tag } from './tags.ts';

/** Deeper values are read by way of php_serialize. */
const deepest = 100;

/** Thrown at all that is not like JSON, and at damage: the way by php_serialize can read it, or knows the error. */
const other: unique symbol = Symbol('not like JSON');

/**
 * Reads a session whose values are of types that JSON has too. Most sessions are like that. This is a second way to read them, only for
 * speed. It counts where each value would be in php_serialize, because values remember that place. The session is translated only when
 * it is written.
 *
 * @returns `undefined` for any other session, and for damaged bytes
 */
export function readPlain(bytes: Uint8Array, rules: ReadRules, format: SessionFormat): object | undefined {
  const { maxBytes, maxDepth, maxElements } = rules;
  const source = new Source(
    () => format.toSerialized(bytes, { maxBytes, maxDepth, maxElements }),
    framingOf(format),
    rules,
    parseValue,
  );
  source.format = format;
  try {
    return new PlainReader(bytes, rules, source).session();
  } catch (error) {
    if (error !== other) throw error;
    return undefined;
  }
}

class PlainReader {
  readonly #bytes: Uint8Array;
  readonly #rules: ReadRules;
  readonly #source: Source;
  #at = 5;
  /** Where it is in php_serialize. */
  #position = 0;
  #elements = 0;
  /** The strings so far, and their sizes in bytes. */
  readonly #strings: (string | Uint8Array)[] = [];
  readonly #sizes: number[] = [];
  /** The number of the next array, and of the first empty one. */
  #next = 1;
  #emptyArray = -1;

  constructor(bytes: Uint8Array, rules: ReadRules, source: Source) {
    this.#bytes = bytes;
    this.#rules = rules;
    this.#source = source;
  }

  session(): object {
    const bytes = this.#bytes;
    const [a, b, c, version, root] = bytes;
    if (a !== 0 || b !== 0 || c !== 0 || (version !== 1 && version !== 2) || root! < tag.newArray) throw other;
    const source = this.#source;
    const session = createSessionObject(source);
    const count = this.#count(root!);
    for (let left = count; left > 0; left--) {
      const from = this.#position;
      const key = this.#key();
      // PHP leaves out a variable with an int as key.
      if (typeof key !== 'string') throw other;
      const start = this.#position;
      session[key] = this.#value(1);
      source.variables.push({ key: normalKey(key), from, start, end: this.#position });
    }
    if (this.#position >= this.#rules.maxBytes) throw other;
    return session;
  }

  #value(levels: number): unknown {
    const bytes = this.#bytes;
    const token = bytes[this.#at++]!;
    switch (token) {
      case tag.newString:
      case tag.newString + 1:
      case tag.newString + 2:
        return this.#newString(token);
      case tag.stringId:
      case tag.stringId + 1:
      case tag.stringId + 2: {
        const number = this.#sized(token - tag.stringId);
        if (number >= this.#strings.length) throw other;
        const string = this.#strings[number]!;
        this.#addString(this.#sizes[number]!);
        return typeof string === 'string' ? string : new Uint8Array(string);
      }
      case tag.emptyString:
        this.#position += 7;
        return '';
      case tag.null:
        this.#position += 2;
        return null;
      case tag.true:
      case tag.false:
        this.#position += 4;
        return token === tag.true;
      case tag.float: {
        if (this.#at + 8 > bytes.length) throw other;
        const value = new DataView(bytes.buffer, bytes.byteOffset + this.#at).getFloat64(0);
        this.#at += 8;
        this.#position += floatText(value, -1).length + 3;
        return value;
      }
      case tag.newArray:
      case tag.newArray + 1:
      case tag.newArray + 2:
        return this.#array(token, levels);
      case tag.array:
      case tag.array + 1:
      case tag.array + 2:
        return this.#emptyAgain(token);
      default:
        return this.#int(token);
    }
  }

  #array(token: number, levels: number): unknown {
    const source = this.#source;
    const at = this.#position;
    const number = this.#next++;
    const count = this.#count(token);
    if (count === 0) {
      if (this.#emptyArray < 0) this.#emptyArray = number;
      return emptyList(source, at);
    }
    if (levels >= deepest || levels >= this.#rules.maxDepth) throw other;
    // As in `parseValue`: most arrays whose first key is 0 are lists.
    if (this.#bytes[this.#at] !== tag.int8 || this.#bytes[this.#at + 1] !== 0) {
      const map = createMap(source, at);
      this.#fill(map, count, levels);
      return map;
    }
    const list: unknown[] = [];
    for (let left = count; left > 0; left--) {
      const key = this.#key();
      if (key !== list.length) {
        const map = createMap(source, at);
        for (let index = 0; index < list.length; index++) map[index] = list[index];
        map[key] = this.#value(levels + 1);
        this.#fill(map, left - 1, levels);
        return map;
      }
      list.push(this.#value(levels + 1));
    }
    this.#position++;
    tagOrigin(list, source, at);
    return list;
  }

  #fill(map: Record<string | number, unknown>, count: number, levels: number): void {
    for (let left = count; left > 0; left--) {
      const key = this.#key();
      map[key] = this.#value(levels + 1);
    }
    this.#position++;
  }

  /** An empty array that is the number of another one. */
  #emptyAgain(token: number): unknown[] {
    if (this.#sized(token - tag.array) !== this.#emptyArray) throw other;
    const at = this.#position;
    this.#position += 6;
    return emptyList(this.#source, at);
  }

  #key(): string | number {
    if (++this.#elements > this.#rules.maxElements) throw other;
    const token = this.#bytes[this.#at++]!;
    if (token >= tag.stringId && token < tag.newString) {
      const number = this.#sized(token - tag.stringId);
      const string = number < this.#strings.length ? this.#strings[number]! : '';
      if (typeof string !== 'string' || string === '') throw other;
      this.#addString(this.#sizes[number]!);
      return string;
    }
    if (token >= tag.newString && token < tag.newArray) {
      const start = this.#content(token);
      const key = readKey(this.#bytes, start, this.#at);
      // A name that is no UTF-8 would be bytes if it were a value.
      if (key.length < this.#at - start && readText(this.#bytes, start, this.#at) === undefined) throw other;
      this.#strings.push(key);
      return key;
    }
    if (token === tag.emptyString) {
      this.#position += 7;
      return '';
    }
    const key = this.#int(token);
    if (typeof key !== 'number') throw other;
    return key;
  }

  #newString(token: number): string | Uint8Array {
    const start = this.#content(token);
    const bytes = this.#bytes;
    const value = readText(bytes, start, this.#at) ?? new Uint8Array(bytes.subarray(start, this.#at));
    this.#strings.push(value);
    return value;
  }

  /** Goes past the content of a new string. Returns where it starts. */
  #content(token: number): number {
    const size = this.#sized(token - tag.newString);
    const start = this.#at;
    this.#at = start + size;
    if (this.#at > this.#bytes.length) throw other;
    this.#sizes.push(size);
    this.#addString(size);
    return start;
  }

  #addString(size: number): void {
    this.#position += size + 6 + digitsOf(size);
  }

  /** The size of an array that starts here. */
  #count(token: number): number {
    const count = this.#sized(token - tag.newArray);
    if (count > this.#bytes.length - this.#at) throw other;
    this.#position += digitsOf(count) + (count === 0 ? 5 : 4);
    return count;
  }

  #int(token: number): number | bigint {
    if (token < tag.int8 || token >= tag.float) throw other;
    const size = this.#sized((token - tag.int8) >> 1);
    const isNegative = (token & 1) === 1 && size > 0;
    this.#position += digitsOf(size) + (isNegative ? 4 : 3);
    return isNegative ? -size : size;
  }

  /** A number in one, two or four bytes. */
  #sized(width: number): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const end = at + (1 << width);
    if (end > bytes.length || width > 2) throw other;
    this.#at = end;
    if (width === 0) return bytes[at]!;
    if (width === 1) return bytes[at]! * 256 + bytes[at + 1]!;
    return bytes[at]! * 0x1000000 + bytes[at + 1]! * 0x10000 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
}

function emptyList(source: Source, at: number): unknown[] {
  const list: unknown[] = [];
  tagOrigin(list, source, at);
  return list;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
