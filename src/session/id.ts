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
