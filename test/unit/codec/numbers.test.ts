import { describe, expect, test } from '@jest/globals';
import { PhpFloat, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { RandomPhp } from '../../helpers/random-php.ts';

const random = new RandomPhp(1);
const digits = (count: number) => Array.from({ length: count }, () => random.below(10)).join('');

describe('the float that is read is the nearest to its text', () => {
  test.each([
    '.5',
    '5.',
    '-.5',
    '-0',
    '-0.0',
    '+0.1',
    '0.1',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
    '0.00000000000001',
    '0.000000000000001',
    '0.0000000000000001',
    '00000000000000000000.5',
    '1e15',
    '1.5E-7',
    '999999999999999',
    '99999999999999.9',
    '9.99999999999999',
    '9.999999999999999',
  ])('%s', (written) => {
    expect(unserialize(latin1Bytes(`d:${written};`))).toBe(Number(written));
  });

  test('with any number of digits before and after the point', () => {
    for (let whole = 0; whole <= 18; whole++) {
      for (let decimals = whole === 0 ? 1 : 0; decimals <= 18; decimals++) {
        for (const sign of ['', '-']) {
          const written = `${sign}${digits(whole)}${decimals > 0 ? `.${digits(decimals)}` : ''}`;
          const read = unserialize(latin1Bytes(`d:${written};`));
          if (!Object.is(read, Number(written))) throw new Error(`${written} is read as ${read}`);
        }
      }
    }
  });

  test('in the exact view it is a PhpFloat', () => {
    for (const written of ['1', '0.5', '-INF', '1.0E+25']) {
      const read = unserialize<PhpFloat>(latin1Bytes(`d:${written};`), { view: 'exact' });
      expect([read instanceof PhpFloat, latin1Text(serialize(read))]).toEqual([true, `d:${written};`]);
    }
  });
});

describe('ints', () => {
  test('are written and read with any number of digits', () => {
    const edges = [0x3fffffff, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER];
    const powers = Array.from({ length: 15 }, (_, power) => 10 ** (power + 1));
    for (const near of [...edges, ...powers]) {
      for (const number of [near - 1, near, near + 1].filter(Number.isSafeInteger)) {
        for (const value of [number, -number]) {
          expect(latin1Text(serialize(value))).toBe(`i:${value};`);
          expect(unserialize(latin1Bytes(`i:${value};`))).toBe(value);
        }
      }
    }
  });

  test('beyond 2^53 they are bigints, up to it numbers', () => {
    const read = (written: string) => unserialize(latin1Bytes(`i:${written};`));
    expect([read('9007199254740991'), read('-9007199254740991')]).toEqual([9007199254740991, -9007199254740991]);
    expect([read('9007199254740992'), read('-9007199254740992')]).toEqual([9007199254740992n, -9007199254740992n]);
    expect([read('9223372036854775807'), read('9223372036854775808')]).toEqual([2n ** 63n - 1n, 2n ** 63n - 1n]);
    expect([read('-9223372036854775808'), read('-9223372036854775809')]).toEqual([-(2n ** 63n), -(2n ** 63n)]);
    expect([read('00000000000000000000009007199254740993'), read('+9007199254740993')]).toEqual([
      9007199254740993n,
      9007199254740993n,
    ]);
  });
});
