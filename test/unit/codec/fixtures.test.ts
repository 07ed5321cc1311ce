import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../../src/codec/index.ts';
import { encoded, text, touched } from './helpers.ts';

// Sessions recorded from PHP by fixtures/record.php; fixtures/sessions.php is the code that filled them.
const directory = join(__dirname, '../../../fixtures/sessions');
const names = readdirSync(directory).map((file) => file.replace(/\.session$/, ''));
const load = (name: string) => readFileSync(join(directory, `${name}.session`));

/** What an application sees of those that have no objects. */
const plain: Record<string, unknown> = {
  article: { count: 5, foo: 'bar' },
  empty: {},
  'null-and-bools': { n: null, t: true, f: false },
  ints: { a: 0, b: -1, c: 9007199254740991, d: 9007199254740992n, e: 2n ** 63n - 1n, f: -(2n ** 63n) },
  floats: { a: 1, b: -0, c: 0.1 + 0.2, d: 1e25, e: 1.5e-7, f: 5e-324, g: 1e17, h: Number('123456789012345678') },
  'floats-not-finite': { a: [Number.NaN, Infinity, -Infinity] },
  strings: { a: '', b: 'é😀', c: 'x|y;}"\n', d: '\ufeff' },
  bytes: {
    a: new Uint8Array([0xff, 0xfe, 0]),
    b: new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
    c: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  },
  lists: { a: [], b: [1, [2, []], { x: [] }] },
  maps: { a: { b: 1, 10: 2, 9: 3 }, b: { 1: 1, 0: 2 }, c: { '-5': 1, '9223372036854775807': 2 } },
  unset: { a: { 0: 1, 2: 3 } },
  'numeric-text-keys': {
    a: { 5: 1, '05': 2, '-0': 3, '-5': 4, '9223372036854775808': 5, '1.5': 6, ' 5': 7 },
  },
  'reference-to-scalar': { a: 1, b: 1 },
  'reference-to-array': { a: [1, 2], b: [1, 2] },
  'reference-to-element': { a: [1, 2], b: 2 },
  'references-in-arrays': { a: { k: 1, l: [1] }, b: 1 },
  'reference-with-one-holder': { a: 5 },
  'copy-of-array': { a: [1, { x: 1 }], b: [1, { x: 1 }] },
};

describe('sessions that PHP wrote', () => {
  test.each(names)('%s: comes back byte for byte', (name) => {
    const data = load(name);
    expect(text(encodeSession(decodeSession(data)))).toBe(text(data));
    expect(touched(text(data))).toBe(text(data));
    const serializePrecision = name === 'floats-17-digits' ? 17 : -1;
    const exact = decodeSession(data, { view: 'exact' });
    expect(text(encodeSession(exact, { serializePrecision }))).toBe(text(data));
  });

  test.each(names)('%s: one key more, and gone again', (name) => {
    const read = decodeSession(load(name));
    read.new = 1;
    expect(encoded(read)).toBe(`${text(load(name))}new|i:1;`);
    const more = decodeSession(encodeSession(read));
    delete more.new;
    expect(encoded(more)).toBe(text(load(name)));
  });

  test.each(Object.entries(plain))('%s: what an application sees', (name, expected) => {
    expect({ ...decodeSession(load(name)) }).toEqual(expected);
  });
});
