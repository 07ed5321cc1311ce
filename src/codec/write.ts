import { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
import { type ByteString, encodeKey, encodeUtf8, toByteString } from './bytes.ts';
import { InstanceWriter } from './classes.ts';
import { type Contents, contentsOf, keyAt, tokenAt } from './contents.ts';
import { floatText } from './float-text.ts';
import type { WriteRules } from './options.ts';
import { origin, type Source } from './source.ts';
import { Ties, withoutReference } from './ties.ts';
import { parseFloatText, Tokens } from './tokens.ts';
import { unchangedUntil } from './unchanged.ts';
import {
  isBytes,
  isCommon,
  isInt64,
  isIntKey,
  isObject,
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

/** An array or object that is being written. */
interface Frame {
  readonly container: object;
  readonly contents: Contents;
  readonly object: boolean;
  next: number;
}

/**
 * Writes values as PHP's `serialize()` does (php-src: `php_var_serialize_intern` in ext/standard/var.c): plain ones, exact
 * ones, and both mixed. A scalar that is what stood at its place is copied as it stood; what was a float stays one under
 * the same key, and in a list if the number at that index is the same, or if all were floats.
 */
export class Writer {
  readonly #rules: WriteRules;
  /** The values to be written; classes that stand in their source may be written. */
  readonly #top: Contents;
  /** Whether all of them pass through this writer, so that it can number them. */
  readonly #counts: boolean;
  /** How many levels are around them. */
  readonly #levels: number;
  /** How many values have a number: all but `R:` (`php_add_var_hash`). */
  #numbered: number;
  /** The numbers of what is written once: objects, enums (by name) and references. */
  readonly #seen: Map<unknown, number> = new Map();
  /** The number of the first `C:`; what comes after it is numbered by rules that only its class knows. */
  #firstCustom = Number.POSITIVE_INFINITY;
  readonly #instances: InstanceWriter | undefined;
  /** Made where there are references. */
  #ties: Ties | undefined;
  #variable = 0;
  /** Keys as they are written. */
  readonly #arrayKeys: Map<string, ByteString> = new Map();
  readonly #propertyKeys: Map<string, ByteString> = new Map();
  /** The containers around the value that is written next. */
  readonly #open: Frame[] = [];
  readonly #inside: Set<object> = new Set();

  /** @param how `counts`: all values are written, one after the other; `isArray`: into an array that is not written here */
  constructor(rules: WriteRules, top: Contents, how: { counts: boolean; isArray?: boolean }) {
    this.#rules = rules;
    this.#top = top;
    this.#counts = how.counts;
    this.#levels = this.#numbered = how.isArray ? 1 : 0;
    if (rules.classes.hasMappings) this.#instances = new InstanceWriter(rules.classes);
    if (how.counts && top.source?.references !== undefined) this.#ties = new Ties(top, this.#instances);
  }

  /**
   * @param index which of the values
   * @throws PhpSessionError `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_KEY`, `ERR_PHP_CLASS`, `ERR_PHP_TYPE_CHANGED`,
   *   `ERR_PHP_REFERENCE`
   */
  write(index: number): ByteString {
    this.#variable = index;
    let out = this.#value(this.#top, index);
    for (;;) {
      const frame = this.#open.at(-1);
      if (frame === undefined) return out;
      const { contents, next } = frame;
      if (next === contents.values.length) {
        out += '}';
        this.#open.pop();
        this.#inside.delete(frame.container);
        continue;
      }
      frame.next++;
      if (contents.keys === undefined) out += `i:${next};`;
      else if (frame.object) out += this.#property(contents, next);
      else out += this.#key(contents.keys[next]!, false);
      out += this.#value(contents, next);
    }
  }

  /** A value, or the beginning of one whose content is then in `#open`. */
  #value(contents: Contents, index: number): ByteString {
    const value = contents.values[index];
    const { source } = contents;
    const token = tokenAt(contents, index);
    if (this.#ties !== undefined || (isObject(value) && !isCommon(value) && isPhpReference(value))) {
      const tied = this.#tied(contents, index);
      if (tied !== undefined) return tied;
    }
    return this.#untied(value, source, token, contents.kind === 'list' ? contents : undefined);
  }

  /** What stands in a place that shares its value with others; `undefined` for any other place. */
  #tied(contents: Contents, index: number): ByteString | undefined {
    if (!this.#counts) throw needsNumbers;
    this.#ties ??= new Ties(this.#top, this.#instances);
    const tie = this.#ties.tie(contents, index);
    const value = withoutReference(tie === undefined ? contents.values[index] : this.#ties.value(tie));
    const token = typeof tie === 'number' ? tie : tokenAt(contents, index);
    if (tie !== undefined) {
      // A reference to an object has the number of the object.
      const object = isObject(value) ? this.#instances?.object(value) : undefined;
      const number = this.#seen.get(tie) ?? this.#seen.get(identity(object ?? value));
      if (number !== undefined) return `R:${this.#target(number)};`;
      this.#seen.set(tie, this.#numbered + 1);
    }
    return this.#untied(value, contents.source, token, contents.kind === 'list' ? contents : undefined);
  }

  #untied(value: unknown, source: Source | undefined, token: number, list: Contents | undefined): ByteString {
    this.#numbered++;
    switch (typeof value) {
      case 'string':
        return this.#string(value, source, token);
      case 'number':
        return this.#number(value, source, token, list);
      case 'boolean':
        return value ? 'b:1;' : 'b:0;';
      case 'bigint':
        if (!isInt64(value)) throw this.#error(unrepresentable, 'A bigint beyond 64 bits');
        return sameInt(value, source, token) ?? `i:${value};`;
      case 'object':
        return value === null ? 'N;' : this.#object(value, source, token, list !== undefined);
      default:
        throw this.#error(unrepresentable, `A value of type ${typeof value}`);
    }
  }

  #string(value: string, source: Source | undefined, token: number): ByteString {
    const bytes = encodeUtf8(value);
    if (bytes === undefined) throw this.#error(unrepresentable, 'A string with half of a surrogate pair');
    if (token >= 0 && source!.text.charCodeAt(token) === 0x53) {
      const tokens = new Tokens(source!.text, token);
      if (tokens.string() === bytes) return source!.text.slice(token, tokens.at);
    }
    return quoted(bytes);
  }

  #number(value: number, source: Source | undefined, token: number, list: Contents | undefined): ByteString {
    let number = value;
    if (token >= 0) {
      const at = source!.resolve(token);
      const before = source!.text.charCodeAt(at);
      if (before === 0x64) {
        const text = new Tokens(source!.text, at).floatText();
        if (Object.is(parseFloatText(text), value)) return `d:${text};`;
        if (list === undefined) return this.#float(value);
      } else if (before === 0x69 && value === 0) {
        number = 0; // -0 too: an int stays an int
      }
    }
    if (!Number.isSafeInteger(number) || Object.is(number, -0) || list?.allFloats === true) return this.#float(number);
    return sameInt(number, source, token) ?? `i:${number};`;
  }

  #float(value: number): ByteString {
    return `d:${floatText(value, this.#rules.precision)};`;
  }

  #object(given: object, source: Source | undefined, token: number, inList: boolean): ByteString {
    const value = this.#instances?.object(given) ?? given;
    // Tried only at the first levels, as it goes over the whole value each time.
    if (token >= 0 && !this.#counts && this.#open.length < 4) {
      const end = unchangedUntil(source!, token, value, maxDepth - this.#levels - this.#open.length);
      if (end >= 0) return source!.text.slice(token, end);
    }
    if (!isCommon(value)) {
      const special = this.#special(value);
      if (special !== undefined) return special;
    }
    if (!inList && isReplacedObject(value, source, token)) throw this.#error('ERR_PHP_TYPE_CHANGED', typeChanged);
    const contents = contentsOf(value, source, token);
    if (contents === undefined) throw this.#error(unrepresentable, describe(value));
    if (this.#inside.has(value)) throw this.#error(unrepresentable, 'A value that contains itself');
    const object = !isCommon(value) && isPhpObject(value);
    if (this.#open.length + this.#levels >= maxDepth && (object || contents.values.length > 0)) {
      throw this.#error(unrepresentable, `More than ${maxDepth} arrays and objects inside each other`);
    }
    const head = object ? `O:${quotedName(this.#className(value, value.className))}` : 'a';
    this.#open.push({ container: value, contents, object, next: 0 });
    this.#inside.add(value);
    return `${head}:${contents.values.length}:{`;
  }

  /** What is written once, or holds no values. */
  #special(value: object): ByteString | undefined {
    const key = identity(value);
    if (key !== undefined) {
      const number = this.#seen.get(key);
      if (number !== undefined) return `r:${this.#target(number)};`;
      this.#seen.set(key, this.#numbered);
    }
    if (isPhpFloat(value)) return this.#float(value.value);
    if (isBytes(value)) return quoted(toByteString(value));
    if (isPhpEnum(value)) {
      // The case may stand in a variable that is copied, and in PHP both are one object.
      if (!this.#rules.allowsEnums) throw this.#error(unrepresentable, 'An enum, which PHP has since 8.1,');
      const isNew = origin(value) === undefined;
      if (isNew && !this.#counts && this.#top.source?.hasClass(value.className)) throw needsNumbers;
      const name = this.#className(value, value.className);
      if (isNew && !isCaseName(value.caseName)) throw this.#error('ERR_PHP_CLASS', 'A case name that PHP has not');
      return `E:${quotedName(`${name}:${value.caseName}`)};`;
    }
    if (isPhpCustom(value)) {
      const data = toByteString(value.data);
      this.#firstCustom = Math.min(this.#firstCustom, this.#numbered);
      return `C:${quotedName(this.#className(value, value.className))}:${data.length}:{${data}}`;
    }
    return undefined;
  }

  /** PHP refuses an object with a name that begins like a mangled one and is none, and with it the session. */
  #property(contents: Contents, index: number): ByteString {
    const key = keyAt(contents, index);
    const isBad = typeof key === 'string' && key.startsWith('\0') && !/^\0[^\0]+\0/.test(key);
    if (isBad && tokenAt(contents, index) < 0 && contents.kind !== 'exact') {
      throw this.#error('ERR_PHP_KEY', 'A name of a property that begins with NUL');
    }
    return this.#key(key, true);
  }

  #key(key: PhpKey, ofObject: boolean): ByteString {
    if (typeof key !== 'string') return `i:${this.#intKey(key)};`;
    const keys = ofObject ? this.#propertyKeys : this.#arrayKeys;
    const known = keys.get(key);
    if (known !== undefined) return known;
    const bytes = encodeKey(key);
    if (bytes === undefined) throw this.#error('ERR_PHP_KEY', 'A key with half of a surrogate pair');
    const token = !ofObject && isIntKey(key) ? `i:${key};` : quoted(bytes);
    // Rows of a table have the same keys, those of a dictionary do not.
    if (keys.size < 256) keys.set(key, token);
    return token;
  }

  #intKey(key: number | bigint): number | bigint {
    const isExact = typeof key === 'bigint' ? isInt64(key) : Number.isSafeInteger(key);
    if (!isExact) throw this.#error('ERR_PHP_KEY', 'A number as key that is no 64-bit integer');
    return key;
  }

  /** PHP instantiates what it reads, so the name must have been read, or registered by the application. */
  #className(value: object, name: string): string {
    const { source } = this.#top;
    const wasRead = source !== undefined && (origin(value)?.source === source || source.hasClass(name));
    const known = wasRead || this.#rules.classes.has(name);
    if (!known) {
      throw this.#error('ERR_PHP_CLASS', 'A PHP class that was neither read nor registered by the option `classes`');
    }
    return name;
  }

  #target(number: number): number {
    if (!this.#counts) throw needsNumbers;
    if (number > this.#firstCustom) {
      throw this.#error('ERR_PHP_REFERENCE', 'A reference to what comes after an object that serialized itself (C:)');
    }
    return number;
  }

  #error(code: PhpSessionErrorCode, what: string): PhpSessionError {
    const path = this.#open.map(({ contents, next }) => String(keyAt(contents, next - 1)));
    if (this.#top.kind === 'session') path.unshift(String(keyAt(this.#top, this.#variable)));
    return new PhpSessionError(code, `${what} cannot be written to a PHP session; nothing was written`, { path });
  }
}

const unrepresentable = 'ERR_PHP_UNREPRESENTABLE';
const typeChanged =
  'A plain object where an object of a PHP class stood (change that with set(), or give a PhpArray if it is meant)';

/** Objects are the same if they are one; enums if they have one name. */
function identity(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  if (isPhpEnum(value)) return `${value.className}:${value.caseName}`;
  return isPhpObject(value) || isPhpCustom(value) ? value : undefined;
}

/** The text of the int that stood at this place, if it is this one: `i:+5;` stays as it is. */
function sameInt(value: number | bigint, source: Source | undefined, token: number): ByteString | undefined {
  if (token < 0) return undefined;
  const at = source!.resolve(token);
  if (source!.text.charCodeAt(at) !== 0x69) return undefined;
  const tokens = new Tokens(source!.text, at);
  return tokens.int() === value ? source!.text.slice(at, tokens.at) : undefined;
}

function isCaseName(name: string): boolean {
  return /^[A-Za-z_\x80-\u{10ffff}][\w\x80-\u{10ffff}]*$/u.test(name);
}

function isReplacedObject(value: object, source: Source | undefined, token: number): boolean {
  if (token < 0 || !isPlainObject(value) || origin(value) !== undefined) return false;
  return source!.text.charCodeAt(source!.resolve(token)) === 0x4f;
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
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `An instance of ${name}, for which the option \`classes\` has no mapping,`
    : 'An object of this kind';
}
