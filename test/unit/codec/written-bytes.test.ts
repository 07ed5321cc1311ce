import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpObject } from '../../../src/codec/index.ts';
import { bytes } from './helpers.ts';
import { loadWith, withBuffer } from './other-buffer.ts';

// A session is written into memory of 65,536 bytes, which serves the next session too. Where it is too small, another one
// takes its place. What comes out must show neither.

const firstMemory = 65_536;
const sizes = [0, 10, 5000, 30_000, 40_000, 65_000, 66_000, 100_000, 300_000];
const pad = (size: number) => ({ pad: new Uint8Array(size).fill(0x78) });

describe('where the memory ends, nothing is lost, whatever is written there', () => {
  const classes = ['Foo', 'F'.repeat(100), '日'.repeat(40)];
  test.each<[name: string, variables: Record<string, unknown>]>([
    ['the ends of arrays', { x: [[[[[[new Uint8Array(1)]]]]]] }],
    ['the start of an array', { x: [[1, 2, 3]] }],
    ['an int', { x: [Number.MIN_SAFE_INTEGER] }],
    ['an int of 64 bits', { x: [-(2n ** 63n)] }],
    ['a float', { x: [-1.2345678901234567e-100] }],
    ['booleans and null', { x: [true, false, null] }],
    ['bytes', { x: [new Uint8Array(40)] }],
    ['text of one byte a character', { x: ['x'.repeat(40)] }],
    ['text of two bytes a character', { x: ['é'.repeat(30)] }],
    ['text of three bytes a character', { x: ['日'.repeat(30)] }],
    ['text of four bytes a character', { x: ['😀'.repeat(20)] }],
    ['a key', { x: { [`日${'y'.repeat(30)}`]: 1 } }],
    ['a key that is no UTF-8', { x: { [`${'\udcff'.repeat(30)}`]: 1 } }],
    ['names of variables', { a: null, b: null, ['v'.repeat(40)]: null, ['日'.repeat(20)]: null }],
    ['the name of a class', { x: new PhpObject('F'.repeat(100)) }],
    ['the name of a class, three bytes a character', { x: new PhpObject('日'.repeat(40)) }],
  ])('%s', (_name, variables) => {
    const tail = encodeSession(variables, { classes });
    for (let start = firstMemory - tail.length - 1; start <= firstMemory + 1; start++) {
      const size = start - 'pad|s:65536:"";'.length;
      const written = encodeSession({ ...pad(size), ...variables }, { classes });
      const expected = Buffer.concat([bytes(`pad|s:${size}:"`), pad(size).pad, bytes('";'), tail]);
      if (!expected.equals(written)) throw new Error(`wrong from ${start} on`);
    }
  });
});

describe('what was written', () => {
  test('belongs to the caller: no other session is written into it, nor reads from it', () => {
    const fresh = sizes.map((size) => encodeSession({ a: 1, ...pad(size) }));
    const copies = fresh.map((written) => Buffer.from(written));
    for (const size of sizes) encodeSession({ b: [2, 'other'], ...pad(size) });
    for (const [index, copy] of copies.entries()) expect(copy.equals(fresh[index]!)).toBe(true);
    for (const written of fresh) written.fill(0xff);
    for (const [index, size] of sizes.entries()) {
      expect(copies[index]!.equals(encodeSession({ a: 1, ...pad(size) }))).toBe(true);
    }
  });

  test('keeps no more than twice its memory, or what Buffer.from() keeps', () => {
    const names = [...'abcdefghijkl'];
    const data = encodeSession(Object.fromEntries(names.map((name) => [name, pad(30_000).pad])));
    for (let count = 0; count <= names.length; count++) {
      const read = decodeSession(data);
      for (const name of names.slice(count)) delete read[name];
      const written = encodeSession(read);
      expect(written.length).toBe((data.length / names.length) * count);
      expect(written.buffer.byteLength).toBeLessThanOrEqual(Math.max(Buffer.poolSize, 2 * written.length));
    }
    for (const size of sizes) {
      const written = encodeSession(pad(size));
      expect(written.buffer.byteLength).toBeLessThanOrEqual(Math.max(Buffer.poolSize, 2 * written.length));
    }
  });

  test('has nothing behind it that was in its memory before', () => {
    // Memory that others left full of secrets.
    const used = (size: number) => Buffer.alloc(size, 'secret');
    const other = new Proxy(Buffer, {
      get: (real, name) => (name === 'allocUnsafeSlow' ? used : Reflect.get(real, name)),
    });
    const copy = loadWith(other);
    for (const size of sizes) {
      const session = { a: [1, 'é', 0.5], ...pad(size) };
      const written = withBuffer(other, () => copy.encodeSession(session));
      expect(Buffer.from(written).equals(encodeSession(session))).toBe(true);
      const { buffer, byteOffset, length } = written;
      if (buffer.byteLength <= Buffer.poolSize) continue; // shared by what Buffer.from() made, all of it copies
      expect(new Uint8Array(buffer, byteOffset + length).every((byte) => byte === 0)).toBe(true);
    }
  });
});
