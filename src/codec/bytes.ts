/**
 * Inside the codec, PHP's bytes are a *byte string*: a JavaScript string in which each character is one byte (0 to 255).
 * Offsets in it are offsets in bytes, `slice` is cheap, and V8 keeps it in one byte a character.
 */
export type ByteString = string;

const hasBuffer = typeof Buffer === 'function';

export function toByteString(bytes: Uint8Array): ByteString {
  if (hasBuffer) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  // Outside Node. Not TextDecoder('latin1'): that label means windows-1252, which moves 0x80 to 0x9f.
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

export function fromByteString(text: ByteString): Uint8Array {
  // Not Buffer.from(): its memory is shared with other buffers, and it is a Buffer.
  const bytes = new Uint8Array(text.length);
  if (hasBuffer) Buffer.from(bytes.buffer).write(text, 'latin1');
  else for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const nonAscii = /[^\0-\x7f]/;
const loneSurrogate = /\p{Surrogate}/u;

export function isAscii(text: string): boolean {
  // A call of the regular expression costs as much as a few dozen characters here.
  if (text.length > 48) return !nonAscii.test(text);
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** The text that these bytes are in UTF-8, or `undefined` where they are no valid UTF-8. */
export function decodeUtf8(bytes: ByteString): string | undefined {
  return isAscii(bytes) ? bytes : decode(bytes, false);
}

/** The bytes of this text in UTF-8, or `undefined` where it has half of a surrogate pair, which UTF-8 cannot say. */
export function encodeUtf8(text: string): ByteString | undefined {
  if (isAscii(text)) return text;
  return loneSurrogate.test(text) ? undefined : encode(text);
}

/**
 * Keys are strings in JavaScript and bytes in PHP. A key that is valid UTF-8 is that text; each byte that is not part
 * of valid UTF-8 is the lone surrogate U+DC80 to U+DCFF (Python's "surrogateescape", PEP 383), so that any two keys stay
 * different and the bytes come back.
 */
export function decodeKey(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : decode(bytes, true)!;
}

/** The bytes of a key, or `undefined` where `decodeKey` could not have made it. */
export function encodeKey(key: string): ByteString | undefined {
  if (isAscii(key)) return key;
  const bytes = encode(key);
  return !loneSurrogate.test(key) || decodeKey(bytes) === key ? bytes : undefined;
}

function decode(bytes: ByteString, escapeInvalid: boolean): string | undefined {
  let text = '';
  let run = 0;
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.charCodeAt(at);
    if (first < 0x80) {
      at++;
      continue;
    }
    text += bytes.slice(run, at);
    const size = sequenceSize(bytes, at, first);
    if (size === 0) {
      if (!escapeInvalid) return undefined;
      text += String.fromCharCode(0xdc00 + first);
      at += 1;
    } else {
      let point = first & (0xff >> (size + 1));
      for (let i = 1; i < size; i++) point = (point << 6) | (bytes.charCodeAt(at + i) & 0x3f);
      text += String.fromCodePoint(point);
      at += size;
    }
    run = at;
  }
  return text + bytes.slice(run);
}

/** How many bytes the sequence has that starts here, or 0 if it is not well-formed (Unicode 15, table 3-7). */
function sequenceSize(bytes: ByteString, at: number, first: number): number {
  const second = bytes.charCodeAt(at + 1); // NaN behind the end: then no comparison below holds
  if (first >= 0xc2 && first <= 0xdf) return isTail(second) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const top = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= top && isTail(bytes.charCodeAt(at + 2)) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const top = first === 0xf4 ? 0x8f : 0xbf;
    const tails = isTail(bytes.charCodeAt(at + 2)) && isTail(bytes.charCodeAt(at + 3));
    return second >= low && second <= top && tails ? 4 : 0;
  }
  return 0;
}

function isTail(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

function encode(text: string): ByteString {
  let bytes = '';
  let run = 0;
  for (let at = 0; at < text.length; ) {
    const point = text.codePointAt(at)!;
    if (point < 0x80) {
      at++;
      continue;
    }
    bytes += text.slice(run, at);
    if (point < 0x800) bytes += String.fromCharCode(0xc0 | (point >> 6), tail(point));
    else if (point >= 0xdc80 && point <= 0xdcff) bytes += String.fromCharCode(point - 0xdc00);
    else if (point < 0x10000) bytes += String.fromCharCode(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes += String.fromCharCode(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
    at += point > 0xffff ? 2 : 1;
    run = at;
  }
  return bytes + text.slice(run);
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
