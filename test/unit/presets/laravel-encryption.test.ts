import { createCipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { laravelCookie, laravelEncrypted } from '../../../src/presets/index.ts';
import { type LaravelCipher, laravelEncrypter } from '../../../src/presets/laravel-encrypter.ts';

// Written by Laravel 13.26.1: the cookie of the id a1B2 (ten times), and a session with `encrypt`.
const recorded: Record<LaravelCipher, { key: string; cookie: string; payload: string }> = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/laravel/encrypted.json'), 'utf8'),
);
const ciphers = Object.keys(recorded) as LaravelCipher[];
const name = 'laravel_session';
const id = 'a1B2'.repeat(10);

/** What is in a cookie. */
type Envelope = Record<'iv' | 'value' | 'mac' | 'tag', unknown>;
const open = (cookie: string): Envelope => JSON.parse(Buffer.from(cookie, 'base64').toString());
const seal = (envelope: unknown): string => Buffer.from(JSON.stringify(envelope)).toString('base64');

describe.each(ciphers)('%s', (cipher) => {
  const { key, cookie, payload } = recorded[cipher];
  const coding = laravelCookie({ key, cipher });
  const isAead = cipher.endsWith('GCM');

  test('reads what Laravel has written', () => {
    expect(coding.decode(cookie, name)).toBe(id);
    const session = laravelEncrypted({ key, cipher }).decode(Buffer.from(payload));
    expect(Buffer.from(session!).toString()).toBe('a:2:{s:6:"_token";s:1:"x";s:2:"é";i:1;}');
  });

  test('reads what it writes, which is never the same', () => {
    const all = Array.from({ length: 20 }, () => coding.encode(id, name));
    expect(new Set(all).size).toBe(20);
    expect(all.map((value) => coding.decode(value, name))).toEqual(all.map(() => id));
    const encrypted = laravelEncrypted({ key, cipher });
    for (const size of [0, 1, 9, 10, 99, 100_000]) {
      const data = Buffer.alloc(size, 'é";');
      expect(Buffer.from(encrypted.decode(encrypted.encode(data))!).equals(data)).toBe(true);
    }
  });

  test('the cipher may be in small letters', () => {
    const small = laravelCookie({ key, cipher: cipher.toLowerCase() as Lowercase<LaravelCipher> });
    expect(small.decode(cookie, name)).toBe(id);
  });

  test('an earlier key reads, and the present one writes', () => {
    const now = `base64:${Buffer.alloc(cipher.includes('128') ? 16 : 32, 7).toString('base64')}`;
    const rotated = laravelCookie({ key: () => now, previousKeys: () => [key], cipher });
    expect(rotated.decode(cookie, name)).toBe(id);
    expect(laravelCookie({ key: now, cipher }).decode(rotated.encode(id, name), name)).toBe(id);
    expect(coding.decode(rotated.encode(id, name), name)).toBeUndefined();
  });

  test('the cookie of another name, another key or another cipher is none', () => {
    expect(coding.decode(cookie, 'remember_web')).toBeUndefined();
    expect(coding.decode(cookie, '')).toBeUndefined();
    for (const other of ciphers)
      if (other !== cipher)
        expect(laravelCookie({ key: recorded[other].key, cipher: other }).decode(cookie, name)).toBeUndefined();
  });

  test('a value without the hash of its name is none, though it was encrypted with the key', () => {
    const encrypter = laravelEncrypter({ key, cipher });
    const hash = createHmac('sha1', Buffer.from(key.slice(7), 'base64'))
      .update(`${name}v2`)
      .digest('hex');
    const plain = [
      '',
      id,
      `|${id}`,
      `${'0'.repeat(40)}|${id}`,
      `${hash}${id}`,
      `${hash.slice(1)}|${id}`,
      `${hash.toUpperCase()}|${id}`,
    ];
    for (const text of plain) expect(coding.decode(encrypter.encrypt(Buffer.from(text)), name)).toBeUndefined();
    expect(coding.decode(encrypter.encrypt(Buffer.from(`${hash}|${id}`)), name)).toBe(id);
  });

  test('each changed byte makes it none', () => {
    const envelope = open(cookie);
    for (const part of ['iv', 'value', isAead ? 'tag' : 'mac'] as const) {
      const text = String(envelope[part]);
      const bytes = Buffer.from(text, part === 'mac' ? 'hex' : 'base64');
      for (const [at, byte] of bytes.entries()) {
        const changed = Buffer.from(bytes);
        changed[at] = byte ^ (1 << (at % 8));
        const value = changed.toString(part === 'mac' ? 'hex' : 'base64');
        expect(coding.decode(seal({ ...envelope, [part]: value }), name)).toBeUndefined();
      }
    }
  });

  test('what is no payload of Laravel is none, and never an error', () => {
    const envelope = open(cookie);
    const wrong: unknown[] = [null, true, 5, 'x', [], {}, [envelope], { ...envelope, iv: [] }, { ...envelope, iv: '' }];
    for (const part of ['iv', 'value', 'mac', 'tag'] as const) {
      wrong.push({ ...envelope, [part]: null }, { ...envelope, [part]: 5 }, { ...envelope, [part]: { toString: 'x' } });
      if (part !== (isAead ? 'mac' : 'tag'))
        wrong.push({ ...envelope, [part]: '' }, { ...envelope, [part]: `${envelope[part]}A` });
    }
    // A short tag could be guessed, one on a cipher without is no payload, and a MAC is in small letters.
    if (isAead)
      for (let size = 1; size < 16; size++)
        wrong.push({
          ...envelope,
          tag: Buffer.from(String(envelope.tag), 'base64').subarray(0, size).toString('base64'),
        });
    else
      wrong.push(
        { ...envelope, tag: Buffer.alloc(16).toString('base64') },
        { ...envelope, mac: String(envelope.mac).toUpperCase() },
      );
    const values = [
      ...wrong.map(seal),
      '',
      '%',
      'ä',
      '\0',
      cookie.slice(0, -10),
      cookie.slice(10),
      'x'.repeat(100_000),
      id,
      '['.repeat(10_000),
    ];
    for (const value of values)
      expect([value.slice(0, 50), coding.decode(value, name)]).toEqual([value.slice(0, 50), undefined]);
  });

  test('a session that was encrypted is one string, and nothing in it is read', () => {
    const [encrypter, encrypted] = [laravelEncrypter({ key, cipher }), laravelEncrypted({ key, cipher })];
    const stored = (plain: string) =>
      Buffer.from(Buffer.from(encrypter.encrypt(Buffer.from(plain))).toString('base64'));
    expect(String(encrypted.decode(stored('s:3:"a";";')))).toBe('a";');
    for (const plain of [
      '',
      'a:0:{}',
      's:3:"a";',
      's:1:"a"',
      's:1:"a";i:1;',
      's:-1:"a";',
      's:01e0:"a";',
      's:0:"',
      'O:1:"A":0:{}',
      'S:1:"a";',
    ]) {
      expect([plain, encrypted.decode(stored(plain))]).toEqual([plain, undefined]);
    }
    expect(encrypted.decode(Buffer.from('a:0:{}'))).toBeUndefined();
    expect(encrypted.decode(Buffer.from([0xff, 0]))).toBeUndefined();
  });
});

test('with a MAC nothing is decrypted that has a wrong one: the padding tells nobody anything', () => {
  const { key } = recorded['AES-256-CBC'];
  const secret = Buffer.from(key.slice(7), 'base64');
  const iv = Buffer.alloc(16);
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const value = Buffer.concat([cipher.update('x'), cipher.final()]).toString('base64');
  const mac = (text: string) => createHmac('sha256', secret).update(text).digest('hex');
  const envelope = { iv: iv.toString('base64'), value, mac: mac(iv.toString('base64') + value), tag: '' };
  const encrypter = laravelEncrypter({ key });
  expect(String(encrypter.decrypt(seal(envelope)))).toBe('x');
  expect(encrypter.decrypt(seal({ ...envelope, mac: mac(value) }))).toBeUndefined();
  // The MAC is right, and the padding is not.
  const broken = Buffer.from(value, 'base64').subarray(0, 15).toString('base64');
  expect(encrypter.decrypt(seal({ ...envelope, value: broken, mac: mac(envelope.iv + broken) }))).toBeUndefined();
});

describe('the key is shown nowhere', () => {
  const secret = 'canary-0123456789-canary-0123456'; // 32 bytes, as it stands
  const key = `base64:${Buffer.from(secret).toString('base64')}`;
  const forms = [secret, key.slice(7), Buffer.from(secret).toString('hex'), [...Buffer.from(secret)].join()];
  const shown = (value: unknown) =>
    [
      inspect(value, { depth: Infinity, showHidden: true }),
      JSON.stringify(value) ?? '',
      format('%o', value),
      String(value),
    ].join('\n');
  const mentions = (text: string) => forms.some((form) => text.toLowerCase().includes(form.toLowerCase()));

  test('not by what has it', () => {
    const holders = [
      laravelCookie({ key }),
      laravelEncrypted({ key }),
      laravelEncrypter({ key: secret, previousKeys: [key] }),
    ];
    for (const holder of holders) expect(mentions(shown(holder))).toBe(false);
    expect(mentions(shown({ key }))).toBe(true); // not vacuous
  });

  test.each([
    ['a key of another size', { key, cipher: 'AES-128-CBC' }, 'key must be'],
    ['a previous key of another size', { key, previousKeys: [`${key}AAAA`] }, 'previousKeys must be'],
    ['previous keys in one text', { key, previousKeys: key }, 'previousKeys must be'],
    ['a key as cipher', { key, cipher: key }, 'cipher must be'],
    ['no key', { previousKeys: [key] }, 'key must be'],
    ['a Buffer', { key: Buffer.from(secret) }, 'key must be'],
  ])('not by the error for %s', (_, options, message) => {
    for (const make of [laravelCookie, laravelEncrypted]) {
      let error: unknown;
      try {
        make(options as never);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain(message);
      expect(mentions(shown(error))).toBe(false);
    }
  });

  test('not by a function that gives a wrong one later', () => {
    const coding = laravelCookie({ key: () => `${secret}x` });
    expect(() => coding.encode(id, name)).toThrow(TypeError);
    try {
      coding.encode(id, name);
    } catch (error) {
      expect(mentions(shown(error))).toBe(false);
    }
  });
});
