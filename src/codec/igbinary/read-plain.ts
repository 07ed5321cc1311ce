import type { Classes } from '../classes.ts';
import type { SessionFormat } from '../formats/format.ts';
import { floatText } from '../php/float-text.ts';
import { isClassName } from '../php/names.ts';
import { readKey, readText } from '../php/text.ts';
import type { ReadRules } from '../rules.ts';
import { createMap, tagOrigin } from '../source/origins.ts';
import { createSessionObject, defineLazy } from '../source/session-object.ts';
import type { Source } from '../source/source.ts';
import { isObject, normalKey, PhpObject } from '../values.ts';
import { LateSource } from './late-source.ts';
import { isArray, tag } from './tags.ts';

/** Deeper values are read by way of php_serialize. */
const deepest = 100;

/** Thrown at what is rare, and at damage: the way by php_serialize can read it, or knows the error. */
const other: unique symbol = Symbol('rare');

/** In bytes. As in `read/session.ts`: in a session with references, larger variables are accessors. */
const smallValue = 128;

/** An object, or a value that places share by a PHP reference. */
interface Known {
  value: unknown;
  /** Its place in php_serialize, and its number there. */
  readonly at: number;
  readonly number: number;
  readonly isShared: boolean;
  /** Whether another place is a reference to it. */
  isUsed: boolean;
}

/**
 * Reads a session in the plain view, in one pass. This is a second way to read, only for speed, and it gives up at what is rare. It
 * counts where each value would be in php_serialize, because values remember that place. The session is translated only when it is
 * written.
 *
 * @returns `undefined` if it gave up, also for damaged bytes
 */
export function readPlain(
  bytes: Uint8Array,
  rules: ReadRules,
  format: SessionFormat,
  classes: Classes,
): object | undefined {
  const source = new LateSource(bytes, rules, format);
  source.classes = classes;
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
  /** The number of the next array, object or shared scalar, and of the first empty array. */
  #next = 1;
  #emptyArray = -1;
  /** By their numbers. */
  #known: Map<number, Known> | undefined;
  /** The number of the last value in php_serialize. */
  #number = 1;
  #hasReferences = false;
  #hasDuplicates = false;
  /** As in `BackReferences`. */
  #shared: Map<number, unknown> | undefined;

  constructor(bytes: Uint8Array, rules: ReadRules, source: Source) {
    this.#bytes = bytes;
    this.#rules = rules;
    this.#source = source;
  }

  session(): object {
    const bytes = this.#bytes;
    const [a, b, c, version, root] = bytes;
    if (a !== 0 || b !== 0 || c !== 0 || (version !== 1 && version !== 2) || !isArray(root)) throw other;
    const source = this.#source;
    const session = createSessionObject(source);
    for (let left = this.#count(root); left > 0; left--) {
      const from = this.#position;
      const key = this.#key();
      // PHP leaves out a variable with an int as key.
      if (typeof key !== 'string') throw other;
      const start = this.#position;
      this.#put(session, key, 0);
      source.variables.push({ key: normalKey(key), from, start, end: this.#position });
    }
    if (this.#position >= this.#rules.maxBytes) throw other;
    return this.#hasReferences ? this.#withAccessors(session) : session;
  }

  /** Variables may share parts with others. Those that the application does not read need not be written again. */
  #withAccessors(values: Record<string, unknown>): object {
    // A reference may mean a value whose key came again.
    if (this.#hasDuplicates) throw other;
    const source = this.#source;
    source.setParsed(new Map(Object.entries(values)), this.#shared ?? new Map());
    const session = createSessionObject(source);
    for (const variable of source.variables) {
      const { start, end } = variable;
      const key = String(variable.key);
      const value = values[key];
      if (end - start <= smallValue && !isObject(value) && !this.#shared?.has(start)) session[key] = value;
      else defineLazy(session, key, source, variable);
    }
    return session;
  }

  #value(levels: number): unknown {
    const bytes = this.#bytes;
    const token = bytes[this.#at++]!;
    this.#number++;
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
        for (let index = 0; index < 8; index++) eight[index] = bytes[this.#at++]!;
        const value = view.getFloat64(0);
        this.#position += floatText(value, -1).length + 3;
        return value;
      }
      case tag.newArray:
      case tag.newArray + 1:
      case tag.newArray + 2:
        return this.#array(token, levels, false);
      case tag.array:
      case tag.array + 1:
      case tag.array + 2:
        return this.#emptyAgain(token);
      case tag.newClass:
      case tag.newClass + 1:
      case tag.newClass + 2:
      case tag.classId:
      case tag.classId + 1:
      case tag.classId + 2:
        return this.#object(token, levels, false);
      case tag.object:
      case tag.object + 1:
      case tag.object + 2:
        return this.#again(this.#sized(token - tag.object), false);
      case tag.reference:
        return this.#reference(levels);
      default:
        return this.#int(token);
    }
  }

  #array(token: number, levels: number, isShared: boolean): unknown {
    const source = this.#source;
    const at = this.#position;
    const number = this.#next++;
    const count = this.#count(token);
    if (count > 0 && (levels >= deepest || levels >= this.#rules.maxDepth)) throw other;
    // As in `parseValue`: most arrays whose first key is 0 are lists.
    if (count > 0 && (this.#bytes[this.#at] !== tag.int8 || this.#bytes[this.#at + 1] !== 0)) {
      const map = createMap(source, at);
      if (isShared) this.#keep(number, map, at, true);
      this.#fill(map, count, levels);
      return map;
    }
    const list: unknown[] = [];
    tagOrigin(list, source, at);
    const known = isShared ? this.#keep(number, list, at, true) : undefined;
    if (count === 0 && known === undefined && this.#emptyArray < 0) this.#emptyArray = number;
    for (let left = count; left > 0; left--) {
      const key = this.#key();
      if (key !== list.length) {
        const map = createMap(source, at);
        for (let index = 0; index < list.length; index++) map[index] = list[index];
        if (known?.isUsed) throw other;
        if (known !== undefined) known.value = map;
        this.#put(map, key, levels);
        this.#fill(map, left - 1, levels);
        return map;
      }
      list.push(this.#value(levels + 1));
    }
    this.#position++;
    return list;
  }

  #fill(map: Record<string | number, unknown>, count: number, levels: number): void {
    for (let left = count; left > 0; left--) this.#put(map, this.#key(), levels);
    this.#position++;
  }

  #put(map: Record<string | number, unknown>, key: string | number, levels: number): void {
    const value = this.#value(levels + 1);
    // Only a value with something known in it may be meant by a reference.
    if (this.#known !== undefined && key in map) this.#hasDuplicates = true;
    map[key] = value;
  }

  #object(token: number, levels: number, isShared: boolean): PhpObject {
    const at = this.#position;
    const number = this.#next++;
    if (levels >= deepest || levels >= this.#rules.maxDepth) throw other;
    const object = new PhpObject(this.#className(token));
    tagOrigin(object, this.#source, at);
    this.#keep(number, object, at, isShared);
    const body = this.#bytes[this.#at++];
    // Enums, and objects that serialized themselves, are rare.
    if (!isArray(body)) throw other;
    this.#position -= 2; // no semicolon, and one colon less
    const { properties } = object;
    for (let left = this.#count(body); left > 0; left--) {
      const key = this.#key();
      if (typeof key !== 'string' || properties.has(key)) throw other;
      // In PHP's order, also while the value is read: it may lead back to this object.
      properties.set(key, this.#value(levels + 1));
    }
    this.#position++;
    return object;
  }

  /** `O:8:"stdClass"` in php_serialize, without its first two characters. */
  #className(token: number): string {
    let name: unknown;
    if (token < tag.classId) {
      const start = this.#content(token - tag.newClass);
      name = readKey(this.#bytes, start, this.#at);
      this.#strings.push(name as string);
    } else {
      const number = this.#sized(token - tag.classId);
      name = this.#strings[number];
      if (name !== undefined) this.#addString(this.#sizes[number]!);
    }
    // Names of classes may be no UTF-8. The table could not tell them from text then.
    if (typeof name !== 'string' || !isClassName(name) || isEscaped.test(name)) throw other;
    return name;
  }

  #keep(number: number, value: unknown, at: number, isShared: boolean): Known {
    const known = { value, at, number: this.#number, isShared, isUsed: false };
    this.#known ??= new Map();
    this.#known.set(number, known);
    return known;
  }

  /** The value at the place of a PHP reference. */
  #reference(levels: number): unknown {
    const bytes = this.#bytes;
    const at = this.#position;
    const token = bytes[this.#at]!;
    if (token >= tag.object && token < tag.reference) {
      this.#at++;
      this.#number--; // In php_serialize it has no number.
      return this.#again(this.#sized(token - tag.object), true);
    }
    if (token >= tag.array && token < tag.false) {
      this.#at++;
      this.#number--;
      return this.#again(this.#sized(token - tag.array), true);
    }
    if (isArray(token)) {
      this.#at++;
      return this.#array(token, levels, true);
    }
    if (token >= tag.newClass && token < tag.custom) {
      this.#at++;
      return this.#object(token, levels, true);
    }
    if (token === tag.reference) throw other;
    this.#number--;
    const value = this.#value(levels);
    this.#keep(this.#next++, value, at, true);
    return value;
  }

  /** A value that came before: an object, or by a reference. */
  #again(number: number, isShared: boolean): unknown {
    const known = this.#known?.get(number);
    if (known === undefined || (isShared ? !known.isShared : !(known.value instanceof PhpObject))) throw other;
    this.#hasReferences = true;
    this.#position += 3 + digitsOf(known.number);
    if (isShared) {
      known.isUsed = true;
      this.#shared ??= new Map();
      this.#shared.set(known.at, known.value);
    }
    return known.value;
  }

  /** An empty array that is the number of another one. */
  #emptyAgain(token: number): unknown[] {
    if (this.#sized(token - tag.array) !== this.#emptyArray) throw other;
    const list: unknown[] = [];
    tagOrigin(list, this.#source, this.#position);
    this.#position += 6;
    return list;
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
      const start = this.#content(token - tag.newString);
      const key = readKey(this.#bytes, start, this.#at);
      // A name that is no UTF-8 would be bytes if it were a value.
      if (!this.#isAscii(start) && isEscaped.test(key)) throw other;
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
    const start = this.#content(token - tag.newString);
    const bytes = this.#bytes;
    const value = readText(bytes, start, this.#at) ?? new Uint8Array(bytes.subarray(start, this.#at));
    this.#strings.push(value);
    return value;
  }

  /** Goes past the content of a new string. Returns where it starts. */
  #content(width: number): number {
    const size = this.#sized(width);
    const start = this.#at;
    this.#at = start + size;
    if (this.#at > this.#bytes.length) throw other;
    this.#sizes.push(size);
    this.#addString(size);
    return start;
  }

  /** Whether the bytes from here to the next value are. */
  #isAscii(start: number): boolean {
    let all = 0;
    for (let at = start; at < this.#at; at++) all |= this.#bytes[at]!;
    return all < 0x80;
  }

  #addString(size: number): void {
    this.#position += size + 6 + digitsOf(size);
  }

  /** The size of an array that starts here, of which `a:2:{` is added to the position. */
  #count(token: number): number {
    const count = this.#sized(token - tag.newArray);
    if (count > this.#bytes.length - this.#at) throw other;
    this.#position += digitsOf(count) + 4;
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

const eight = new Uint8Array(8);
const view = new DataView(eight.buffer);

/** What `readKey` makes of bytes that are no UTF-8. */
const isEscaped = /[\udc80-\udcff]/;

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
