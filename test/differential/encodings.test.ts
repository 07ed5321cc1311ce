import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { base64, type Encoding, rawDeflate, rawurlencode } from '../../src/encoded.ts';
import { seed } from '../helpers/fuzz.ts';
import { RandomPhp } from '../helpers/random-php.ts';
import { PackingPhp, type PhpFunction } from './packed.ts';

let php: PackingPhp;
beforeAll(() => {
  php = new PackingPhp();
});
afterAll(() => php.close());

const encodings: [Encoding, encode: PhpFunction, decode: PhpFunction][] = [
  [base64, 'base64_encode', 'base64_decode'],
  [rawurlencode, 'rawurlencode', 'rawurldecode'],
  [rawDeflate, 'gzdeflate', 'gzinflate'],
];

describe.each(encodings)('$name', (encoding, encode, decode) => {
  const random = new RandomPhp(seed);
  const all = [
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    ...Array.from({ length: 2_000 }, () => random.session()).filter(({ length }) => length > 0),
  ];

  test('PHP reads what we write', async () => {
    expect(
      await php.ask(
        decode,
        all.map((data) => encoding.encode(data)),
      ),
    ).toEqual(all);
  });

  test('we read what PHP writes', async () => {
    const packed = (await php.ask(encode, all)) as Buffer[];
    expect(packed.map((bytes) => Buffer.from(encoding.decode(bytes)!))).toEqual(all);
  });

  test('what is damaged, or not packed, is not in it; or PHP reads the same', async () => {
    const damaged = all.map((data) => random.damaged(Buffer.from(encoding.encode(data)))).concat(all);
    const theirs = await php.ask(decode, damaged);
    const found = damaged.map((bytes) => encoding.decode(bytes));
    const differing = found.filter((data, index) => data !== undefined && !theirs[index]?.equals(data));
    expect(differing).toEqual([]);
    expect(found.filter((data) => data === undefined).length).toBeGreaterThan(all.length / 2);
  });
});

test('a few bytes do not become more than a session', () => {
  const bomb = deflateRawSync(Buffer.alloc(16_777_217));
  expect(bomb.length).toBeLessThan(20_000);
  expect(() => rawDeflate.decode(bomb)).toThrow(expect.objectContaining({ code: 'ERR_PHP_LIMIT' }));
  expect(rawDeflate.decode(deflateRawSync(Buffer.alloc(16_777_216)))).toHaveLength(16_777_216);
});
