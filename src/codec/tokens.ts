import type { ByteString } from './bytes.ts';
import { isDigit, unsigned } from './grammar.ts';
import { isInt64 } from './values.ts';

/** Reads the tokens of text that `Grammar` has accepted, one after the other. Nothing is checked again. */
export class Tokens {
  readonly text: ByteString;
  at: number;

  constructor(text: ByteString, at: number) {
    this.text = text;
    this.at = at;
  }

  /** The letter of the token that comes next. */
  peek(): number {
    return this.text.charCodeAt(this.at);
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  /** Any token that holds no others. */
  skipScalar(): void {
    switch (this.peek()) {
      case 0x4e: // N
        this.skip(2);
        break;
      case 0x62: // b
        this.skip(4);
        break;
      case 0x73: // s
      case 0x53: // S
        this.string();
        break;
      case 0x45: // E
        this.enumCase();
        break;
      default: // i, d, r, R
        this.at = this.text.indexOf(';', this.at) + 1;
    }
  }

  int(): number | bigint {
    const { text } = this;
    const start = this.at + 2;
    let at = start;
    let value = 0;
    let byte = text.charCodeAt(at);
    const negative = byte === 0x2d;
    if (negative || byte === 0x2b) byte = text.charCodeAt(++at);
    for (; byte !== 0x3b; byte = text.charCodeAt(++at)) value = value * 10 + (byte - 0x30);
    this.at = at + 1;
    if (value <= Number.MAX_SAFE_INTEGER) return negative && value !== 0 ? -value : value;
    return saturated(text.slice(start, at), negative);
  }

  /** The text between `d:` and `;`. */
  floatText(): ByteString {
    const end = this.text.indexOf(';', this.at);
    const text = this.text.slice(this.at + 2, end);
    this.at = end + 1;
    return text;
  }

  /** A string of either kind. */
  string(): ByteString {
    const { text } = this;
    const escaped = text.charCodeAt(this.at) === 0x53;
    const size = this.#number(this.at + 2);
    const start = this.at + 2; // behind :"
    if (!escaped) {
      this.at = start + size + 2;
      return text.slice(start, start + size);
    }
    let at = start;
    let bytes = '';
    for (let left = size; left > 0; left--) {
      const isEscape = text.charCodeAt(at) === 0x5c;
      bytes += isEscape ? String.fromCharCode(Number.parseInt(text.slice(at + 1, at + 3), 16)) : text[at];
      at += isEscape ? 3 : 1;
    }
    this.at = at + 2;
    return bytes;
  }

  /** The key of an element: an int, or the bytes of a string. */
  key(): ByteString | number | bigint {
    return this.peek() === 0x69 ? this.int() : this.string();
  }

  /** `a:count:{`; the first key comes next. */
  arrayCount(): number {
    const count = this.#number(this.at + 2);
    this.at += 2;
    return count;
  }

  /** `O:size:"class":` or `C:size:"class":`; `braceCount` comes next. */
  className(): ByteString {
    const name = this.#quoted();
    this.at += 1; // the colon
    return name;
  }

  /** `count:{` of an object, or `size:{` of a `C:`; its content comes next. */
  braceCount(): number {
    const first = this.peek();
    const count = this.#number(first === 0x2b || first === 0x2d ? this.at + 1 : this.at);
    this.at += 2;
    return count;
  }

  /** `class:case` of an `E:`. */
  enumCase(): ByteString {
    const name = this.#quoted();
    this.at += 1; // the semicolon
    return name;
  }

  /** The number behind `r:` or `R:`. */
  reference(): number {
    const slot = this.#number(this.at + 2);
    this.at += 1;
    return slot;
  }

  #quoted(): ByteString {
    const size = this.#number(this.at + 2);
    const start = this.at + 2; // behind :"
    this.at = start + size + 1;
    return this.text.slice(start, start + size);
  }

  /** Digits, which may be none; they end at the first other byte. */
  #number(start: number): number {
    let at = start;
    while (isDigit(this.text.charCodeAt(at))) at++;
    this.at = at;
    return unsigned(this.text, start, at);
  }
}

/** What is beyond 64 bits is the nearest int64 (`ZEND_STRTOL`). */
function saturated(text: ByteString, negative: boolean): bigint {
  const digits = text.replace(/^[+-]?0*/, '');
  const limit = negative ? -(2n ** 63n) : 2n ** 63n - 1n;
  if (digits.length > 19) return limit;
  const value = negative ? -BigInt(digits) : BigInt(digits);
  return isInt64(value) ? value : limit;
}

/** The float that this text is; PHP spells what is not finite in capitals. */
export function parseFloatText(text: ByteString): number {
  if (text === 'INF') return Number.POSITIVE_INFINITY;
  if (text === '-INF') return Number.NEGATIVE_INFINITY;
  return Number(text); // NAN included
}
