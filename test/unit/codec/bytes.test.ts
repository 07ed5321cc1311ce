import { expect, test } from '@jest/globals';
import { readKey, readText, writeKey, writeText } from '../../../src/codec/php/text.ts';

const room = Buffer.alloc(600);

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

const edges = [
  [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef],
  [0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
].flat();
const all = Array.from({ length: 256 }, (_, byte) => byte);
const every = (first: readonly number[], ...rest: (readonly number[])[]): number[][] =>
  first.flatMap((byte) =>
    rest.length === 0 ? [[byte]] : every(...(rest as [number[]])).map((tail) => [byte, ...tail]),
  );

// In parts, as a test that takes long is not run for each change of the codec (see docs/testing.md).
test.each<[what: string, sequences: () => number[][]]>([
  ['one byte, or two', () => [...every(all), ...every(all, edges), ...every(edges, all)]],
  ['any two bytes', () => every(all, all)],
  ['three bytes, at the edges', () => every(edges, edges, edges)],
  [
    'a byte before or after two',
    () => [...every([0x41, 0xe2, 0xff], edges, edges), ...every(edges, edges, [0x41, 0x80])],
  ],
  [
    'four bytes, at the edges',
    () => every([0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5], edges, edges, [0x7f, 0x80, 0xbf, 0xc0]),
  ],
  ['bytes around one or two characters', () => every([0x41, 0x80, 0xff], edges, [0x80, 0xbf], edges, [0x41, 0x80])],
])('is decoded as TextDecoder does: %s', (_what, sequences) => {
  for (const sequence of sequences()) {
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

test.each([
  ['of one or two bytes', 0, 0x800, 1],
  ['of three bytes, and surrogates', 0x800, 0x10000, 7],
  ['of four bytes', 0x10000, 0x110000, 997],
  ['next to the edges', 0xd7f0, 0xe010, 1],
])('code points %s are encoded as TextEncoder does, and surrogates are refused', (_what, first, behind, step) => {
  for (let point = first; point < behind; point += step) {
    const text = String.fromCodePoint(point);
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    for (const around of ['', 'x', 'x'.repeat(70)]) {
      const whole = `${around}${text}${around}`;
      const expected = isSurrogate ? undefined : Buffer.from(whole).toString('latin1');
      if (written(writeText, whole) !== expected) throw new Error(`U+${point.toString(16)}`);
    }
  }
});

test('a key holds each byte that is no UTF-8, and no half of a surrogate pair besides', () => {
  expect(written(writeKey, '\udce9')).toBe('\xe9');
  expect(written(writeKey, '\ud800')).toBeUndefined();
  // These two would be read back as é: no key that was read looks like this.
  expect(written(writeKey, '\udcc3\udca9')).toBeUndefined();
});
