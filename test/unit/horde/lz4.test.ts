import { describe, expect, test } from '@jest/globals';
import { isLz4, readLz4 } from '../../../src/horde/lz4.ts';

/** A frame of horde_lz4. */
function frame(size: number, ...block: number[]): Buffer {
  const head = Buffer.alloc(5);
  head[0] = 0x48;
  head.writeUInt32LE(size, 1);
  return Buffer.concat([head, Buffer.from(block)]);
}

describe('a frame', () => {
  test('of literals', () => {
    expect(Buffer.from(readLz4(frame(3, 0x30, 97, 98, 99))).toString()).toBe('abc');
  });

  test('with a match that overlaps itself, and lengths in more bytes', () => {
    const text = Buffer.from(readLz4(frame(1 + 4 + 15 + 255 + 2 + 1, 0x1f, 97, 1, 0, 255, 2, 0x10, 98))).toString();
    expect(text).toBe(`${'a'.repeat(277)}b`);
  });

  test('one byte of msgpack is none', () => {
    expect(isLz4(Uint8Array.of(0x48))).toBe(false);
  });
});

describe('a forged frame', () => {
  test.each([
    ['a length that the block cannot have', frame(16_000_000, 0x30, 97, 98, 99), 'ERR_PHP_SYNTAX'],
    ['more than 16 MB', frame(0xffffffff, 0x30, 97, 98, 99), 'ERR_PHP_LIMIT'],
    ['a length that is not reached', frame(4, 0x30, 97, 98, 99), 'ERR_PHP_SYNTAX'],
    ['more literals than its length', frame(2, 0x30, 97, 98, 99), 'ERR_PHP_SYNTAX'],
    ['more literals than there are', frame(9, 0x90, 97, 98, 99), 'ERR_PHP_SYNTAX'],
    ['a length of literals without end', frame(200, 0xf0, 255, 255), 'ERR_PHP_SYNTAX'],
    ['an offset of 0', frame(9, 0x10, 97, 0, 0, 0x10, 97), 'ERR_PHP_SYNTAX'],
    ['an offset before the start', frame(9, 0x10, 97, 2, 0, 0x10, 97), 'ERR_PHP_SYNTAX'],
    ['half of an offset', frame(9, 0x10, 97, 1), 'ERR_PHP_SYNTAX'],
    ['a match beyond its length', frame(9, 0x1f, 97, 1, 0, 200, 0x10, 97), 'ERR_PHP_SYNTAX'],
    ['nothing after a match', frame(5, 0x10, 97, 1, 0), 'ERR_PHP_SYNTAX'],
  ])('%s is an error', (_, bytes, code) => {
    expect(() => readLz4(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('takes no memory for what it only claims', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) expect(() => readLz4(frame(16_000_000, 0x30, 97, 98, 99))).toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  });
});
