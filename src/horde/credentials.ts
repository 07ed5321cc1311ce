/**
 * The encrypted values of a Horde session, such as the password of a mailbox:
 * `import { hordeCipher } from 'php-session-bridge/horde/credentials'`. It needs the package egoroof-blowfish.
 */
import { Blowfish } from 'egoroof-blowfish';
import { type OptionRules, oneOf, optional, readByRules } from '../option-rules.ts';
import type { HordeCipher } from './cipher.ts';
import { type HordeKeyFormat, hordeKey, keyFormats } from './keys.ts';

export type { HordeCipher } from './cipher.ts';
export type { HordeKeyFormat } from './keys.ts';

export interface HordeCipherOptions {
  /**
   * The cookie `horde_secret_key` of the request. Where a browser has none, Horde 5 takes the session's id. Horde 6 takes the cookie only for sessions
   * that Horde 5 has begun.
   */
  key?: string | undefined;
  /** `$conf['secret_key']`. They are the same for all users: Horde 5 uses the first 8 bytes, Horde 6 all of it. */
  secretKey: string;
  /** `$_SESSION`, such as `ctx.session`: Horde 6 keeps a part of the key there. Default: the session is one of Horde 5. */
  session?: object;
  /** The session's id, such as `ctx.phpSession.id`: Horde 6 makes its key with it. */
  id?: string | undefined;
  /** `$conf['session']['key_format']` of Horde 6. Default `'hkdf-with-legacy-fallback'`, as there. */
  keyFormat?: HordeKeyFormat;
}

const BLOCK = 8;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const rules: OptionRules<HordeCipherOptions> = {
  key: optional(isText, 'the cookie horde_secret_key, or the id'),
  secretKey: { accepts: isText, mustBe: "$conf['secret_key']" },
  session: optional((it) => typeof it === 'object' && it !== null, '$_SESSION, such as ctx.session'),
  id: optional(isText, "the session's id"),
  keyFormat: { default: 'hkdf-with-legacy-fallback', ...oneOf(keyFormats) },
};

/**
 * Horde's cipher for values of sessions: Blowfish in the mode CBC with PKCS#5's padding (`Horde_Core_Secret_Cbc`, `Horde_Crypt_Blowfish`). It
 * has no MAC: who can write to the table can change what is encrypted, without reading it.
 *
 * @throws TypeError for options that are missing or wrong, and where there is no key
 */
export function hordeCipher(options: HordeCipherOptions): HordeCipher {
  const { key: cookie, secretKey, session, id, keyFormat } = readByRules(rules, options, 'hordeCipher()');
  const key = hordeKey({ cookie, secretKey, session, id, keyFormat: keyFormat! });
  if (key === undefined) {
    throw new TypeError(
      'There is no key: key must be the cookie horde_secret_key, or session one of Horde 6 with its salt',
    );
  }
  const iv = new Uint8Array(BLOCK); // Horde fills it with NUL, too
  iv.set(new TextEncoder().encode(secretKey).subarray(0, BLOCK));
  let made: Blowfish | undefined;
  const blowfish = () => {
    if (made === undefined) {
      made = new Blowfish(key.bytes, Blowfish.MODE.CBC, Blowfish.PADDING.PKCS5);
      made.setIv(iv);
    }
    return made;
  };
  return {
    keyFrom: key.from,
    encrypt: (plain) => blowfish().encode(plain),
    decrypt(encrypted) {
      if (encrypted.length === 0 || encrypted.length % BLOCK !== 0) return undefined;
      const plain = blowfish().decode(encrypted, Blowfish.TYPE.UINT8_ARRAY);
      // Without padding the library gives all of it.
      return plain.length === encrypted.length ? undefined : plain.slice();
    },
  };
}
