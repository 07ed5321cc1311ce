import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { recognizeEncoding } from '../../../src/codec/encodings.ts';
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

describe('the edges of what is recognized', () => {
  const recognized = (data: string | readonly number[]) =>
    recognizeEncoding(Uint8Array.from(Buffer.from(data as string)));

  test.each<[string, number[]]>([
    ['version 0', [0, 0, 0, 0]],
    ['version 3', [0, 0, 0, 3]],
    ['another first byte', [1, 0, 0, 2]],
    ['another second byte', [0, 1, 0, 2]],
    ['another third byte', [0, 0, 1, 2]],
  ])('no igbinary: %s', (_, bytes) => {
    expect(recognized(bytes)).toBeUndefined();
  });

  test('igbinary 1 and 2', () => {
    for (const version of [1, 2]) expect(recognized([0, 0, 0, version])).toBe('igbinary');
  });

  test.each<[number[], string | undefined]>([
    [[0x1f, 0x8b], 'gzip'],
    [[0x1f, 0x8a], undefined],
    [[0x1e, 0x8b], undefined],
    [[0x78, 0x01], 'zlib'],
    [[0x78, 0x9c], 'zlib'],
    [[0x78, 0x9d], undefined],
    [[0x58, 0x85], undefined], // its checksum is right
    [[0x78], undefined],
  ])('compressed: %j is %s', (bytes, encoding) => {
    expect(recognized(bytes)).toBe(encoding);
  });

  test('the first key of a map of msgpack', () => {
    const isKey = (key: number) =>
      key < 0x80 || (key >= 0xa0 && key <= 0xc0) || (key >= 0xcc && key <= 0xd3) || (key >= 0xd9 && key <= 0xdb);
    const keys = Array.from({ length: 256 }, (_, key) => key);
    expect(keys.filter((key) => recognized([0x81, key]) === 'msgpack')).toEqual(keys.filter(isKey));
  });

  test.each<[number[], string | undefined]>([
    [[0x80, 0xa1], undefined],
    [[0x8f, 0xa1], 'msgpack'],
    [[0x90, 0xa1], undefined],
    [[0x81], undefined],
    [[0xde, 0, 16, 0xa1], 'msgpack'],
    [[0xde, 0, 16], undefined],
    [[0xde, 0xa1, 0xa1, 0x80], undefined],
    [[0xdf, 0, 0, 0, 16, 0xa1], 'msgpack'],
    [[0xdf, 0, 0, 0, 16], undefined],
    [[0xdf, 0xa1, 0xa1, 0xa1, 0xa1, 0x80], undefined],
    [[0xdd, 0, 0, 0, 16, 0xa1], undefined],
  ])('the size of a map of msgpack: %j is %s', (bytes, encoding) => {
    expect(recognized(bytes)).toBe(encoding);
  });

  test.each<[string, string | undefined]>([
    ['', undefined],
    ['[1]', 'json'],
    ['\t{"a":1}\r\n', 'json'],
    ['x[1]', undefined],
    ['^[1]', undefined],
    ['"text"', undefined],
    ['12', undefined],
    ['[1', undefined],
    ['["\x01"]', undefined],
    ['é["a"]', undefined],
    ['YWJj', undefined],
    ['YWJjZGVm', 'base64'],
    ['YWJjZA==', 'base64'],
    ['YWJjZGU=', 'base64'],
    [' YWJjZGVm\n', 'base64'],
    ['YWJjZGVmZ', undefined],
    ['YWJjZGVmZ2g', undefined],
    ['YWJjZ===', undefined],
    ['========', undefined],
    ['YWJj-GVm', undefined],
    ['=YWJjZGV', undefined],
    ['YWJjZGVmé', undefined],
    ['éYWJjZGVmYWJjZGV', undefined],
  ])('text: %j is %s', (text, encoding) => {
    expect(recognized(text)).toBe(encoding);
  });

  test.each<[string, string | undefined]>([
    ['{"iv":"a","value":"b","mac":"c"}', 'laravel-encrypted'],
    ['{"iv" : "a","tag" : "c"}', 'laravel-encrypted'],
    ['{"iv":"a","value":"b"}', 'base64'],
    ['{"value":"b","mac":"c"}', 'base64'],
    ['{"value":"b","tag":"c"}', 'base64'],
    ['"iv": "mac": no JSON', 'base64'],
    ['{"iv","mac"} no colons', 'base64'],
    ['{"iv":"a","magic":"c"}', 'base64'],
  ])('in base64: %j is %s', (text, encoding) => {
    expect(recognized(base64(text))).toBe(encoding);
    expect(recognized(base64(base64(text)))).toBe(encoding);
  });
});
