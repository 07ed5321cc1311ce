import { createHmac } from 'node:crypto';
import { isEqual } from '../login/same-secret.ts';
import type { CookieEncoding } from '../session/cookie-encoding.ts';
import { type LaravelKeys, laravelEncrypter } from './laravel-encrypter.ts';

/** Hexadecimal digits of HMAC-SHA-1. */
const PREFIX = 40;

/**
 * The cookie of Laravel's `EncryptCookies`: a hash of the cookie's name, `|` and the id, encrypted. The hash keeps the value of another
 * cookie from being taken for an id (`CookieValuePrefix`).
 *
 * @throws TypeError for a wrong option, without its value; where a key is a function, when it is called
 */
export function laravelCookie(options: LaravelKeys): CookieEncoding {
  const encrypter = laravelEncrypter(options);
  return {
    decode(value, name) {
      const plain = encrypter.decrypt(value)?.toString('latin1');
      if (plain?.[PREFIX] !== '|') return undefined;
      const isOurs = encrypter.keys().some((key) => isEqual(prefixOf(name, key), plain.slice(0, PREFIX)));
      return isOurs ? plain.slice(PREFIX + 1) : undefined;
    },
    encode: (id, name) => encrypter.encrypt(Buffer.from(`${prefixOf(name, encrypter.keys()[0]!)}|${id}`)),
  };
}

function prefixOf(name: string, key: Uint8Array): string {
  return createHmac('sha1', key).update(`${name}v2`).digest('hex');
}
