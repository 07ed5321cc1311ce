import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpSessionError } from '../../../src/codec/index.ts';
import { hordeCipher } from '../../../src/horde/credentials.ts';
import { hordeSession } from '../../../src/horde/index.ts';

// What `crypt6` of test/php/horde/oracle.php gives: PHP's own hash_hkdf(), and Horde's cipher.
const vector = {
  salt: Buffer.from('\xff\0abcdefghijklmnopqrstuvwxyz0123', 'latin1'),
  secretKey: 'hordelab-0000-4000-8000-secretkey001',
  id: '0123456789abcdef0123456789abcdef',
  encrypted: Buffer.from('GDRt/r78eIjKhM3sxZZvCrd6t1yZh49a/UcC0qzgl4U=', 'base64'),
  value: { password: 'made-up' },
};
const { secretKey, id } = vector;

/** A row of Horde 6, as read from a table. */
function horde6(slots: Record<string, Uint8Array>, encrypted: Uint8Array = vector.encrypted): object {
  const _secret = Object.fromEntries(
    Object.entries(slots).map(([name, bytes]) => [name, Buffer.concat([Buffer.of(0), bytes])]),
  );
  const session = { _b: 1, horde: { 'auth_app/imp': encrypted }, _e: { horde: { 'auth_app/imp': true } }, _secret };
  return decodeSession(encodeSession(session));
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain('hordelab');
    return error instanceof PhpSessionError ? error.code : (error as Error).name;
  }
  throw new Error('It did not fail');
}

describe('the keys of Horde 6', () => {
  test('are made of the salt in the session, its id and secret_key', () => {
    const session = horde6({ salt: vector.salt });
    const cipher = hordeCipher({ secretKey, session, id });
    expect(cipher.keyFrom).toBe('salt');
    expect({ ...(hordeSession(session).get('horde', 'auth_app/imp', cipher) as object) }).toEqual(vector.value);
    hordeSession(session).set('horde', 'auth_app/imp', vector.value, cipher);
    expect(session).toEqual(horde6({ salt: vector.salt }));
  });

  test('are in the session, where the first versions of Horde 6 have begun it', () => {
    const horde5 = hordeCipher({ key: 'a-key-of-23-characters_', secretKey });
    const encrypted = horde5.encrypt(Buffer.from('\x020"text"'));
    const session = horde6({ key: Buffer.from('a-key-of-23-characters_') }, encrypted);
    const cipher = hordeCipher({ secretKey, session, id, key: 'another cookie' });
    expect([cipher.keyFrom, hordeSession(session).get('horde', 'auth_app/imp', cipher)]).toEqual(['key', 'text']);
    expect(codeOf(() => hordeCipher({ secretKey, session, id, keyFormat: 'hkdf-only', key: 'a' }))).toBe('TypeError');
  });

  test('key_format says which of both counts', () => {
    const session = horde6({ salt: vector.salt, key: Buffer.from('raw') });
    const from = (keyFormat?: 'hkdf-only' | 'legacy-only') =>
      hordeCipher({ secretKey, session, id, ...(keyFormat && { keyFormat }) }).keyFrom;
    expect([from(), from('hkdf-only'), from('legacy-only')]).toEqual(['salt', 'salt', 'key']);
  });

  test('a session of Horde 5 has the key of its cookie', () => {
    expect(hordeCipher({ secretKey, session: {}, id, key: 'cookie' }).keyFrom).toBe('cookie');
    expect(codeOf(() => hordeCipher({ secretKey, session: {}, id }))).toBe('TypeError');
    expect(codeOf(() => hordeCipher({ secretKey, session: horde6({ salt: Buffer.of() }), id }))).toBe('TypeError');
  });

  test('another id, salt or secret_key is an error, and the cookie does not do', () => {
    const session = horde6({ salt: vector.salt });
    const horde = hordeSession(session);
    const read = (options: object) =>
      codeOf(() => horde.get('horde', 'auth_app/imp', hordeCipher({ secretKey, session, id, ...options })));
    expect(read({ id: 'f'.repeat(32) })).toBe('ERR_PHP_ENCRYPTED');
    expect(read({ secretKey: 'hordelab-another' })).toBe('ERR_PHP_ENCRYPTED');
    expect(read({ session: horde6({ salt: Buffer.from('another') }) })).toBe('ERR_PHP_ENCRYPTED');
    expect(read({ id: undefined })).toBe('TypeError');
    const ofCookie = hordeCipher({ secretKey, key: 'cookie' });
    expect(codeOf(() => horde.get('horde', 'auth_app/imp', ofCookie))).toBe('ERR_PHP_ENCRYPTED');
    expect(codeOf(() => horde.set('horde', 'auth_app/imp', 1, ofCookie))).toBe('ERR_PHP_ENCRYPTED');
    const ofSession = hordeCipher({ secretKey, session, id });
    expect(codeOf(() => hordeSession({}).set('horde', 'v', 1, ofSession))).toBe('ERR_PHP_ENCRYPTED');
    expect(session).toEqual(horde6({ salt: vector.salt }));
  });

  test('what is wrong is named', () => {
    for (const options of [{}, { secretKey, key: 5 }, { secretKey, session: 5 }, { secretKey, keyFormat: 'plain' }]) {
      expect(() => hordeCipher(options as never)).toThrow(TypeError);
    }
  });
});
