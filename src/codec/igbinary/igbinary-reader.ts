import { syntaxError } from '../php/errors.ts';
import { readKey } from '../php/text.ts';
import { tag } from './tags.ts';

/**
 * Reads what follows the first byte of each value. Strings are offsets, and have numbers from 0 on. The last argument of its methods is where
 * the value starts: damage is reported there.
 *
 * @throws PhpSessionError `ERR_PHP_SYNTAX`, all methods that read
 */
export class IgbinaryReader {
  readonly bytes: Uint8Array;
  /** Where it is. */
  at = 4;
  /** The last string. */
  start = 0;
  end = 0;
  /** Whether a string was the number of an earlier one. */
  usesIds = false;
  /** Where each string starts and ends. */
  readonly #starts: number[];
  readonly #ends: number[];

  /** @param known has read these bytes before */
  constructor(bytes: Uint8Array, known?: IgbinaryReader) {
    this.bytes = bytes;
    this.#starts = known === undefined ? [] : known.#starts;
    this.#ends = known === undefined ? [] : known.#ends;
  }

  /** The strings that were not the number of an earlier one. */
  strings(): string[] {
    return this.#starts.map((start, number) => readKey(this.bytes, start, this.#ends[number]!));
  }

  /**
   * Reads a string, of which `start` and `end` are the offsets then.
   *
   * @param token the byte before `at`, and where it is: for errors
   * @returns false if that begins no string
   */
  readString(token: number, start: number): boolean {
    if (token >= tag.newString && token < tag.newString + 3) {
      this.newString(token - tag.newString, start);
    } else if (token >= tag.stringId && token < tag.stringId + 3) {
      this.usesIds = true;
      this.stringAt(this.sized(token - tag.stringId, start), start);
    } else if (token === tag.emptyString) {
      this.start = this.end = this.at;
    } else if (token === tag.string64) {
      this.newString(3, start);
    } else {
      return false;
    }
    return true;
  }

  newString(width: number, start: number): void {
    const end = this.contentEnd(width, start);
    const starts = this.#starts;
    // One that is read again has its number already.
    if (starts.length === 0 || this.at > starts[starts.length - 1]!) {
      starts.push(this.at);
      this.#ends.push(end);
    }
    this.start = this.at;
    this.end = this.at = end;
  }

  stringAt(number: number, start: number): void {
    const from = this.#starts[number];
    if (from === undefined) throw syntaxError(start);
    this.start = from;
    this.end = this.#ends[number]!;
  }

  /** Reads the size of what follows. Returns where it ends. */
  contentEnd(width: number, start: number): number {
    const size = this.sized(width, start);
    const end = this.at + size;
    if (end > this.bytes.length) throw syntaxError(start);
    return end;
  }

  int(token: number, start: number): number | bigint {
    const isWide = token >= tag.int64;
    const isNegative = (token & 1) === 1;
    const value = this.sized(isWide ? 3 : (token - tag.int8) >> 1, start);
    if (value <= Number.MAX_SAFE_INTEGER) return isNegative && value > 0 ? -value : value;
    const exact = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at - 8).getBigUint64(0);
    if (exact > 2n ** 63n - (isNegative ? 0n : 1n)) throw syntaxError(start);
    return isNegative ? -exact : exact;
  }

  float(start: number): number {
    const { buffer, byteOffset, length } = this.bytes;
    if (this.at + 8 > length) throw syntaxError(start);
    this.at += 8;
    return new DataView(buffer, byteOffset + this.at - 8).getFloat64(0);
  }

  /** The number of a reference. */
  number(token: number, start: number): number {
    return this.sized(token < tag.object ? token - tag.array : token - tag.object, start);
  }

  /** @param width 0, 1, 2 or 3, for one, two, four or eight bytes. A number of eight bytes is the nearest float */
  sized(width: number, start: number): number {
    const bytes = this.bytes;
    const end = this.at + (1 << width);
    if (end > bytes.length) throw syntaxError(start);
    let number = 0;
    while (this.at < end) number = number * 256 + bytes[this.at++]!;
    return number;
  }
}
