import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpObject, serialize } from '../../../src/codec/index.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';
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
      const expected = Buffer.concat([latin1Bytes(`pad|s:${size}:"`), pad(size).pad, latin1Bytes('";'), tail]);
      if (!expected.equals(written)) throw new Error(`wrong from ${start} on`);
    }
  });
});

/** What each way to write gives, in all sizes, with a copy of it. */
function results(): { written: Uint8Array; expected: Buffer }[] {
  const all = sizes.flatMap((size) => {
    const stored = latin1Bytes(`n|i:1;r|R:1;pad|s:${size}:"${'x'.repeat(size)}";`);
    const changed = decodeSession(stored);
    changed.more = 'é';
    return [
      encodeSession(pad(size)), // new
      encodeSession(changed),
      encodeSession(decodeSession(stored)), // unchanged, with references: a copy of all
      encodeSession(decodeSession(stored, { view: 'exact' })),
      serialize(pad(size).pad),
    ];
  });
  all.push(encodeSession({}), encodeSession({ a: 1 }), serialize(null));
  return all.map((written) => ({ written, expected: Buffer.from(written) }));
}

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

  test('keeps no more than twice its memory, also where it is small', () => {
    const names = [...'abcdefghijkl'];
    const data = encodeSession(Object.fromEntries(names.map((name) => [name, pad(30_000).pad])));
    for (let count = 0; count <= names.length; count++) {
      const read = decodeSession(data);
      for (const name of names.slice(count)) delete read[name];
      const written = encodeSession(read);
      expect(written.length).toBe((data.length / names.length) * count);
      expect(written.buffer.byteLength).toBeLessThanOrEqual(2 * written.length);
    }
    for (const { written } of results()) expect(written.buffer.byteLength).toBeLessThanOrEqual(2 * written.length);
  });

  test('may be transferred to another thread, and nothing else goes with it', () => {
    const all = results();
    for (const [index, { written, expected }] of all.entries()) {
      const there = structuredClone(written, { transfer: [written.buffer as ArrayBuffer] });
      // Node 20 would make a copy of what cannot be transferred, and leave this one.
      expect(written.length).toBe(0);
      expect(expected.equals(there)).toBe(true);
      for (const other of all.slice(index + 1)) expect(other.expected.equals(other.written)).toBe(true);
    }
    for (const { written, expected } of results()) expect(expected.equals(written)).toBe(true);
  });

  test('has no old memory after it', () => {
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
      expect(new Uint8Array(buffer, byteOffset + length).every((byte) => byte === 0)).toBe(true);
    }
  });
});
