import { ByteWriter } from '../php/byte-writer.ts';
import { writeShortText, writeText } from '../php/text.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** Also writes what igbinary has, and its strings as php_serialize has them. */
export class IgbinaryWriter extends ByteWriter {
  /** A string of bytes. */
  stringOf(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size + 16);
    const bytes = this.bytes;
    let { at } = this;
    bytes[at] = 0x73;
    bytes[at + 1] = COLON;
    at = this.digits(at + 2, size);
    bytes[at] = COLON;
    bytes[at + 1] = QUOTE;
    at += 2;
    if (size < 24) {
      for (let index = start; index < end; index++) bytes[at++] = from[index]!;
    } else {
      bytes.set(from.subarray(start, end), at);
      at += size;
    }
    bytes[at] = QUOTE;
    bytes[at + 1] = SEMICOLON;
    this.at = at + 2;
  }

  /** A byte for the width of a number, and the number, big endian: `first` for one byte, `first + step` for two, `first + 2 * step` for four. */
  sized(first: number, number: number, step: number = 1): void {
    this.reserve(5);
    const bytes = this.bytes;
    let { at } = this;
    if (number <= 0xff) {
      bytes[at++] = first;
    } else if (number <= 0xffff) {
      bytes[at++] = first + step;
      bytes[at++] = number >>> 8;
    } else {
      bytes[at++] = first + 2 * step;
      bytes[at++] = number >>> 24;
      bytes[at++] = number >>> 16;
      bytes[at++] = number >>> 8;
    }
    bytes[at++] = number;
    this.at = at;
  }

  /** Text after its size, as `sized` writes it. False for half of a surrogate pair. */
  sizedText(first: number, text: string): boolean {
    this.reserve(text.length * 3 + 8);
    const bytes = this.bytes;
    const { at } = this;
    // Most text has as many bytes as characters.
    const content = at + 1 + widthOf(text.length);
    let end = writeShortText(bytes, content, text);
    if (end < 0) end = writeText(bytes, content, text);
    if (end < 0) return false;
    const size = end - content;
    this.sized(first, size);
    if (this.at !== content) bytes.copyWithin(this.at, content, end);
    this.at += size;
    return true;
  }
}

/** How many bytes `sized` takes for a number. */
function widthOf(number: number): number {
  return number <= 0xff ? 1 : number <= 0xffff ? 2 : 4;
}
