/**
 * Ways to store a session other than the three formats:
 *
 * - `base64`: a session in one of the formats, in base64, as Laravel, Magento and Roundcube store it
 * - `igbinary`, `msgpack`: `session.serialize_handler` of PHP's extensions of these names
 * - `json`: as Node's own stores write it
 * - `laravel-encrypted`: base64 of JSON with `iv`, `value` and `mac`
 * - `gzip`, `zlib`: compressed
 */
export type SessionEncoding = 'base64' | 'igbinary' | 'msgpack' | 'json' | 'laravel-encrypted' | 'gzip' | 'zlib';

/** In bytes. Longer text is not checked: each request that reads such a row would do it, and parsed JSON takes many times its size. */
const LONGEST_TEXT = 1_048_576;

/** Recognizes binary data by their first bytes. Text is parsed as a whole, unless it is longer than 1 MB. */
export function recognizeEncoding(bytes: Uint8Array): SessionEncoding | undefined {
  const [a, b, c, d] = bytes;
  // igbinary's header: the version, 1 or 2, in four bytes.
  if (a === 0 && b === 0 && c === 0 && (d === 1 || d === 2)) return 'igbinary';
  if (a === 0x1f && b === 0x8b) return 'gzip';
  // RFC 1950: deflate, a window of 32 KB, and a checksum over both bytes.
  if (a === 0x78 && b !== undefined && (a * 256 + b) % 31 === 0) return 'zlib';
  if (isMessagePack(bytes)) return 'msgpack';
  if (bytes.length > LONGEST_TEXT) return undefined;
  const text = asciiText(bytes);
  if (text === undefined) return isJson(new TextDecoder().decode(bytes)) ? 'json' : undefined;
  if (isJson(text)) return 'json';
  const inner = base64(text);
  if (inner === undefined) return undefined;
  return isEncrypted(inner) || isEncrypted(base64(inner) ?? '') ? 'laravel-encrypted' : 'base64';
}

/** @returns the decoded bytes, or `undefined` for anything but base64 */
export function fromBase64(bytes: Uint8Array): Uint8Array | undefined {
  const text = asciiText(bytes);
  const inner = text === undefined ? undefined : base64(text);
  return inner === undefined ? undefined : Uint8Array.from(inner, (character) => character.charCodeAt(0));
}

/** A map of up to 15 keys (fixmap), or more (map16, map32). Its first key is a string, a number, or PHP's mark for an array (nil). */
function isMessagePack(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  const size = first === 0xde ? 2 : first === 0xdf ? 4 : 0;
  if (size === 0 && (first < 0x81 || first > 0x8f)) return false;
  const key = bytes[1 + size];
  if (key === undefined) return false;
  const isText = (key >= 0xa0 && key <= 0xbf) || (key >= 0xd9 && key <= 0xdb);
  return isText || key === 0xc0 || key < 0x80 || (key >= 0xcc && key <= 0xd3);
}

function asciiText(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(bytes);
  return /^[\t\n\r\x20-\x7e]*$/.test(text) ? text : undefined;
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function base64(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length < 8 || trimmed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  return atob(trimmed);
}

function isEncrypted(text: string): boolean {
  return isJson(text) && /"iv"\s*:/.test(text) && /"(?:mac|tag)"\s*:/.test(text);
}
