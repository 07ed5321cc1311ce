import { randomBytes } from 'node:crypto';

/** PHP's digits: the first 16, 32 or 64 are used (php-src: `hexconvtab` in ext/session/session.c). */
const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

/**
 * A new session id, as PHP's `session_create_id()` makes them.
 *
 * @param length php.ini's `session.sid_length`, 22 to 256
 * @param bits php.ini's `session.sid_bits_per_character`: 4 (0-9, a-f), 5 (0-9, a-v) or 6 (0-9, a-z, A-Z, "-", ",")
 */
export function createId(length: number, bits: 4 | 5 | 6): string {
  const mask = 2 ** bits - 1;
  let id = '';
  for (const byte of randomBytes(length)) id += digits[byte & mask];
  return id;
}

/**
 * An id with a prefix, as PHP's `session_create_id($prefix)` makes it: the prefix comes in front of an id of full length.
 *
 * @throws TypeError for a prefix that PHP refuses, or with which the id has more than the 256 characters that PHP's files can have
 */
export function createPrefixedId(
  prefix: string,
  { sidLength: length, sidBitsPerCharacter: bits }: { sidLength: number; sidBitsPerCharacter: 4 | 5 | 6 },
): string {
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9,-]*$/.test(prefix)) {
    throw new TypeError('The prefix of an id must be text of A to Z, a to z, 0 to 9, "," and "-"');
  }
  if (prefix.length + length > 256) {
    throw new TypeError(`The prefix of an id may have ${256 - length} characters, as sidLength is ${length}`);
  }
  return prefix + createId(length, bits);
}
