/**
 * The encrypted values of a Horde session, such as the password of a mailbox:
 * `import { hordeCipher } from 'php-session-bridge/horde/credentials'`. It needs the package egoroof-blowfish.
 */
import { Blowfish } from 'egoroof-blowfish';
import type { HordeCipher } from './cipher.ts';

export type { HordeCipher } from './cipher.ts';

export interface HordeCipherOptions {
  /** The cookie `horde_secret_key` of the request. Where a browser has none, Horde takes the session's id. */
  key: string;
  /** `$conf['secret_key']`, of which Horde uses the first 8 bytes. They are the same for all users. */
  secretKey: string;
}

const BLOCK = 8;
const longestKey = 56;

/**
 * Horde 5's cipher for values of sessions: Blowfish in the mode CBC with PKCS#5's padding (`Horde_Core_Secret_Cbc`, `Horde_Crypt_Blowfish`). It
 * has no MAC: who can write to the table can change what is encrypted, without reading it.
 *
 * @throws TypeError for options that are missing
 */
export function hordeCipher({ key, secretKey }: HordeCipherOptions): HordeCipher {
  if (typeof key !== 'string' || key === '') throw new TypeError('key must be the cookie horde_secret_key, or the id');
  if (typeof secretKey !== 'string' || secretKey === '') throw new TypeError("secretKey must be $conf['secret_key']");
  const encoder = new TextEncoder();
  const iv = new Uint8Array(BLOCK); // Horde fills it with NUL, too
  iv.set(encoder.encode(secretKey).subarray(0, BLOCK));
  let made: Blowfish | undefined;
  const blowfish = () => {
    if (made === undefined) {
      made = new Blowfish(encoder.encode(key).slice(0, longestKey), Blowfish.MODE.CBC, Blowfish.PADDING.PKCS5);
      made.setIv(iv);
    }
    return made;
  };
  return {
    encrypt: (plain) => blowfish().encode(plain),
    decrypt(encrypted) {
      if (encrypted.length === 0 || encrypted.length % BLOCK !== 0) return undefined;
      const plain = blowfish().decode(encrypted, Blowfish.TYPE.UINT8_ARRAY);
      // Without padding the library gives all of it.
      return plain.length === encrypted.length ? undefined : plain.slice();
    },
  };
}
