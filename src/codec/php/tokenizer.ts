import type { ReadRules } from '../rules.ts';
import { isInt64, type PhpKey } from '../values.ts';
import { holdsReference, isDigit } from './custom-data.ts';
import { limitError, syntaxError } from './errors.ts';
import { isClassName, isEnumName } from './names.ts';
import { asBytes, readAscii, readKey, readText } from './text.ts';

const SEMICOLON = 0x3b;
const COLON = 0x3a;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const BACKSLASH = 0x5c;

/**
 * Reads the tokens of serialized data one after the other, by the grammar of `unserialize()` (php-src:
 * ext/standard/var_unserializer.re). It accepts exactly what PHP 8.2 and later accept.
 *
 *     value  = "N;" | "b:" ("0" | "1") ";" | "i:" int ";" | "d:" float ";" | string
 *            | "a:" digits ":{" *(key value) "}"
 *            | "O:" class count ":{" *(key value) "}"
 *            | "C:" class count ":{" bytes "}"
 *            | "E:" digits ':"' name ":" case '";'
 *            | ("r:" | "R:") digits ";"
 *     key    = "i:" int ";" | string
 *     string = "s:" digits ':"' bytes '";' | "S:" digits ':"' *(byte | "\" hex hex) '";'
 *     class  = digits ':"' name '":'
 *     count  = ["+" | "-"] *digit                  ; it may be empty
 *
 * Every method begins at the start of its token, moves `at` past it, and throws `ERR_PHP_SYNTAX`.
 */
export class Tokenizer {
  readonly bytes: Uint8Array;
  at: number;
  readonly rules: ReadRules;
  /** Whether there was an `r:` or `R:`, perhaps in a `C:`. Then the numbers of all values matter. */
  hasReferences = false;
  /** The number of elements, properties and variables so far. */
  elements = 0;
  /** The last size. */
  #size = 0;

  constructor(bytes: Uint8Array, at: number, rules: ReadRules = unlimited) {
    this.bytes = bytes;
    this.at = at;
    this.rules = rules;
  }

  /** The letter of the next token, `undefined` at the end. */
  peek(): number | undefined {
    return this.bytes[this.at];
  }

  null(): null {
    const start = this.at;
    this.#expect(SEMICOLON, start + 1, start);
    return null;
  }

  bool(): boolean {
    const { bytes, at } = this;
    const digit = bytes[at + 2]!;
    if (bytes[at + 1] !== COLON || (digit & ~1) !== 0x30) throw syntaxError(at);
    this.#expect(SEMICOLON, at + 3, at);
    return digit === 0x31;
  }

  /** An int, with an optional sign and leading zeros. Beyond 64 bits it is the nearest int64 (`ZEND_STRTOL`). */
  int(): number | bigint {
    const { bytes, at: start } = this;
    if (bytes[start + 1] !== COLON) throw syntaxError(start);
    let at = start + 2;
    let byte = bytes[at]!;
    const isNegative = byte === MINUS;
    if (isNegative || byte === PLUS) byte = bytes[++at]!;
    const digits = at;
    let value = 0;
    for (; isDigit(byte); byte = bytes[++at]!) value = value * 10 + (byte - 0x30);
    if (at === digits || byte !== SEMICOLON) throw syntaxError(start);
    this.at = at + 1;
    if (value > Number.MAX_SAFE_INTEGER) return saturated(readAscii(bytes, digits, at), isNegative);
    return isNegative && value !== 0 ? -value : value;
  }

  float(): number {
    const { bytes, at: start } = this;
    if (bytes[start + 1] !== COLON) throw syntaxError(start);
    let at = start + 2;
    let byte = bytes[at]!;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++at]!;
    let digits = 0;
    let value = 0;
    for (; isDigit(byte); byte = bytes[++at]!, digits++) value = value * 10 + (byte - 0x30);
    let decimals = 0;
    if (byte === POINT) {
      byte = bytes[++at]!;
      for (; isDigit(byte); byte = bytes[++at]!, decimals++) value = value * 10 + (byte - 0x30);
      digits += decimals;
    }
    // With up to fifteen digits both numbers of the division are exact, so its result is the nearest float.
    if (byte !== SEMICOLON || digits === 0 || digits > 15) return this.#longFloat();
    this.at = at + 1;
    const size = decimals === 0 ? value : value / powersOfTen[decimals]!;
    return isNegative ? -size : size;
  }

  #longFloat(): number {
    const { bytes, at: start } = this;
    const end = bytes.indexOf(SEMICOLON, start);
    const text = readAscii(bytes, start + 2, Math.max(end, start + 2));
    if (!float.test(text)) throw syntaxError(start);
    this.at = end + 1;
    // PHP writes INF in capitals.
    return text.endsWith('INF') ? Number(text.replace('INF', 'Infinity')) : Number(text);
  }

  /** A string of either kind. Valid UTF-8 becomes a string, other bytes stay bytes. */
  string(): string | Uint8Array {
    if (this.peek() !== 0x73) {
      const bytes = this.#unescaped();
      return readText(bytes, 0, bytes.length) ?? new Uint8Array(bytes);
    }
    const end = this.#string();
    const start = end - this.#size;
    return readText(this.bytes, start, end) ?? new Uint8Array(this.bytes.subarray(start, end));
  }

  /** Whether the string is this text. If it is not, `at` may be anywhere. */
  isString(text: string): boolean {
    if (this.peek() !== 0x73) return this.string() === text;
    const end = this.#string();
    const { bytes } = this;
    const start = end - this.#size;
    if (end - start !== text.length) return end - start > text.length && readText(bytes, start, end) === text;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f || unit !== bytes[start + at]) return false; // one byte is one character only in ASCII
    }
    return true;
  }

  /** The key of an element or property: an int or a string. */
  key(): PhpKey {
    this.countElement();
    const token = this.peek();
    if (token === 0x73) {
      const end = this.#string();
      return readKey(this.bytes, end - this.#size, end);
    }
    if (token === 0x69) return this.int();
    if (token !== 0x53) throw syntaxError(this.at);
    const bytes = this.#unescaped();
    return readKey(bytes, 0, bytes.length);
  }

  /** Skips what `key` reads. */
  skipKey(): void {
    const { at } = this;
    if (this.skipCommon()) this.countElement(at);
    else this.key();
  }

  /** `a:count:{`; the first key comes next. */
  array(): number {
    const start = this.at;
    const count = this.#number(start);
    this.#expect(COLON, this.at, start);
    this.#expect(OPEN, this.at, start);
    return count;
  }

  /** `O:size:"class":`; `objectCount` comes next. */
  className(): string {
    const { at } = this;
    const name = this.#name();
    if (!isClassName(name)) throw syntaxError(at);
    this.#nameEnd(COLON);
    return name;
  }

  /** `count:{` of an object; its first property comes next. */
  objectCount(): number {
    const { bytes } = this;
    let { at } = this;
    const sign = bytes[at];
    if (sign === PLUS || sign === MINUS) at++;
    const digits = at;
    let count = 0;
    for (let byte = bytes[at]!; isDigit(byte); byte = bytes[++at]!) count = count * 10 + (byte - 0x30);
    if (sign === MINUS && count > 0) throw syntaxError(digits);
    this.#expect(COLON, at, at);
    this.#expect(OPEN, at + 1, at);
    return count;
  }

  /** `C:size:"class":size:{bytes}`; the bytes are from `dataStart` to `dataEnd`. */
  custom(): { className: string; dataStart: number; dataEnd: number } {
    const start = this.at;
    const className = this.className();
    const size = this.objectCount();
    const dataStart = this.at;
    const dataEnd = dataStart + size;
    if (dataEnd >= this.bytes.length) throw syntaxError(dataStart);
    this.#expect(CLOSE, dataEnd, start);
    this.hasReferences ||= holdsReference(this.bytes, dataStart, dataEnd);
    return { className, dataStart, dataEnd };
  }

  /** `E:size:"class:case";`. Only PHP knows whether there is such a case. */
  enumCase(): { className: string; caseName: string } {
    const { at } = this;
    const name = this.#name();
    if (!isEnumName(name)) throw syntaxError(at);
    this.#nameEnd(SEMICOLON);
    const colon = name.indexOf(':');
    return { className: name.slice(0, colon), caseName: name.slice(colon + 1) };
  }

  /** The number after `r:` or `R:`. `References` checks whether there is such a value. */
  reference(): number {
    const start = this.at;
    this.#number(start);
    this.hasReferences = true;
    this.#expect(SEMICOLON, this.at, start);
    return this.#size;
  }

  /** The end of an array or object. */
  close(): void {
    this.#expect(CLOSE, this.at, this.at);
  }

  /**
   * Skips the most common tokens quickly: ordinary ints and strings. If it returns false, another method must read the token. Here and in
   * `#string` the loop compares digits itself: with a call of `isDigit` V8 inlines less, and both are 5 % slower.
   */
  skipCommon(): boolean {
    const { bytes, at: start } = this;
    const token = bytes[start];
    if (bytes[start + 1] !== COLON) return false;
    let at = start + 2;
    let byte = bytes[at]!;
    let number = 0;
    for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!) number = number * 10 + (byte - 0x30);
    if (at === start + 2 || at > start + 17) return false;
    if (token === 0x69 && byte === SEMICOLON) {
      this.at = at + 1;
      return true;
    }
    const end = at + 2 + number;
    const isString = token === 0x73 && byte === COLON && bytes[at + 1] === QUOTE;
    if (!isString || bytes[end] !== QUOTE || bytes[end + 1] !== SEMICOLON) return false;
    this.at = end + 2;
    return true;
  }

  /** Reads any token that contains no others. */
  scalar(): unknown {
    switch (this.peek()) {
      case 0x73: // s
      case 0x53: // S
        return this.string();
      case 0x69: // i
        return this.int();
      case 0x4e: // N
        return this.null();
      case 0x62: // b
        return this.bool();
      case 0x64: // d
        return this.float();
      case 0x72: // r
      case 0x52: // R
        return this.reference();
      case 0x43: // C
        return this.custom();
      case 0x45: // E
        return this.enumCase();
      default:
        throw syntaxError(this.at);
    }
  }

  /** `s:size:"bytes";`. Returns where the bytes end; their number is in `#size`. */
  #string(): number {
    const { bytes, at: start } = this;
    let at = start + 2;
    let size = 0;
    let byte = bytes[at]!;
    for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!) size = size * 10 + (byte - 0x30);
    if (at > start + 17) size = unsigned(bytes, start + 2, at);
    if (at === start + 2 || bytes[start + 1] !== COLON || byte !== COLON || bytes[at + 1] !== QUOTE)
      throw syntaxError(start);
    const end = at + 2 + size;
    if (bytes[end] !== QUOTE || bytes[end + 1] !== SEMICOLON) throw syntaxError(end < bytes.length ? end : start + 2);
    this.#size = size;
    this.at = end + 2;
    return end;
  }

  /** `X:size:"name`; `#nameEnd` reads the rest. */
  #name(): string {
    const { bytes, at: start } = this;
    this.#number(start);
    const open = this.#quote(start);
    this.at = open + this.#size;
    return this.at < bytes.length ? readKey(bytes, open, this.at) : '';
  }

  /** The quote after a name, and the byte after that. */
  #nameEnd(after: number): void {
    const { at } = this;
    this.#expect(QUOTE, at, at);
    this.#expect(after, at + 1, at);
  }

  /** The bytes of an `S:`. Its size counts `\41` as one byte. PHP reads `S:` and never writes it. */
  #unescaped(): Uint8Array {
    const { bytes, at: start } = this;
    this.#number(start);
    let at = this.#quote(start);
    if (this.#size > bytes.length - at) throw syntaxError(start + 2);
    const content = new Uint8Array(this.#size);
    for (let index = 0; index < content.length; index++) {
      if (at >= bytes.length) throw syntaxError(start + 2);
      if (bytes[at] === BACKSLASH) {
        const pair = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
        if (!hexPair.test(pair)) throw syntaxError(at);
        content[index] = Number.parseInt(pair, 16);
        at += 3;
      } else {
        content[index] = bytes[at++]!;
      }
    }
    this.#expect(QUOTE, at, at);
    this.#expect(SEMICOLON, at + 1, at);
    return asBytes(content);
  }

  /** `:"` after the size of a token that begins at `start`. Returns where the content starts. */
  #quote(start: number): number {
    const { bytes, at } = this;
    if (bytes[at] !== COLON || bytes[at + 1] !== QUOTE) throw syntaxError(start);
    return at + 2;
  }

  /**
   * `X:digits`, from the start of the token. It moves `at` past the digits, and sets `#size` to the number modulo 2^64, as PHP reads
   * sizes (`parse_uiv`).
   *
   * @returns the number itself, for counts: one beyond 64 bits is always too large
   */
  #number(start: number): number {
    const { bytes } = this;
    const first = start + 2;
    let at = first;
    let value = 0;
    for (let byte = bytes[at]!; isDigit(byte); byte = bytes[++at]!) value = value * 10 + (byte - 0x30);
    if (at === first || bytes[start + 1] !== COLON) throw syntaxError(start);
    this.at = at;
    this.#size = at - first > 15 ? unsigned(bytes, first, at) : value;
    return value;
  }

  /** Counts an element, a property, or a variable of the session. */
  countElement(at: number = this.at): void {
    if (++this.elements > this.rules.maxElements) throw limitError('maxElements', this.rules, at);
  }

  #expect(byte: number, at: number, offset: number): void {
    if (this.bytes[at] !== byte) throw syntaxError(offset);
    this.at = at + 1;
  }
}

/** For bytes that were checked before. */
const unlimited: ReadRules = { maxBytes: Infinity, maxDepth: Infinity, maxElements: Infinity, ignoresRest: false };
const float = /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|NAN|-?INF)$/;
const powersOfTen = Array.from({ length: 16 }, (_, power) => 10 ** power);
const hexPair = /^[0-9A-Fa-f]{2}$/;

/** An unsigned number modulo 2^64. */
function unsigned(bytes: Uint8Array, start: number, end: number): number {
  let value = 0n;
  for (let at = start; at < end; at += 15) {
    const part = readAscii(bytes, at, Math.min(at + 15, end));
    value = BigInt.asUintN(64, value * 10n ** BigInt(part.length) + BigInt(part));
  }
  return Number(value);
}

function saturated(text: string, isNegative: boolean): bigint {
  const digits = text.replace(/^0*/, '');
  const limit = isNegative ? -(2n ** 63n) : 2n ** 63n - 1n;
  if (digits.length > 19) return limit;
  const value = isNegative ? -BigInt(digits) : BigInt(digits);
  return isInt64(value) ? value : limit;
}
