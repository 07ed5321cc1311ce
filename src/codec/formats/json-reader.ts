import { limitError, syntaxError } from '../php/errors.ts';
import { asBytes, readAscii, readText } from '../php/text.ts';
import type { Limits } from '../rules.ts';
import { isInt64, PhpArray, PhpFloat, PhpObject } from '../values.ts';

/** The most arrays inside each other that `json_decode()` reads by default. (`json_encode()` writes one more.) */
export const JSON_DEPTH = 511;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [LIST, END_OF_LIST, MAP, END_OF_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const surrogate = /\p{Surrogate}/u;

/** Reads what `json_decode($text, true)` reads (php-src: ext/json/json_scanner.re, json_parser.y), and nothing else. */
export class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #limits: Limits;
  readonly #hasObjects: boolean;
  #at = 0;
  #depth = 0;
  #elements = 0;

  /** @param hasObjects as `json_decode($text)` without `true`: what has keys is a `stdClass` */
  constructor(bytes: Uint8Array, limits: Limits, hasObjects: boolean = false) {
    this.#bytes = asBytes(bytes);
    this.#limits = limits;
    this.#hasObjects = hasObjects;
  }

  /** @throws PhpSessionError `ERR_PHP_SYNTAX`, and `ERR_PHP_LIMIT` for too many elements: two bytes make one */
  session(): PhpArray {
    const value = this.value();
    if (!(value instanceof PhpArray)) throw syntaxError(0);
    return value;
  }

  /** Any value, in the exact view. @throws PhpSessionError as `session()` */
  value(): unknown {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw syntaxError(this.#at);
    return value;
  }

  #value(): unknown {
    this.#skipSpace();
    switch (this.#bytes[this.#at]) {
      case QUOTE:
        return this.#string();
      case LIST:
        return this.#array(END_OF_LIST);
      case MAP:
        return this.#hasObjects ? this.#object() : this.#array(END_OF_MAP);
      default:
        return this.#word();
    }
  }

  #array(end: number): PhpArray {
    const array = new PhpArray();
    if (++this.#depth > JSON_DEPTH) throw syntaxError(this.#at);
    this.#at++;
    this.#skipSpace();
    if (!this.#passes(end)) {
      do {
        if (++this.#elements > this.#limits.maxElements) throw limitError('maxElements', this.#limits, this.#at);
        array.set(end === END_OF_LIST ? array.size : this.#key(), this.#value());
      } while (this.#passes(COMMA));
      this.#expect(end);
    }
    this.#depth--;
    return array;
  }

  /** PHP refuses a name that begins with NUL. */
  #object(): PhpObject {
    const start = this.#at;
    const object = new PhpObject('stdClass');
    for (const [key, value] of this.#array(END_OF_MAP)) {
      if (String(key).startsWith('\0')) throw syntaxError(start);
      object.properties.set(String(key), value);
    }
    return object;
  }

  #key(): string {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== QUOTE) throw syntaxError(this.#at);
    const key = this.#string();
    this.#expect(COLON);
    return key;
  }

  #string(): string {
    const start = this.#at;
    let isEscaped = false;
    let end = start + 1;
    for (; this.#bytes[end] !== QUOTE; end++) {
      if (end >= this.#bytes.length || this.#bytes[end]! < 0x20) throw syntaxError(end);
      if (this.#bytes[end] !== BACKSLASH) continue;
      isEscaped = true;
      end++;
    }
    const text = end < this.#bytes.length ? readText(this.#bytes, start + 1, end) : undefined;
    if (text === undefined) throw syntaxError(start);
    this.#at = end + 1;
    return isEscaped ? unescaped(text, start) : text;
  }

  /** A number, or one of `WORDS`. */
  #word(): unknown {
    const start = this.#at;
    while (isOfWord(this.#bytes[this.#at])) this.#at++;
    const text = readAscii(this.#bytes, start, this.#at);
    if (WORDS.has(text)) return WORDS.get(text);
    const parts = NUMBER.exec(text);
    if (parts === null) throw syntaxError(start);
    const [, fraction, exponent] = parts;
    if (fraction !== undefined || exponent !== undefined) return new PhpFloat(Number(text));
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number + 0; // "-0" is an int
    const int = BigInt(text);
    return isInt64(int) ? int : new PhpFloat(number);
  }

  #passes(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #expect(byte: number): void {
    if (!this.#passes(byte)) throw syntaxError(this.#at);
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }
}

/** A letter, a digit, or one of `+-.` */
function isOfWord(byte: number = 0): boolean {
  const letter = byte | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (byte >= 0x2b && byte <= 0x39 && byte !== COMMA && byte !== 0x2f);
}

/** @param at for the error */
function unescaped(text: string, at: number): string {
  let plain: string;
  try {
    plain = JSON.parse(`"${text}"`);
  } catch {
    throw syntaxError(at);
  }
  if (surrogate.test(plain)) throw syntaxError(at); // PHP reads both halves or none
  return plain;
}
