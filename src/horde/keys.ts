import { hkdfSync } from 'node:crypto';
import type { HordeCipher } from './cipher.ts';
import { isMap, ownValue, type Variables } from './variables.ts';

/** `$conf['session']['key_format']` of Horde 6. */
export type HordeKeyFormat = 'hkdf-only' | 'hkdf-with-legacy-fallback' | 'legacy-only';

export const keyFormats: readonly HordeKeyFormat[] = ['hkdf-with-legacy-fallback', 'hkdf-only', 'legacy-only'];

/** What a key is made of. */
export interface HordeKeySource {
  /** The cookie `horde_secret_key`. */
  readonly cookie: string | undefined;
  readonly secretKey: string;
  /** `$_SESSION`, if the session may be one of Horde 6. */
  readonly session: object | undefined;
  /** The session's id. */
  readonly id: string | undefined;
  readonly keyFormat: HordeKeyFormat;
}

interface HordeKey {
  readonly from: HordeCipher['keyFrom'];
  readonly bytes: Uint8Array;
}

const LONGEST = 56;
const INFO = 'horde-session-blowfish-cbc-v1';
const encoder = new TextEncoder();

/**
 * The key of a session's encrypted values, at most 56 bytes. Horde 5 takes the cookie as it is. Horde 6 has a salt in the session (`_secret/salt`), and
 * for sessions of its first versions the key itself (`_secret/key`). From the salt it makes the key by HKDF-SHA256: of `secret_key` and the salt,
 * salted with the session's id, for the purpose `horde-session-blowfish-cbc-v1` (`Horde\Core\Secret\HkdfInfo`, and the tests of `Horde_Core_Secret_Cbc`).
 *
 * @returns `undefined` if there is none
 * @throws TypeError for a salt without an id
 */
export function hordeKey({ cookie, secretKey, session, id, keyFormat }: HordeKeySource): HordeKey | undefined {
  const salt = slotOf(session, 'salt');
  if (salt !== undefined && keyFormat !== 'legacy-only') {
    if (id === undefined) throw new TypeError("id must be the session's: Horde 6 makes its key with it");
    const material = Buffer.concat([encoder.encode(secretKey), salt]);
    return { from: 'salt', bytes: new Uint8Array(hkdfSync('sha256', material, id, INFO, LONGEST)) };
  }
  if (keyFormat === 'hkdf-only') return undefined;
  const key = slotOf(session, 'key');
  if (key !== undefined) return { from: 'key', bytes: key.slice(0, LONGEST) };
  return cookie === undefined ? undefined : { from: 'cookie', bytes: encoder.encode(cookie).slice(0, LONGEST) };
}

/** A string of the app `_secret`, without the NUL in front. */
function slotOf(session: object | undefined, name: string): Uint8Array | undefined {
  const slots = session === undefined ? undefined : ownValue(session as Variables, '_secret');
  const value = isMap(slots) ? ownValue(slots, name) : undefined;
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  return bytes instanceof Uint8Array && bytes.length > 1 && bytes[0] === 0 ? bytes.slice(1) : undefined;
}
