import { expect, test } from '@jest/globals';
import { readKey, readText, writeKey, writeText } from '../../../src/codec/bytes.ts';

const room = Buffer.alloc(64);

/** What is written, or `undefined`. */
function written(write: typeof writeText, text: string): string | undefined {
  const end = write(room, 3, text);
  return end < 0 ? undefined : room.toString('latin1', 3, end);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function reference(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

test('all sequences of up to two bytes, and the edges of longer ones, are decoded as TextDecoder does', () => {
  const edges = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  ];
  edges.push(0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  const sequences = [
    ...all.map((a) => [a]),
    ...all.flatMap((a) => all.map((b) => [a, b])),
    ...edges.flatMap((a) => edges.flatMap((b) => edges.flatMap((c) => edges.map((d) => [a, b, c, d])))),
  ];
  for (const sequence of sequences) {
    const bytes = Buffer.from(sequence);
    const text = bytes.toString('latin1');
    const decoded = readText(bytes, 0, bytes.length);
    if (decoded !== reference(bytes)) throw new Error(`decodes ${bytes.toString('hex')} to ${decoded}`);
    if (decoded !== undefined && written(writeText, decoded) !== text)
      throw new Error(`does not encode ${bytes.toString('hex')}`);
    if (written(writeKey, readKey(bytes, 0, bytes.length)) !== text)
      throw new Error(`loses the key ${bytes.toString('hex')}`);
  }
});

test('every code point is encoded as TextEncoder does, and surrogates are refused', () => {
  for (let point = 0; point <= 0x10ffff; point += point < 0x11000 ? 1 : 61) {
    const text = String.fromCodePoint(point);
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    const expected = isSurrogate ? undefined : Buffer.from(text).toString('latin1');
    if (written(writeText, text) !== expected) throw new Error(`U+${point.toString(16)}`);
  }
  expect(written(writeKey, '\udce9')).toBe('\xe9');
  expect(written(writeKey, '\ud800')).toBeUndefined();
  // These two would be read back as é: no key that was read looks like this.
  expect(written(writeKey, '\udcc3\udca9')).toBeUndefined();
});
