import { syntaxError } from '../php/errors.ts';
import { readKey, readText } from '../php/text.ts';
import { isInt64, PhpFloat, type PhpKey } from '../values.ts';

/**
 * Reads the tokens of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md). It takes every spelling that PHP's extension
 * reads, also those that it never writes: `bin`, `float 32`, an int in more bytes than it needs. It refuses extension types, which PHP
 * reads as null.
 *
 * Every method begins at the start of its token, moves `at` past it, and throws `ERR_PHP_SYNTAX`.
 */
export class Unpacker {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The first byte of the next token. */
  peek(): number {
    const { bytes, at } = this;
    if (at >= bytes.length) throw syntaxError(at);
    return bytes[at]!;
  }

  /** The number of elements if a list comes next. For any other token it reads nothing. */
  list(): number | undefined {
    return this.#count(0x90, 0xdc);
  }

  /** The number of pairs if a map comes next. For any other token it reads nothing. */
  map(): number | undefined {
    return this.#count(0x80, 0xde);
  }

  /** Any token that contains no others. Valid UTF-8 becomes a string, other bytes stay bytes. */
  scalar(): null | boolean | number | bigint | PhpFloat | string | Uint8Array {
    const start = this.at;
    const first = this.peek();
    switch (first) {
      case 0xc0:
        this.at++;
        return null;
      case 0xc2:
      case 0xc3:
        this.at++;
        return first === 0xc3;
      case 0xca:
        return new PhpFloat(this.#view.getFloat32(this.#take(5) + 1));
      case 0xcb:
        return new PhpFloat(this.#view.getFloat64(this.#take(9) + 1));
    }
    const text = this.#string(first);
    if (text >= 0) return readText(this.bytes, text, this.at) ?? new Uint8Array(this.bytes.subarray(text, this.at));
    const int = this.#int(first);
    if (int === undefined) throw syntaxError(start);
    return int;
  }

  /** The key of a pair: an int or a string. */
  key(): PhpKey {
    const start = this.at;
    const first = this.peek();
    const text = this.#string(first);
    const key = text >= 0 ? readKey(this.bytes, text, this.at) : this.#int(first);
    if (key === undefined) throw syntaxError(start);
    return key;
  }

  /** The bytes of a string. */
  data(): Uint8Array {
    const start = this.at;
    const from = this.#string(this.peek());
    if (from < 0) throw syntaxError(start);
    return new Uint8Array(this.bytes.subarray(from, this.at));
  }

  /** @param fixed the first byte of up to 15 @param wide that of a count in two bytes; the one of four bytes comes next */
  #count(fixed: number, wide: number): number | undefined {
    const first = this.peek();
    if ((first & 0xf0) === fixed) {
      this.at++;
      return first & 0x0f;
    }
    return (first & 0xfe) === wide ? this.#unsigned(first === wide ? 2 : 4) : undefined;
  }

  /** Where the bytes of a string begin; they end at `at`. -1 for any other token, of which it reads nothing. */
  #string(first: number): number {
    const start = this.at;
    if ((first & 0xe0) === 0xa0) {
      this.at++;
      return this.#take(first & 0x1f, start);
    }
    const isBin = first >= 0xc4 && first <= 0xc6;
    if (!isBin && (first < 0xd9 || first > 0xdb)) return -1;
    return this.#take(this.#unsigned((1 << (first - (isBin ? 0xc4 : 0xd9))) as 1 | 2 | 4), start);
  }

  /** An int. One beyond PHP's ints is its digits, as in PHP. `undefined` for any other token. */
  #int(first: number): number | bigint | string | undefined {
    if (first < 0x80 || first >= 0xe0) {
      this.at++;
      return first < 0x80 ? first : first - 0x100;
    }
    const view = this.#view;
    switch (first) {
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xcf:
        return narrow(view.getBigUint64(this.#take(9) + 1));
      case 0xd0:
        return view.getInt8(this.#take(2) + 1);
      case 0xd1:
        return view.getInt16(this.#take(3) + 1);
      case 0xd2:
        return view.getInt32(this.#take(5) + 1);
      case 0xd3:
        return narrow(view.getBigInt64(this.#take(9) + 1));
    }
    return undefined;
  }

  /** The number in the bytes that follow the first byte of a token. */
  #unsigned(size: 1 | 2 | 4): number {
    const at = this.#take(1 + size) + 1;
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Moves past some bytes. Returns where they begin. @param token where their token begins */
  #take(size: number, token: number = this.at): number {
    const from = this.at;
    if (size > this.bytes.length - from) throw syntaxError(token);
    this.at = from + size;
    return from;
  }
}

/** A number where it is exact, else a bigint, else digits. */
function narrow(int: bigint): number | bigint | string {
  const number = Number(int);
  if (Number.isSafeInteger(number)) return number;
  return isInt64(int) ? int : String(int);
}
