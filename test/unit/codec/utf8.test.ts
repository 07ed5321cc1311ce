import { describe, expect, test } from '@jest/globals';
import { serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';

// Text and names with everything that UTF-8 may or may not hold, also next to U+FFFD, which is what decoders put in the place
// of invalid bytes, and next to invalid bytes.

const latin1 = (value: string) => Buffer.from(value).toString('latin1');
const serialized = (raw: string) => `s:${raw.length}:"${raw}";`;
const readValue = (raw: string) => unserialize(latin1Bytes(serialized(raw)));
const readName = (raw: string) => Object.keys(unserialize<object>(latin1Bytes(`a:1:{${serialized(raw)}N;}`)))[0]!;

const points = [
  0x01, 0x7f, 0x80, 0xbf, 0xc0, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000,
  0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff,
];

const invalid: [what: string, raw: string][] = [
  ['a byte that only follows', '\x80'],
  ['two of them', '\xbf\x80'],
  ['two bytes for ASCII', '\xc0\x80'],
  ['two bytes for ASCII, the last', '\xc1\xbf'],
  ['two bytes, cut off', '\xc2'],
  ['two bytes, the second is ASCII', '\xdf\x7f'],
  ['two bytes, the second begins another', '\xdf\xc0'],
  ['three bytes for two, the last', '\xe0\x9f\xbf'],
  ['three bytes, the last is missing', '\xe0\xa0'],
  ['three bytes, two are missing', '\xef'],
  ['three bytes, the last begins another', '\xe1\x80\xc0'],
  ['the first surrogate', '\xed\xa0\x80'],
  ['the last surrogate', '\xed\xbf\xbf'],
  ['four bytes for three, the last', '\xf0\x8f\xbf\xbf'],
  ['four bytes, the last is missing', '\xf0\x90\x80'],
  ['four bytes, two are missing', '\xf1\x80'],
  ['four bytes, three are missing', '\xf3'],
  ['beyond the last code point', '\xf4\x90\x80\x80'],
  ['far beyond', '\xf5\x80\x80\x80'],
  ['bytes that never occur', '\xfe\xff'],
];

test.each(points)('U+%i in a value and in a name', (point) => {
  const character = String.fromCodePoint(point);
  for (const value of [character, `\ufffd${character}`, `${character}\ufffd`, `a${character}${'x'.repeat(60)}`]) {
    expect(readValue(latin1(value))).toBe(value);
    expect(readName(latin1(value))).toBe(value);
    expect(latin1Text(serialize(value))).toBe(serialized(latin1(value)));
    expect(latin1Text(serialize({ [value]: null }))).toBe(`a:1:{${serialized(latin1(value))}N;}`);
  }
  // Bytes that are no UTF-8 stand for themselves in a name; what is valid around them is text.
  const name = `\xff${latin1(character)}\xff`;
  expect(readName(name)).toBe(`\udcff${character}\udcff`);
  expect(latin1Text(serialize({ [readName(name)]: null }))).toBe(`a:1:{${serialized(name)}N;}`);
});

describe('bytes that are no UTF-8', () => {
  const escaped = (raw: string) => [...raw].map((byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0))).join('');
  const byBytes = (raw: string) => raw.replaceAll(/[\x80-\xff]/g, escaped);

  test.each(invalid)('%s', (_what, raw) => {
    for (const value of [raw, `x${raw}`, `${raw}x`, latin1('\ufffd') + raw, raw + latin1('é'), raw + 'x'.repeat(60)]) {
      expect(readValue(value)).toEqual(new Uint8Array(latin1Bytes(value)));
      expect(latin1Text(serialize(readValue(value)))).toBe(serialized(value));
      expect(latin1Text(serialize({ [readName(value)]: null }))).toBe(`a:1:{${serialized(value)}N;}`);
    }
    expect(readName(`${raw}x`)).toBe(byBytes(`${raw}x`));
  });

  test('all of them as names of one array stay apart', () => {
    const names = [...new Set(invalid.flatMap(([, raw]) => [raw, `${raw}\x80`]))];
    const data = `a:${names.length}:{${names.map((raw) => `${serialized(raw)}N;`).join('')}}`;
    expect(Object.keys(unserialize<object>(latin1Bytes(data)))).toHaveLength(names.length);
    expect(latin1Text(serialize(unserialize(latin1Bytes(data))))).toBe(data);
  });
});
