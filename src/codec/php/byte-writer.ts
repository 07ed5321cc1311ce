import { writeLimitError } from './errors.ts';
import { allocate, copyOf, isSameBytes, writeKey, writeShortText, writeText } from './text.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const MINUS = 0x2d;
const SEMICOLON = 0x3b;

/** Memory for the next session. It is taken while one is written, because a getter may write another one during that time. */
let spare: Uint8Array | undefined;
const spareSize = 65_536;

/** Writes bytes, one token after the other. */
export class ByteWriter {
  /** Where the next byte goes. */
  at = 0;
  protected bytes: Uint8Array;
  readonly #maxBytes: number;

  /**
   * @param size an estimate of the number of bytes
   * @param maxBytes where writing stops: a few values that stand in many places would take all memory
   */
  constructor(size: number, maxBytes: number = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
    if (size <= spareSize) {
      this.bytes = spare ?? allocate(spareSize);
      spare = undefined;
    } else {
      this.bytes = allocate(size);
    }
  }

  /** All bytes, in Node as a Buffer. The writer must not be used after that. */
  finish(): Uint8Array {
    const { at } = this;
    const bytes = this.bytes;
    this.discard();
    if (bytes.length !== spareSize && at > bytes.length / 2) {
      bytes.fill(0, at); // this memory must not show what it held before
      return bytes.subarray(0, at);
    }
    return copyOf(bytes.subarray(0, at));
  }

  /** Instead of `finish`: gives the memory to the next writer. */
  discard(): void {
    if (this.bytes.length === spareSize) spare = this.bytes;
  }

  byte(byte: number): void {
    this.reserve(1);
    this.bytes[this.at++] = byte;
  }

  /** `d:0.5;`, from the text of the number. */
  float(text: string): void {
    this.ascii('d:');
    this.ascii(text);
    this.byte(SEMICOLON);
  }

  /** A few characters of ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let { at } = this;
    for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index);
    this.at = at;
  }

  /** `i:5;` */
  int(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.ascii(`i:${value};`);
      return;
    }
    this.reserve(20);
    const bytes = this.bytes;
    let { at } = this;
    bytes[at++] = 0x69;
    bytes[at++] = COLON;
    let rest = value;
    if (rest < 0) {
      bytes[at++] = MINUS;
      rest = -rest;
    }
    at = this.digits(at, rest);
    bytes[at] = SEMICOLON;
    this.at = at + 1;
  }

  /** `s:4:"text";`, or nothing and false for half of a surrogate pair. */
  string(text: string): boolean {
    return this.#string(text, writeText);
  }

  /** `s:3:"key";`, or nothing and false for a key that PHP cannot have. */
  key(key: string): boolean {
    return this.#string(key, writeKey);
  }

  /** `4:"name"`, or nothing and false for a name that PHP cannot have. */
  name(name: string): boolean {
    this.reserve(name.length * 3 + 16);
    return this.#sized(this.at, name, writeKey);
  }

  /** The bytes of a key alone. Returns their number, or -1 for a key that PHP cannot have. */
  keyBytes(key: string): number {
    this.reserve(key.length * 3);
    let end = writeShortText(this.bytes, this.at, key);
    if (end < 0) end = writeKey(this.bytes, this.at, key);
    if (end < 0) return -1;
    const size = end - this.at;
    this.at = end;
    return size;
  }

  /** Copies bytes. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (end - start < 24) {
      const target = this.bytes;
      let { at } = this;
      for (let from = start; from < end; from++) target[at++] = bytes[from]!;
      this.at = at;
    } else {
      this.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.at);
      this.at += end - start;
    }
  }

  /** Whether the bytes from `start` on are those of `bytes` from `from` on. */
  isSame(start: number, bytes: Uint8Array, from: number): boolean {
    return isSameBytes(this.bytes.subarray(start, this.at), bytes.subarray(from, from + this.at - start));
  }

  set(at: number, byte: number): void {
    this.bytes[at] = byte;
  }

  /** `a:2:{` */
  openArray(size: number): void {
    this.reserve(20);
    const bytes = this.bytes;
    let { at } = this;
    bytes[at] = 0x61;
    bytes[at + 1] = COLON;
    at = this.digits(at + 2, size);
    bytes[at] = COLON;
    bytes[at + 1] = 0x7b;
    this.at = at + 2;
  }

  #string(text: string, write: typeof writeText): boolean {
    this.reserve(text.length * 3 + 16);
    const { at } = this;
    if (!this.#sized(at + 2, text, write)) return false;
    const bytes = this.bytes;
    bytes[at] = 0x73;
    bytes[at + 1] = COLON;
    bytes[this.at++] = SEMICOLON;
    return true;
  }

  /** `size:"text"` at an offset. There must be room. */
  #sized(start: number, text: string, write: typeof writeText): boolean {
    const bytes = this.bytes;
    const { length } = text;
    // Most text has as many bytes as characters.
    const digits = digitsOf(length);
    let content = start + digits + 2;
    let end = writeShortText(bytes, content, text);
    if (end < 0) end = write(bytes, content, text);
    if (end < 0) return false;
    const size = end - content;
    if (size >= 10 && digitsOf(size) > digits) {
      bytes.copyWithin(content + 1, content, end);
      content++;
      end++;
    }
    this.digits(start, size);
    bytes[content - 2] = COLON;
    bytes[content - 1] = QUOTE;
    bytes[end] = QUOTE;
    this.at = end + 1;
    return true;
  }

  /** Writes a number. There must be room. Returns the offset after it. */
  protected digits(start: number, value: number): number {
    const bytes = this.bytes;
    if (value < 10) {
      bytes[start] = 0x30 + value;
      return start + 1;
    }
    if (value >= 100_000_000) {
      const high = Math.floor(value / 100_000_000);
      const end = this.digits(start, high) + 8;
      this.#digitsUntil(end, value - high * 100_000_000, 8);
      return end;
    }
    const digits = digitsOf(value);
    this.#digitsUntil(start + digits, value, digits);
    return start + digits;
  }

  #digitsUntil(end: number, value: number, digits: number): void {
    const bytes = this.bytes;
    let rest = value | 0; // an int32, which is divided faster
    for (let at = end - 1; at >= end - digits; at--) {
      const tens = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - tens * 10;
      rest = tens;
    }
  }

  protected reserve(size: number): void {
    const needed = this.at + size;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  /** @throws PhpSessionError `ERR_PHP_LIMIT` */
  #grow(size: number): void {
    if (this.at > this.#maxBytes) throw writeLimitError('maxBytes', this.#maxBytes);
    const bytes = allocate(Math.max(size, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.at));
    this.discard();
    this.bytes = bytes;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
