/**
 * Text in PHP's bytes. In Node the bytes are always a Buffer, because only a Buffer makes strings of parts of it quickly. Elsewhere they
 * are what the caller gave. Every string made here is a copy: a part of a larger string would keep the whole session in memory.
 */

interface Slices {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number): number;
}

/** In browsers, bundlers replace Node's Buffer by one that lacks some of these methods. */
const hasBuffer =
  typeof Buffer === 'function' &&
  ['latin1Slice', 'utf8Slice', 'utf8Write'].every((name) => typeof Reflect.get(Buffer.prototype, name) === 'function');

/** The same memory, as the type that the functions below need. */
export function asBytes(input: Uint8Array): Uint8Array {
  if (!hasBuffer || input instanceof Buffer) return input;
  return Buffer.from(input.buffer, input.byteOffset, input.byteLength);
}

/** The text of these bytes in UTF-8, or `undefined` if they are not valid UTF-8. */
export function readText(bytes: Uint8Array, start: number, end: number): string | undefined {
  // For long text the check costs more than it saves.
  if (end - start <= 48 && isAscii(bytes, start, end)) return readAscii(bytes, start, end);
  if (!hasBuffer) return decode(bytes, start, end, false);
  const text = (bytes as Uint8Array & Slices).utf8Slice(start, end);
  // Invalid bytes become U+FFFD. But the text may also contain U+FFFD itself.
  return text.includes('\ufffd') ? decode(bytes, start, end, false) : text;
}

/**
 * Keys are strings in JavaScript and bytes in PHP. Valid UTF-8 becomes its text. Each other byte becomes a lone surrogate, U+DC80 to
 * U+DCFF (Python's "surrogateescape", PEP 383). So any two keys stay different, and the same bytes are written again.
 */
export function readKey(bytes: Uint8Array, start: number, end: number): string {
  const size = end - start;
  if (size === 0 || size > 24) return readLongKey(bytes, start, end);
  // The same keys come again and again. V8 finds and compares a string faster if it knows it as the name of a property.
  const slot = slotOf(bytes, start, end);
  const known = names[slot]!;
  if (known.length === size) {
    let at = 0;
    while (at < size && known.charCodeAt(at) === bytes[start + at]) at++;
    if (at === size) {
      if (isName[slot] === 1) return known;
      isName[slot] = 1;
      names[slot] = propertyName(known);
      return known;
    }
  }
  const key = readLongKey(bytes, start, end);
  if (key.length === size) {
    names[slot] = key;
    isName[slot] = 0;
  }
  return key;
}

const names: string[] = new Array(1024).fill('');
/** The names that came twice. V8 was made to know these as names of properties, which costs too much for a name that comes once. */
const isName = new Uint8Array(names.length);

/** A hash. Most keys differ in their size, at their start, in the middle, or in their last characters, as numbered ones do. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  const ends = bytes[start]! * 31 + bytes[end - 1]! * 17 + bytes[start + (size >> 1)]! * 7;
  const tail = size > 3 ? bytes[end - 2]! * 131 + bytes[end - 3]! * 59 : 0;
  return (size * 0x9e5 + ends + tail) & (names.length - 1);
}

function propertyName(text: string): string {
  for (const name in { [text]: 0 }) return name;
  return text;
}

function readLongKey(bytes: Uint8Array, start: number, end: number): string {
  return readText(bytes, start, end) ?? decode(bytes, start, end, true)!;
}

/** The text of bytes that are surely ASCII. */
export function readAscii(bytes: Uint8Array, start: number, end: number): string {
  const code = String.fromCharCode;
  // For short text this is faster than a call.
  switch (end - start) {
    case 0:
      return '';
    case 1:
      return code(bytes[start]!);
    case 2:
      return code(bytes[start]!, bytes[start + 1]!);
    case 3:
      return code(bytes[start]!, bytes[start + 1]!, bytes[start + 2]!);
    case 4:
      return code(bytes[start]!, bytes[start + 1]!, bytes[start + 2]!, bytes[start + 3]!);
    case 5:
      return code(bytes[start]!, bytes[start + 1]!, bytes[start + 2]!, bytes[start + 3]!, bytes[start + 4]!);
    case 6:
      return (
        // biome-ignore format: as above
        code(bytes[start]!, bytes[start + 1]!, bytes[start + 2]!, bytes[start + 3]!, bytes[start + 4]!, bytes[start + 5]!)
      );
    default:
      return hasBuffer ? (bytes as Uint8Array & Slices).latin1Slice(start, end) : decode(bytes, start, end, true)!;
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let at = start; at < end; at++) all |= bytes[at]!;
  return all < 0x80;
}

function decode(bytes: Uint8Array, start: number, end: number, escapeInvalid: boolean): string | undefined {
  let text = '';
  for (let at = start; at < end; ) {
    const first = bytes[at]!;
    const size = first < 0x80 ? 1 : sequenceSize(bytes, at, end);
    if (size === 0) {
      if (!escapeInvalid) return undefined;
      text += String.fromCharCode(0xdc00 + first);
      at += 1;
    } else {
      let point = size === 1 ? first : first & (0xff >> (size + 1));
      for (let i = 1; i < size; i++) point = (point << 6) | (bytes[at + i]! & 0x3f);
      text += String.fromCodePoint(point);
      at += size;
    }
  }
  return text;
}

/** The number of bytes of the sequence that starts here, or 0 if it is not well-formed (Unicode 15, table 3-7). */
function sequenceSize(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  for (let i = 1; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  const isTooLong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const isSurrogate = first === 0xed && second > 0x9f;
  const isBeyond = first === 0xf4 && second > 0x8f;
  return isTooLong || isSurrogate || isBeyond ? 0 : size;
}

const loneSurrogate = /\p{Surrogate}/u;

/**
 * Writes text as UTF-8. There must be room for three bytes for each UTF-16 unit.
 *
 * @returns the offset after it, or -1 for half of a surrogate pair, which UTF-8 cannot represent
 */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  if (!hasBuffer) return writeShortText(bytes, at, text, text.length);
  const end = at + (bytes as Uint8Array & Slices).utf8Write(text, at);
  return end > at + text.length && loneSurrogate.test(text) ? -1 : end;
}

/** As `writeText`, but -1 for text longer than `longest` too. For more than 64 units it is not faster. */
export function writeShortText(bytes: Uint8Array, start: number, text: string, longest: number = 64): number {
  const { length } = text;
  if (length > longest) return -1;
  let at = start;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[at++] = unit;
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else if ((unit & 0xf800) !== 0xd800) {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else {
      const point = text.codePointAt(index++)!;
      if (point < 0x10000) return -1;
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    }
  }
  return at;
}

/** Writes the bytes of a key, as `writeText` does. -1 for a key that `readKey` cannot make. */
export function writeKey(bytes: Uint8Array, start: number, key: string): number {
  const end = writeText(bytes, start, key);
  if (end >= 0) return end;
  let at = start;
  for (const character of key) {
    const unit = character.charCodeAt(0);
    if (character.length === 1 && unit >= 0xdc80 && unit <= 0xdcff) bytes[at++] = unit - 0xdc00;
    else at = writeShortText(bytes, at, character);
    if (at < 0) return -1;
  }
  return decode(bytes, start, at, true) === key ? at : -1;
}

export function allocate(size: number): Uint8Array {
  return hasBuffer ? Buffer.allocUnsafeSlow(size) : new Uint8Array(size);
}

/**
 * A copy in memory of its own. `Buffer.from()` would use a pool of up to 64 KB (Node 24): a few bytes would keep all of it in memory,
 * and none of it could be transferred to another thread. The price: to write a login takes 1.2 times as long.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

export function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  return hasBuffer ? Buffer.compare(one, other) === 0 : one.every((byte, at) => byte === other[at]);
}
