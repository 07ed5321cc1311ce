import { allocate, writeKey, writeShortText } from '../php/text.ts';

/**
 * Writes the tokens of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) in the spelling that PHP's extension
 * writes: ints in as few bytes as they need, floats in eight, all strings as `str`.
 */
export class Packer {
  #bytes: Uint8Array = allocate(1024);
  #view: DataView = viewOf(this.#bytes);
  #at = 0;

  /** All bytes. The packer must not be used after that. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  bool(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  int(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#reserve(9);
      this.#bytes[this.#at] = value < 0n ? 0xd3 : 0xcf;
      this.#view.setBigUint64(this.#at + 1, BigInt.asUintN(64, value));
      this.#at += 9;
    } else if (value >= -0x20 && value < 0x80) this.#byte(value);
    else if (value >= 0) {
      if (value <= 0xff) this.#sized(0xcc, value, 1);
      else if (value <= 0xffff) this.#sized(0xcd, value, 2);
      else if (value <= 0xffffffff) this.#sized(0xce, value, 4);
      else this.int(BigInt(value));
    } else if (value >= -0x80) this.#sized(0xd0, value, 1);
    else if (value >= -0x8000) this.#sized(0xd1, value, 2);
    else if (value >= -0x80000000) this.#sized(0xd2, value, 4);
    else this.int(BigInt(value));
  }

  float(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xcb;
    // JavaScript may write any NaN. This is PHP's.
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#at + 1, 0x7ff8_0000_0000_0000n);
    else this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  /** A string or a key, as the exact view has it. */
  text(text: string): void {
    this.#reserve(text.length * 3 + 5);
    const bytes = this.#bytes;
    const start = this.#at;
    // Most text has as many bytes as characters.
    const content = start + headerSize(text.length);
    let end = writeShortText(bytes, content, text);
    if (end < 0) end = writeKey(bytes, content, text);
    const size = end - content;
    const moved = start + headerSize(size);
    if (moved !== content) bytes.copyWithin(moved, content, end);
    this.#textHeader(size);
    this.#at += size;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length + 5);
    this.#textHeader(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The start of a list. */
  list(elements: number): void {
    this.#count(elements, 0x90, 0xdc);
  }

  /** The start of a map. */
  map(pairs: number): void {
    this.#count(pairs, 0x80, 0xde);
  }

  #count(count: number, fixed: number, wide: number): void {
    if (count < 16) this.#byte(fixed | count);
    else if (count <= 0xffff) this.#sized(wide, count, 2);
    else this.#sized(wide + 1, count, 4);
  }

  #textHeader(size: number): void {
    if (size < 32) this.#byte(0xa0 | size);
    else if (size <= 0xff) this.#sized(0xd9, size, 1);
    else if (size <= 0xffff) this.#sized(0xda, size, 2);
    else this.#sized(0xdb, size, 4);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  /** A first byte, and a number in some bytes. */
  #sized(first: number, value: number, size: 1 | 2 | 4): void {
    this.#reserve(5);
    this.#bytes[this.#at] = first;
    if (size === 1) this.#view.setUint8(this.#at + 1, value);
    else if (size === 2) this.#view.setUint16(this.#at + 1, value);
    else this.#view.setUint32(this.#at + 1, value);
    this.#at += 1 + size;
  }

  #reserve(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const bytes = allocate(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

/** How many bytes stand before those of a string. */
function headerSize(size: number): number {
  if (size < 32) return 1;
  if (size <= 0xff) return 2;
  return size <= 0xffff ? 3 : 5;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
