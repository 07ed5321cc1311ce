import { randomBytes } from 'node:crypto';
import { isEqual } from '../login/same-secret.ts';

// How `CsrfTokenManager` hides a token in each page: the text of a random key, and the token under XOR with it. So a page that is
// compressed does not tell the token by its length (BREACH). Symfony before 5.3 shows the token as it is, and takes no other.

/** `UriSafeTokenGenerator`: 256 bits. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

export function randomize(token: string): string {
  const key = randomBytes(32);
  // Its text is nowhere looked at: it makes pages of different lengths.
  const padding = '0123456789abcdef0123456789abcdef'.slice(0, 1 + (key[0]! % 32));
  return [padding, key.toString('base64url'), xor(Buffer.from(token), key).toString('base64url')].join('.');
}

/**
 * @param stored of the session, whatever is there
 * @param given of the request, whatever it is
 */
export function isTokenOf(stored: unknown, given: unknown): boolean {
  if (typeof stored !== 'string' || stored === '' || typeof given !== 'string') return false;
  return isEqual(stored, derandomize(given));
}

function derandomize(given: string): string | Uint8Array {
  const parts = given.split('.');
  const key = Buffer.from(parts[1] ?? '', 'base64url');
  if (parts.length !== 3 || key.length === 0) return given;
  return xor(Buffer.from(parts[2]!, 'base64url'), key);
}

function xor(text: Buffer, key: Buffer): Buffer {
  return Buffer.from(text.map((byte, i) => byte ^ key[i % key.length]!));
}
