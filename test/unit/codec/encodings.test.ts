import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { encodeSession } from '../../../src/codec/index.ts';
import { detectSessionFormat } from '../../../src/formats.ts';

/** The error for bytes that are in none of PHP's three formats. */
const recorded: { handler: string; session: object; hex: string }[] = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/encodings/sessions.json'), 'utf8'),
);
const session = { user: 'alice', cart: ['a', 'b'] };
const base64 = (data: string | Uint8Array) => Buffer.from(data).toString('base64');
const php = encodeSession(session);
const phpSerialize = encodeSession(session, { format: 'php_serialize' });
const encrypted = JSON.stringify({
  iv: base64('0123456789abcdef'),
  value: base64('x'.repeat(64)),
  mac: 'f'.repeat(64),
  tag: '',
});

const detected = (data: string | Uint8Array) => detectSessionFormat(Buffer.from(data as string));

test.each(recorded)('$handler, of $session', ({ handler, hex }) => {
  expect(detected(Buffer.from(hex, 'hex'))).toMatchObject({ possible: [], encoding: handler });
});

test.each<[string, string | Uint8Array]>([
  ['json', JSON.stringify(session)],
  ['json', '  [1, 2]\n'],
  ['json', '{"name":"Zoë"}'],
  ['laravel-encrypted', base64(encrypted)],
  ['laravel-encrypted', base64(base64(encrypted))],
  ['gzip', gzipSync(php)],
  ['zlib', deflateSync(php)],
])('%s: %j', (encoding, data) => {
  const { inner, ...found } = detected(data);
  expect([found, inner]).toMatchObject([{ format: undefined, certainty: 'none', possible: [], encoding }, undefined]);
});

describe('base64', () => {
  test.each<[string, Uint8Array]>([
    ['php', php],
    ['php_serialize', phpSerialize],
    ['php_binary', encodeSession(session, { format: 'php_binary' })],
  ])('of %s', (format, data) => {
    expect(detected(base64(data))).toMatchObject({ encoding: 'base64', inner: { format, certainty: 'sure' } });
    expect(detected(`${base64(data)}\n`)).toMatchObject({ encoding: 'base64', inner: { format } });
  });

  test('of another encoding', () => {
    const data = Buffer.from(recorded[0]!.hex, 'hex');
    expect(detected(base64(data))).toMatchObject({ encoding: 'base64', inner: { possible: [], encoding: 'igbinary' } });
    expect(detected(base64(base64(php)))).toMatchObject({ encoding: 'base64', inner: { encoding: 'base64' } });
  });

  test('of nothing that is known: a word is no session', () => {
    for (const word of ['password', 'abcdefghijkl', base64('some text that is no session')]) {
      const found = detected(word);
      expect([found.encoding, found.inner]).toEqual([undefined, undefined]);
    }
  });

  test('in many layers is looked at once', () => {
    let data = Buffer.from(php).toString('latin1');
    for (let layer = 1; layer <= 12; layer++) data = base64(data);
    expect(detected(data)).toMatchObject({ encoding: 'base64' });
  });
});

test('text is looked at up to 1 MB, as JSON takes many times its size in memory', () => {
  const json = (length: number) => `["${'x'.repeat(length - 4)}"]`;
  expect(detected(json(1_048_576)).encoding).toBe('json');
  expect(detected(json(1_048_577)).encoding).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['a session', php],
  ['a session that was cut off', php.subarray(0, -3)],
  ['text', 'hello'],
  ['blanks', '   '],
  ['a brace', '{'],
  ['one byte', Buffer.from([0x85])],
  ['what begins as compressed', Buffer.from([0x78, 0x00, 0x01])],
  ['a short header', Buffer.from([0, 0, 0])],
])('%s: none', (_, data) => {
  expect(detected(data).encoding).toBeUndefined();
});
