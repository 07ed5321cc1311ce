import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { typo3, typo3Cookie } from '../../../src/presets/index.ts';

// A cookie that TYPO3's library has made (fixtures/README.md).
const { id, cookie } = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/presets/typo3.json'), 'utf8'));
const encryptionKey = '0123456789abcdef'.repeat(6);
const scope = { domain: 'www.example.com', path: '/' };
const any = typo3Cookie({ encryptionKey, scope: 'any' });
const coding = typo3Cookie({ encryptionKey, scope });
const [header, payload, signature] = cookie.split('.');

const key = `${createHash('sha256').update(encryptionKey).digest('hex')}/TYPO3\\CMS\\Core\\Session\\UserSession`;
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const read = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
/** A cookie whose signature is right. */
function signed(claims: unknown, head: unknown = { typ: 'JWT', alg: 'HS256' }, secret: string = key, hash = 'sha256') {
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}
const decode = (value: string, given = coding) => given.decode(value, 'fe_typo_user');
const claims = { identifier: id, time: '2026-11-29T09:00:00+00:00', scope: { ...scope, hostOnly: true } };

test('the id in a cookie of TYPO3, and in one of Node, which has the same form', () => {
  expect(decode(cookie)).toBe(id);
  expect(decode(signed(claims))).toBe(id);
  const ours = coding.encode(id, 'fe_typo_user');
  expect(decode(ours)).toBe(id);
  const [head, body] = ours.split('.');
  expect(head).toBe(header);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
  expect(read(body!)).toEqual({ ...read(payload), time });
  expect(Object.keys(read(body!))).toEqual(Object.keys(read(payload)));
  expect(read(any.encode(id, '').split('.')[1]!).scope).toBeNull();
});

describe('no session by a cookie', () => {
  test.each(['none', 'None', 'HS384', 'HS512', 'RS256', 'ES256', 'EdDSA', '', null])('with the algorithm %j', (alg) => {
    const head = { typ: 'JWT', alg };
    for (const hash of ['sha256', 'sha384', 'sha512']) expect(decode(signed(claims, head, key, hash))).toBeUndefined();
    expect(decode(`${part(head)}.${payload}.`)).toBeUndefined();
    expect(decode(`${part(head)}.${payload}.${signature}`)).toBeUndefined();
  });

  test('that is signed by a key pair, or by its public key as a secret', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const head = { typ: 'JWT', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
    const text = `${part(head)}.${part(claims)}`;
    expect(decode(`${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`)).toBeUndefined();
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    expect(decode(signed(claims, { typ: 'JWT', alg: 'HS256' }, pem))).toBeUndefined();
  });

  test('with another header, though it says HS256', () => {
    for (const head of [
      { alg: 'HS256', typ: 'JWT' },
      { typ: 'JWT', alg: 'HS256', kid: '../../dev/null' },
      { typ: 'JWT', alg: 'HS256', crit: ['b64'], b64: false },
      'HS256',
    ])
      expect(decode(signed(claims, head))).toBeUndefined();
  });

  test('with another key, or the same one for another purpose', () => {
    const sha256 = createHash('sha256').update(encryptionKey).digest('hex');
    for (const secret of [
      '',
      encryptionKey,
      sha256,
      `${sha256}/TYPO3\\CMS\\Core\\Security\\RequestToken`,
      key.toUpperCase(),
      `${key} `,
    ])
      expect(decode(signed(claims, undefined, secret))).toBeUndefined();
    expect(decode(cookie, typo3Cookie({ encryptionKey: encryptionKey.toUpperCase(), scope }))).toBeUndefined();
  });

  test('of which one bit has changed', () => {
    for (const [at, text] of [header, payload, signature].entries()) {
      const bytes = Buffer.from(text, 'base64url');
      for (const [index, byte] of bytes.entries()) {
        const changed = Buffer.from(bytes);
        changed[index] = byte ^ (1 << (index % 8));
        const parts = [header, payload, signature];
        parts[at] = changed.toString('base64url');
        expect(decode(parts.join('.'))).toBeUndefined();
      }
    }
  });

  test('with the claims of another cookie, or a signature that is shorter or missing', () => {
    const other = part({ ...claims, identifier: 'f'.repeat(32) });
    for (const value of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}.${signature}`,
      `.${payload}.${signature}`,
      '',
      '..',
      id,
      '.'.repeat(100_000),
      'é'.repeat(5000),
    ])
      expect(decode(value)).toBeUndefined();
  });

  test('without the claim, or with one that is no id', () => {
    const { identifier: _, ...without } = claims;
    for (const wrong of [without, {}, [], [id], null, 5, 'text', '{', id, { ...claims, identifier: '' }])
      expect(decode(signed(wrong))).toBeUndefined();
    for (const identifier of [5, null, true, [id], { toString: id }])
      expect(decode(signed({ ...claims, identifier }))).toBeUndefined();
    expect(decode(signed('{"__proto__":{"identifier":"x"}}'))).toBeUndefined();
  });

  test('of another site, where the own one was given', () => {
    for (const other of [
      { domain: 'evil.example' },
      { path: '/other/' },
      { domain: 'www.example.com.' },
      { domain: 'WWW.example.com' },
    ])
      expect(decode(signed({ ...claims, scope: { ...scope, ...other } }))).toBeUndefined();
    // As in TYPO3, one that names no site is for each.
    for (const scope of [undefined, null, {}, { domain: '' }, 5, 'x'])
      expect(decode(signed({ ...claims, scope }))).toBe(id);
    expect(decode(signed({ ...claims, scope: { domain: 'evil.example', path: '/' } }), any)).toBe(id);
  });
});

test('a wrong option is an error that has no value in it', () => {
  for (const wrong of [undefined, '', 'short', 5, null])
    expect(() => typo3({ encryptionKey: wrong as never, scope })).toThrow(
      /^encryptionKey must be that of TYPO3's settings\.php$/,
    );
  for (const wrong of [
    undefined,
    null,
    'www.example.com',
    {},
    { domain: '' },
    { domain: 5 },
    { domain: 'a', path: '' },
  ])
    expect(() => typo3({ encryptionKey, scope: wrong as never })).toThrow(/^scope must be/);
  expect(inspect(typo3({ encryptionKey, scope }), { depth: 9, showHidden: true })).not.toContain(encryptionKey);
});
