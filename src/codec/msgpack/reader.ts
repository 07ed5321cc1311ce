import { PhpSessionError } from '../../errors.ts';
import { limitError, syntaxError } from '../php/errors.ts';
import { isCaseName, isClassName } from '../php/names.ts';
import { asBytes } from '../php/text.ts';
import type { Limits } from '../rules.ts';
import {
  isPhpArray,
  isPhpReference,
  normalKey,
  PhpArray,
  PhpCustom,
  PhpEnum,
  type PhpKey,
  PhpObject,
  PhpReference,
} from '../values.ts';
import { deepest, isPlain, Layouts, mark } from './marks.ts';
import { Unpacker } from './unpacker.ts';

/** What is filled: elements or properties. */
interface Entries {
  has(key: PhpKey): boolean;
  set(key: PhpKey, value: unknown): unknown;
}

/** An array or object that is being filled. */
interface Frame {
  readonly entries: Entries;
  /** For a list its next key. */
  index: number | undefined;
  left: number;
}

const NIL = 0xc0;

/**
 * Reads a session as PHP's extension does (msgpack-php: `PS_SERIALIZER_DECODE_FUNC(msgpack)`, `msgpack_unserialize_map_item`). It takes
 * what PHP writes, in any spelling of MessagePack. Where PHP would drop or change something that it never writes, that is an error.
 */
export class Reader {
  /** Of the classes that were read. */
  readonly layouts: Layouts = new Layouts();
  readonly #tokens: Unpacker;
  readonly #limits: Limits;
  readonly #hasEnums: boolean;
  /** The arrays and objects around the next value. It has as many as PHP's extension has. */
  readonly #open: Frame[] = [];
  #elements = 0;
  /** What a number means. Arrays without a reference are missing, unless they are empty. */
  readonly #numbered: unknown[] = [undefined];
  /** The number of the first reference that comes again. See `#again`. */
  #firstAgain = Number.POSITIVE_INFINITY;

  /** @param hasEnums whether PHP's extension reads enums */
  constructor(bytes: Uint8Array, limits: Limits, hasEnums: boolean) {
    this.#tokens = new Unpacker(asBytes(bytes));
    this.#limits = limits;
    this.#hasEnums = hasEnums;
  }

  /** @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`, `ERR_PHP_UNREPRESENTABLE` for an enum */
  read(): PhpArray {
    const session = new PhpArray();
    this.#begin(session);
    this.#complete();
    // PHP writes a variable whose name is an int, and has lost it when it reads.
    for (const key of [...session.keys()]) if (typeof key !== 'string') session.delete(key);
    return session;
  }

  /**
   * Reads one value as `msgpack_unpack()` does, and nothing after it.
   *
   * @throws PhpSessionError as `read()`
   */
  readValue(): unknown {
    const value = this.#value();
    this.#complete();
    return value;
  }

  /** Reads on until no array and no object is open, and all bytes were read. */
  #complete(): void {
    const tokens = this.#tokens;
    for (let frame = this.#open.at(-1); frame !== undefined; frame = this.#open.at(-1)) {
      if (frame.left-- > 0) this.#element(frame);
      else this.#open.pop();
    }
    if (tokens.at < tokens.bytes.length) throw syntaxError(tokens.at);
  }

  /** PHP would also take a list or an object. It never writes such a session. */
  #begin(session: PhpArray): void {
    const tokens = this.#tokens;
    this.#number(0);
    const elements = tokens.list();
    const pairs = elements ?? tokens.map();
    if (pairs === 0) return;
    if (pairs === undefined || elements !== undefined) throw syntaxError(0);
    // PHP writes this pair because `$_SESSION` is a reference. Other software does not.
    const first = this.#mark();
    const left = first === undefined ? pairs : pairs - 1;
    if (left === 0 || (first !== undefined && first !== mark.reference)) throw syntaxError(0);
    this.#open.push({ entries: session, index: undefined, left });
  }

  #element(frame: Frame): void {
    const { entries } = frame;
    const { at } = this.#tokens;
    if (++this.#elements > this.#limits.maxElements) throw limitError('maxElements', this.#limits, at);
    const key = frame.index === undefined ? this.#tokens.key() : frame.index++;
    if (entries.has(key)) throw syntaxError(at);
    entries.set(key, this.#value());
  }

  /** Reads a scalar, or the start of an array or object, which it then adds to `#open`. */
  #value(): unknown {
    const tokens = this.#tokens;
    const start = tokens.at;
    const elements = tokens.list();
    const pairs = elements ?? tokens.map();
    if (pairs === undefined) return tokens.scalar();
    const number = this.#number(start);
    if (elements === undefined) {
      const value = this.#map(pairs, number, start);
      if (!isPhpArray(value)) this.#numbered[number] = value;
      return value;
    }
    const list = new PhpArray();
    if (elements === 0) this.#numbered[number] = list;
    else this.#open.push({ entries: list, index: 0, left: elements });
    return list;
  }

  #map(pairs: number, number: number, start: number): unknown {
    if (pairs === 0) return new PhpObject('stdClass'); // PHP's empty arrays are lists
    const first = this.#mark();
    if (first === undefined || typeof first === 'string') return this.#arrayOrObject(first, pairs, start, false);
    if (first === mark.reference && pairs > 1) {
      return new PhpReference(this.#arrayOrObject(this.#mark(), pairs - 1, start, true));
    }
    if (pairs !== 2) throw syntaxError(start);
    switch (first) {
      case mark.sameArray:
      case mark.sameObject:
      case mark.sameReference:
        return this.#again(first, number);
      case mark.custom: {
        const className = this.#className(this.#tokens.key(), start);
        this.layouts.set(className, 'Serializable');
        return new PhpCustom(className, this.#tokens.data());
      }
      case mark.enum:
        return this.#enum(start);
      default:
        throw syntaxError(start);
    }
  }

  /** @param name the value of the pair with nil, if there was one. It is one of `pairs` */
  #arrayOrObject(name: PhpKey | undefined, pairs: number, start: number, isReference: boolean): PhpArray | PhpObject {
    if (name === undefined) {
      const entries = new PhpArray();
      this.#open.push({ entries, index: undefined, left: pairs });
      return entries;
    }
    const object = new PhpObject(this.#className(name, start));
    const mayHaveMethod = !isReference && !isPlain(object.className);
    const hasMethod = pairs === 2 && mayHaveMethod && this.#tokens.peek() === NIL;
    this.layouts.set(object.className, hasMethod ? '__serialize' : 'properties');
    const entries = withKeys(object.properties, String);
    this.#open.push({ entries, index: undefined, left: hasMethod ? 0 : pairs - 1 });
    if (hasMethod) this.#data(object);
    return object;
  }

  /** The array that `__serialize()` gave. */
  #data({ properties }: PhpObject): void {
    const tokens = this.#tokens;
    const start = ++tokens.at;
    this.#number(start);
    const elements = tokens.list();
    const left = elements ?? tokens.map();
    if (left === undefined || (left === 0 && elements === undefined)) throw syntaxError(start);
    const index = elements === undefined ? undefined : 0;
    if (left > 0) this.#open.push({ entries: withKeys(properties, normalKey), index, left });
  }

  /**
   * An array or object that stands in a second place. PHP gives such a pair a number when it reads, but no number to those of references
   * when it writes. So after the first of these a number means one thing for who wrote it, and another for who reads it.
   */
  #again(kind: PhpKey, number: number): unknown {
    const tokens = this.#tokens;
    const { at } = tokens;
    if (tokens.key() !== 0) throw syntaxError(at);
    const meant = tokens.scalar();
    if (typeof meant !== 'number') throw syntaxError(at);
    if (meant >= this.#firstAgain) throw ambiguous(at);
    if (kind !== mark.sameObject) this.#firstAgain = Math.min(this.#firstAgain, number);
    const target = this.#numbered[meant];
    const value = isPhpReference(target) ? target.value : target;
    if ((kind === mark.sameArray) !== isPhpArray(value) || value === undefined) throw syntaxError(at);
    // PHP writes an empty array as if it were in no reference. So it reads two arrays.
    return isPhpArray(target) ? new PhpArray() : target;
  }

  #enum(start: number): PhpEnum {
    const className = this.#className(this.#tokens.key(), start);
    const { at } = this.#tokens;
    const caseName = this.#tokens.key();
    if (typeof caseName !== 'string' || !isCaseName(caseName)) throw syntaxError(at);
    if (!this.#hasEnums) throw unknownEnum(start);
    return new PhpEnum(className, caseName);
  }

  #className(name: PhpKey, start: number): string {
    if (typeof name !== 'string' || !isClassName(name)) throw syntaxError(start);
    return name;
  }

  /** The value of a pair with nil, if that comes next. */
  #mark(): PhpKey | undefined {
    if (this.#tokens.peek() !== NIL) return undefined;
    this.#tokens.at++;
    return this.#tokens.key();
  }

  /** The number of the next array or object. */
  #number(start: number): number {
    if (this.#open.length >= deepest) throw tooDeep(start);
    return this.#numbered.push(undefined) - 1;
  }
}

/** Names of properties are strings, and `__serialize()` gives keys of an array. */
function withKeys(properties: Map<PhpKey, unknown>, keyOf: (key: PhpKey) => PhpKey): Entries {
  return {
    has: (key) => properties.has(keyOf(key)),
    set: (key, value) => properties.set(keyOf(key), value),
  };
}

function tooDeep(offset: number): PhpSessionError {
  const message = `More than ${deepest} arrays and objects inside each other, at byte ${offset}: PHP's extension msgpack reads no session that is so deep`;
  return new PhpSessionError('ERR_PHP_LIMIT', message, { offset });
}

function ambiguous(offset: number): PhpSessionError {
  const message = `The reference at byte ${offset} means one value for PHP's extension msgpack when it writes, and another when it reads`;
  return new PhpSessionError('ERR_PHP_REFERENCE', message, { offset });
}

function unknownEnum(offset: number): PhpSessionError {
  const message = `An enum of PHP's extension msgpack 3.0, at byte ${offset}: if PHP has that version, give msgpack() the option version`;
  return new PhpSessionError('ERR_PHP_UNREPRESENTABLE', message, { offset });
}
