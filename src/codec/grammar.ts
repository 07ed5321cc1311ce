import { PhpSessionError } from '../errors.ts';
import type { ByteString } from './bytes.ts';
import type { Limits } from './options.ts';

const SEMICOLON = 0x3b;
const COLON = 0x3a;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * The grammar of `unserialize()`, checked without building a value (php-src: ext/standard/var_unserializer.re).
 * What PHP 8.2 and later accept is accepted, and nothing else. All that reads values afterwards relies on it.
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
 *     count  = ["+" | "-"] *digit                  ; yes, it may be empty
 *
 * Whether the target of an `r:` or `R:` exists is checked by `References`, and only where there is one.
 */
export class Grammar {
  /** Whether an `r:` or `R:` was met: then the numbering of all values matters. */
  hasReferences = false;
  readonly #text: ByteString;
  readonly #limits: Limits;
  #elements = 0;
  /** What the last header that was read says: elements of a container, bytes of a `C:`. */
  #count = 0;

  constructor(text: ByteString, limits: Limits) {
    if (text.length > limits.maxBytes) throw limit('maxBytes', limits, limits.maxBytes);
    this.#text = text;
    this.#limits = limits;
  }

  /**
   * Checks the value that starts at `at`.
   *
   * @param levels how many containers it is in already
   * @returns the offset behind it
   * @throws PhpSessionError `ERR_PHP_SYNTAX`, `ERR_PHP_LIMIT`
   */
  value(at: number, levels: number = 0): number {
    const text = this.#text;
    /** How many elements are still to come, in each container around the current one. */
    const outer: number[] = [];
    let left = 0;
    for (;;) {
      const start = at;
      const token = text.charCodeAt(at);
      switch (token) {
        case 0x4e: // N
          at = this.#expect(SEMICOLON, at + 1, start);
          break;
        case 0x62: // b
          this.#expect(COLON, at + 1, start);
          if ((text.charCodeAt(at + 2) & ~1) !== 0x30) throw syntax(start);
          at = this.#expect(SEMICOLON, at + 3, start);
          break;
        case 0x69: // i
          at = this.#int(start);
          break;
        case 0x64: // d
          at = this.#float(start);
          break;
        case 0x73: // s
          at = this.#string(start);
          break;
        case 0x53: // S
          at = this.#escapedString(start);
          break;
        case 0x72: // r
        case 0x52: // R
          this.hasReferences = true;
          at = this.#expect(SEMICOLON, this.#digits(start), start);
          break;
        case 0x61: // a
          at = this.array(start).at;
          break;
        case 0x4f: // O
          at = this.#class(start, true);
          break;
        case 0x43: // C
          at = this.#expect(CLOSE, this.#class(start, false) + this.#count, start);
          break;
        case 0x45: // E
          at = this.#enum(start);
          break;
        default:
          throw syntax(start);
      }

      if (token === 0x61 || token === 0x4f) {
        // PHP counts the levels of what has elements, and of an empty object, but not of an empty array.
        if (outer.length + levels >= this.#limits.maxDepth && (this.#count > 0 || token === 0x4f)) {
          throw limit('maxDepth', this.#limits, start);
        }
        outer.push(left);
        left = this.#count;
      }
      while (left === 0) {
        if (outer.length === 0) return at;
        at = this.#expect(CLOSE, at, at);
        left = outer.pop()!;
      }
      left--;
      this.element(at);
      at = this.key(at);
    }
  }

  /** Counts an element, a property, or a variable of the session, which begins at `at`. */
  element(at: number): void {
    if (++this.#elements > this.#limits.maxElements) throw limit('maxElements', this.#limits, at);
  }

  /** Checks the key that starts at `at`, and returns the offset behind it. */
  key(at: number): number {
    const token = this.#text.charCodeAt(at);
    if (token === 0x73) return this.#string(at);
    if (token === 0x69) return this.#int(at);
    if (token === 0x53) return this.#escapedString(at);
    throw syntax(at);
  }

  /** `i:` with an optional sign and leading zeros. What is beyond 64 bits is read as the nearest int64, as PHP does. */
  #int(start: number): number {
    const text = this.#text;
    let at = this.#expect(COLON, start + 1, start);
    const sign = text.charCodeAt(at);
    if (sign === 0x2b || sign === 0x2d) at++;
    const digits = at;
    while (isDigit(text.charCodeAt(at))) at++;
    if (at === digits) throw syntax(start);
    return this.#expect(SEMICOLON, at, start);
  }

  #float(start: number): number {
    float.lastIndex = start;
    if (!float.test(this.#text)) throw syntax(start);
    return float.lastIndex;
  }

  #string(start: number): number {
    const text = this.#text;
    const open = this.#openQuote(start);
    const end = open + this.#count;
    if (text.charCodeAt(end) !== QUOTE || text.charCodeAt(end + 1) !== SEMICOLON)
      throw syntax(end < text.length ? end : start + 2);
    return end + 2;
  }

  /** `S:` counts what it stands for: `\41` is one byte. PHP reads this and never writes it. */
  #escapedString(start: number): number {
    let at = this.#openQuote(start);
    for (let left = this.#count; left > 0; left--) {
      if (at >= this.#text.length) throw syntax(start + 2);
      if (this.#text.charCodeAt(at) !== 0x5c) at += 1;
      else if (hexPair.test(this.#text.slice(at + 1, at + 3))) at += 3;
      else throw syntax(at);
    }
    return this.#expect(SEMICOLON, this.#expect(QUOTE, at, at), at);
  }

  /** Checks `a:count:{`, and returns the count and the offset behind it. */
  array(start: number): { count: number; at: number } {
    const at = this.#digits(start);
    this.#expect(COLON, at, start);
    if (at - start > 17) this.#count = amount(this.#text, start + 2, at);
    return { count: this.#count, at: this.#expect(OPEN, at + 1, start) };
  }

  /** `O:` and `C:` up to their brace. The elements, or bytes, are then in `#count`. */
  #class(start: number, elements: boolean): number {
    const text = this.#text;
    const open = this.#openQuote(start);
    const end = open + this.#count;
    if (end >= text.length || !isClassName(text.slice(open, end))) throw syntax(start);
    this.#expect(QUOTE, end, end);
    let at = this.#expect(COLON, end + 1, end);
    const sign = text.charCodeAt(at);
    if (sign === 0x2b || sign === 0x2d) at++;
    const digits = at;
    while (isDigit(text.charCodeAt(at))) at++;
    this.#count = amount(text, digits, at);
    if (sign === 0x2d && this.#count > 0) throw syntax(digits);
    this.#expect(COLON, at, at);
    at = this.#expect(OPEN, at + 1, at);
    if (!elements && at + this.#count >= text.length) throw syntax(at);
    return at;
  }

  /** `E:`. Whether there is such a case is known to PHP alone. */
  #enum(start: number): number {
    const open = this.#openQuote(start);
    const end = open + this.#count;
    const name = this.#text.slice(open, end);
    const colon = name.indexOf(':');
    if (end >= this.#text.length || colon < 0 || !isEnumName(name.slice(0, colon))) throw syntax(start);
    if (!caseName.test(name.slice(colon + 1))) throw syntax(start);
    return this.#expect(SEMICOLON, this.#expect(QUOTE, end, end), end);
  }

  /** `X:digits:"`, from the start of the token; the digits are then in `#count`. */
  #openQuote(start: number): number {
    const at = this.#digits(start);
    this.#expect(COLON, at, start);
    return this.#expect(QUOTE, at + 1, start);
  }

  /** `X:digits`, from the start of the token; the digits are then in `#count`. */
  #digits(start: number): number {
    const text = this.#text;
    const first = this.#expect(COLON, start + 1, start);
    let at = first;
    while (isDigit(text.charCodeAt(at))) at++;
    if (at === first) throw syntax(start);
    this.#count = unsigned(text, first, at);
    return at;
  }

  #expect(byte: number, at: number, offset: number): number {
    if (this.#text.charCodeAt(at) !== byte) throw syntax(offset);
    return at + 1;
  }
}

const float = /d:(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|NAN|-?INF);/y;
const hexPair = /^[0-9A-Fa-f]{2}$/;
// Bytes as in PHP's own check; a leading backslash is refused since 8.1.
const className = /^[0-9A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\\\x80-\u{10ffff}]*$/u;

// A case is a constant of its class; a name that PHP's own grammar has not can be none.
const caseName = /^[A-Za-z_\x80-\u{10ffff}][0-9A-Za-z_\x80-\u{10ffff}]*$/u;

/** Whether PHP takes this as the name of a class in serialized data. */
export function isClassName(name: string): boolean {
  return className.test(name);
}

function isEnumName(name: string): boolean {
  return isClassName(name.startsWith('\\') ? name.slice(1) : name);
}

/** An unsigned number as PHP reads it: modulo 2^64 (`parse_uiv`). */
export function unsigned(text: ByteString, start: number, end: number): number {
  if (end - start <= 15) {
    let value = 0;
    for (let at = start; at < end; at++) value = value * 10 + (text.charCodeAt(at) - 0x30);
    return value;
  }
  let value = 0n;
  for (let at = start; at < end; at += 15) {
    const part = text.slice(at, Math.min(at + 15, end));
    value = BigInt.asUintN(64, value * 10n ** BigInt(part.length) + BigInt(part));
  }
  return Number(value);
}

/** How many elements or bytes: here what is beyond 64 bits is too many, and not taken modulo 2^64 (`parse_iv2`). */
function amount(text: ByteString, start: number, end: number): number {
  return end - start <= 15 ? unsigned(text, start, end) : Number(text.slice(start, end));
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function syntax(offset: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_SYNTAX',
    `Not what PHP serializes, at byte ${offset}: the data are damaged, or in another format (session.serialize_handler)`,
    { offset },
  );
}

function limit(name: keyof Limits, limits: Limits, offset: number): PhpSessionError {
  return new PhpSessionError(
    'ERR_PHP_LIMIT',
    `The data go over the limit ${name}, ${limits[name]}, at byte ${offset}; raise it if they are to be trusted`,
    { offset },
  );
}
