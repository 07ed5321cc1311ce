import { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
import { type ByteString, encodeKey, encodeUtf8, toByteString } from './bytes.ts';
import { contentsOf, floatAt, type Place, tokenAt } from './contents.ts';
import { floatText } from './float-text.ts';
import type { WriteRules } from './options.ts';
import { origin, type Source } from './source.ts';
import { Ties } from './ties.ts';
import { Tokens } from './tokens.ts';
import {
  isBytes,
  isInt64,
  isIntKey,
  isPhpCustom,
  isPhpEnum,
  isPhpFloat,
  isPhpObject,
  isPhpReference,
  isPlainObject,
  type PhpKey,
} from './values.ts';

/** PHP's `unserialize_max_depth`: what is deeper could be written but not read. */
const maxDepth = 4096;

/** Thrown where an `r:` needs the number of a value that was not counted. */
export const needsNumbers: unique symbol = Symbol('needs numbers');

export interface WriterOptions {
  readonly rules: WriteRules;
  /** What is written back; classes that stand in it may be written. */
  readonly source?: Source | undefined;
  /** All top-level places, where all pass through this writer, so that it can number values. */
  readonly all?: readonly Place[];
}

interface Frame {
  readonly container: object;
  readonly places: readonly Place[];
  next: number;
}

/**
 * Writes values as PHP's `serialize()` does (php-src: `php_var_serialize_intern` in ext/standard/var.c): plain ones, exact
 * ones, and both mixed. A scalar that is what stood at its place is copied as it stood.
 */
export class Writer {
  readonly #options: WriterOptions;
  /** How many values have a number: all but `R:` (`php_add_var_hash`). */
  #numbered = 0;
  /** The numbers of what is written once: objects, enums (by name) and references (by the reference, or its cell). */
  readonly #seen: Map<unknown, number> = new Map();
  /** The number of the first `C:`; what comes after it is numbered by rules that only its class knows. */
  #firstCustom = Number.POSITIVE_INFINITY;
  /** The containers around the value that is written next. */
  #open: Frame[] = [];
  #inside: Set<object> = new Set();
  #path: readonly string[] = [];

  /** Made where there are references. */
  #ties: Ties | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { source, all } = options;
    if (source?.references !== undefined && all !== undefined) this.#ties = new Ties(source, all);
  }

  /**
   * @param path where the value stands, for errors
   * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`, `ERR_PHP_REFERENCE`
   */
  write(top: Place, path: readonly string[] = []): ByteString {
    this.#path = path;
    this.#open = [];
    this.#inside = new Set();
    let out = this.#place(top);
    for (;;) {
      const frame = this.#open.at(-1);
      if (frame === undefined) return out;
      const place = frame.places[frame.next++];
      if (place === undefined) {
        out += '}';
        this.#open.pop();
        this.#inside.delete(frame.container);
      } else {
        out += this.#key(place.key, isPhpObject(frame.container));
        out += this.#place(place);
      }
    }
  }

  /** A value, or the beginning of one whose content is then in `#open`. */
  #place(place: Place): ByteString {
    let { value } = place;
    if (isObject(value) && isPhpReference(value)) {
      if (this.#options.all === undefined) throw needsNumbers;
      this.#ties ??= new Ties(this.#options.source, this.#options.all);
    }
    const tie = this.#ties?.tie(place);
    if (tie !== undefined) value = this.#ties!.value(tie);
    while (isObject(value) && isPhpReference(value)) value = value.value;
    if (tie !== undefined) {
      // A reference to an object has the number of the object.
      const number = this.#seen.get(tie) ?? this.#seen.get(identity(value));
      if (number !== undefined) return `R:${this.#target(number)};`;
      this.#seen.set(tie, this.#numbered + 1);
      if (typeof tie === 'number') place = { ...place, at: tie };
    }
    this.#numbered++;
    switch (typeof value) {
      case 'string':
        return this.#string(value, place);
      case 'number':
        return this.#number(value, place);
      case 'boolean':
        return value ? 'b:1;' : 'b:0;';
      case 'bigint':
        if (!isInt64(value)) throw this.#error(unrepresentable, 'A bigint beyond 64 bits');
        return sameInt(value, place) ?? `i:${value};`;
      case 'object':
        return value === null ? 'N;' : this.#object(value, place);
      default:
        throw this.#error(unrepresentable, `A value of type ${typeof value}`);
    }
  }

  #string(value: string, { source, at }: Place): ByteString {
    const bytes = encodeUtf8(value);
    if (bytes === undefined) throw this.#error(unrepresentable, 'A string with half of a surrogate pair');
    if (source !== undefined && at >= 0 && tokenAt(source, at) === 'S') {
      const tokens = new Tokens(source.text, at);
      if (tokens.string() === bytes) return source.text.slice(at, tokens.at);
    }
    return quoted(bytes);
  }

  #number(value: number, place: Place): ByteString {
    const { source, at, float } = place;
    if (source !== undefined && at >= 0) {
      const token = source.resolve(at);
      if (tokenAt(source, token) === 'd' && Object.is(floatAt(source, token), value)) {
        return `d:${new Tokens(source.text, token).floatText()};`;
      }
      if (tokenAt(source, token) === 'i' && value === 0) value = 0; // -0 too: an int stays an int
    }
    if (!float && Number.isSafeInteger(value) && !Object.is(value, -0)) return sameInt(value, place) ?? `i:${value};`;
    return `d:${floatText(value, this.#options.rules.precision)};`;
  }

  #object(value: object, place: Place): ByteString {
    const key = identity(value);
    if (key !== undefined) {
      const number = this.#seen.get(key);
      if (number !== undefined) return `r:${this.#target(number)};`;
      this.#seen.set(key, this.#numbered);
    }
    if (isPhpFloat(value)) return `d:${floatText(value.value, this.#options.rules.precision)};`;
    if (isBytes(value)) return quoted(toByteString(value));
    if (isPhpEnum(value)) {
      // The case may stand in a variable that is copied, and in PHP both are one object.
      const { all, source } = this.#options;
      if (all === undefined && origin(value) === undefined && source?.hasClass(value.className)) throw needsNumbers;
      const name = this.#className(value, value.className);
      if (origin(value) === undefined && !isCaseName(value.caseName))
        throw this.#error('ERR_PHP_CLASS', 'A case name that PHP has not');
      return `E:${quotedName(`${name}:${value.caseName}`)};`;
    }
    if (isPhpCustom(value)) {
      const data = toByteString(value.data);
      this.#firstCustom = Math.min(this.#firstCustom, this.#numbered);
      return `C:${quotedName(this.#className(value, value.className))}:${data.length}:{${data}}`;
    }
    if (isReplacedObject(value, place)) throw this.#error('ERR_PHP_TYPE_CHANGED', typeChanged);
    const places = contentsOf(value, place);
    if (places === undefined) throw this.#error(unrepresentable, describe(value));
    if (this.#inside.has(value)) throw this.#error(unrepresentable, 'A value that contains itself');
    const object = isPhpObject(value);
    if (this.#open.length >= maxDepth && (object || places.length > 0)) {
      throw this.#error(unrepresentable, `More than ${maxDepth} arrays and objects inside each other`);
    }
    const head = object ? `O:${quotedName(this.#className(value, value.className))}` : 'a';
    this.#open.push({ container: value, places, next: 0 });
    this.#inside.add(value);
    return `${head}:${places.length}:{`;
  }

  #key(key: PhpKey, ofObject: boolean): ByteString {
    if (typeof key === 'string') {
      if (!ofObject && isIntKey(key)) return `i:${key};`;
      const bytes = encodeKey(key);
      if (bytes === undefined) throw this.#error('ERR_PHP_KEY', 'A key with half of a surrogate pair');
      return quoted(bytes);
    }
    const exact = typeof key === 'bigint' ? isInt64(key) : Number.isSafeInteger(key);
    if (!exact) throw this.#error('ERR_PHP_KEY', 'A number as key that is no 64-bit integer');
    return `i:${key};`;
  }

  /** PHP instantiates what it reads, so the name must have been read, or registered by the application. */
  #className(value: object, name: string): string {
    const { rules, source } = this.#options;
    const known = origin(value) !== undefined || rules.classes.has(name) || source?.hasClass(name);
    if (!known) {
      throw this.#error('ERR_PHP_CLASS', 'A PHP class that was neither read nor registered by the option `classes`');
    }
    return name;
  }

  #target(number: number): number {
    if (this.#options.all === undefined) throw needsNumbers;
    if (number > this.#firstCustom) {
      throw this.#error('ERR_PHP_REFERENCE', 'A reference to what comes after an object that serialized itself (C:)');
    }
    return number;
  }

  #error(code: PhpSessionErrorCode, what: string): PhpSessionError {
    const path = [...this.#path, ...this.#open.map(({ places, next }) => String(places[next - 1]!.key))];
    return new PhpSessionError(code, `${what} cannot be written to a PHP session; nothing was written`, { path });
  }
}

const unrepresentable = 'ERR_PHP_UNREPRESENTABLE';
const typeChanged =
  'A plain object where an object of a PHP class stood (change that with set(), or give a PhpArray if it is meant)';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Objects are the same if they are one; enums if they have one name. */
function identity(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  return isPhpObject(value) || isPhpCustom(value) ? value : undefined;
}

/** The text of the int that stood at this place, if it is this one: `i:+5;` stays as it is. */
function sameInt(value: number | bigint, { source, at }: Place): ByteString | undefined {
  if (source === undefined || at < 0) return undefined;
  const token = source.resolve(at);
  if (tokenAt(source, token) !== 'i') return undefined;
  const tokens = new Tokens(source.text, token);
  return tokens.int() === value ? source.text.slice(token, tokens.at) : undefined;
}

function isCaseName(name: string): boolean {
  return /^[A-Za-z_\x80-\u{10ffff}][\w\x80-\u{10ffff}]*$/u.test(name);
}

function isReplacedObject(value: object, { source, at, inList }: Place): boolean {
  if (source === undefined || at < 0 || inList || !isPlainObject(value) || origin(value) !== undefined) return false;
  return tokenAt(source, source.resolve(at)) === 'O';
}

function quoted(bytes: ByteString): ByteString {
  return `s:${bytes.length}:"${bytes}";`;
}

/** Names were read as keys are, so every byte comes back. */
function quotedName(name: string): ByteString {
  const bytes = encodeKey(name) ?? '';
  return `${bytes.length}:"${bytes}"`;
}

function describe(value: object): string {
  if (Array.isArray(value)) return 'A list with named properties';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' ? `An instance of ${name}` : 'An object of this kind';
}
