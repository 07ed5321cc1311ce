/**
 * Encrypts and decrypts values of a session: `hordeCipher()` of `php-session-bridge/horde/credentials` makes one. Horde's other half is
 * `Horde_Core_Secret_Cbc`.
 */
export interface HordeCipher {
  /** Where its key comes from: a variable of the app `_secret` in the session (Horde 6), or the cookie `horde_secret_key`. */
  readonly keyFrom: 'salt' | 'key' | 'cookie';
  encrypt(plain: Uint8Array): Uint8Array;
  /** @returns `undefined` for what another key has encrypted, as far as that shows */
  decrypt(encrypted: Uint8Array): Uint8Array | undefined;
}
