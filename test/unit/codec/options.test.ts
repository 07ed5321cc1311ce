import { describe, expect, test } from '@jest/globals';
import {
  type DecodeOptions,
  decodeSession,
  type EncodeOptions,
  encodeSession,
  PhpEnum,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

describe('limits', () => {
  const elements = (count: number) => latin1Bytes(`a|a:${count}:{${'i:0;N;'.repeat(count)}}`);
  const size = (total: number) => {
    const head = `a|s:${total - 16}:"`;
    return latin1Bytes(`${head}${'x'.repeat(total - 16)}";`);
  };

  test('by default 16 MiB, as in a MEDIUMBLOB', () => {
    const most = size(16_777_216);
    expect(most).toHaveLength(16_777_216);
    expect(Object.keys(decodeSession(most))).toEqual(['a']);
    expect(failure(() => decodeSession(Buffer.concat([latin1Bytes('b|N;'), most])))).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      message: expect.stringContaining('maxBytes, 16777216,') as unknown,
    });
  });

  test('by default 1,048,576 elements', () => {
    // With the variable itself.
    expect(Object.keys(decodeSession(elements(1_048_575)))).toEqual(['a']);
    expect(failure(() => decodeSession(elements(1_048_576)))).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      message: expect.stringContaining('maxElements, 1048576,') as unknown,
    });
  });

  test('elements are counted over all arrays and objects, variables too', () => {
    const nested = latin1Bytes('a|a:1:{i:0;O:3:"Foo":1:{s:1:"p";a:1:{i:0;N;}}}b|a:1:{i:0;N;}');
    expect(Object.keys(decodeSession(nested, { maxElements: 6 }))).toEqual(['a', 'b']);
    expect(failure(() => decodeSession(nested, { maxElements: 5 })).code).toBe('ERR_PHP_LIMIT');
  });

  test('levels are inside each other, not next to each other', () => {
    const beside = `a:5:{${[0, 1, 2, 3].map((key) => `i:${key};a:1:{i:0;O:3:"Foo":0:{}}`).join('')}i:4;a:0:{}}`;
    const read = [
      (maxDepth: number) => unserialize(latin1Bytes(beside), { maxDepth }),
      (maxDepth: number) => unserialize(latin1Bytes(beside), { maxDepth, view: 'exact' }),
      (maxDepth: number) => decodeSession(latin1Bytes(`x|${beside}`), { maxDepth }),
      (maxDepth: number) => decodeSession(latin1Bytes(`x|${beside}pad|s:2000:"${'x'.repeat(2000)}";`), { maxDepth }),
    ];
    for (const one of read) {
      expect(() => one(3)).not.toThrow();
      expect(failure(() => one(2)).code).toBe('ERR_PHP_LIMIT');
    }
  });

  test('0 is a limit', () => {
    expect(unserialize(latin1Bytes('i:1;'), { maxDepth: 0 })).toBe(1);
    expect(failure(() => unserialize(latin1Bytes('a:1:{i:0;N;}'), { maxDepth: 0 }))).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      offset: 0,
      message: expect.stringContaining('maxDepth, 0,') as unknown,
    });
    expect({ ...decodeSession(latin1Bytes(''), { maxBytes: 0 }) }).toEqual({});
  });
});

describe('an option that is wrong is a TypeError that names it', () => {
  test.each<[name: string, options: object]>([
    ['maxBytes', { maxBytes: -1 }],
    ['maxBytes', { maxBytes: '65536' }],
    ['maxDepth', { maxDepth: Number.NaN }],
    ['maxElements', { maxElements: 'many' }],
    ['format', { format: 'json' }],
    ['format', { format: 'toString' }],
    ['view', { view: 'raw' }],
  ])('%s, to read: %j', (name, options) => {
    const read = () => decodeSession(latin1Bytes('a|i:1;'), options as DecodeOptions);
    expect(read).toThrow(TypeError);
    expect(read).toThrow(`${name} must be`);
  });

  test.each<[name: string, options: object]>([
    ['maxBytes', { maxBytes: '65536' }],
    ['maxDepth', { maxDepth: -1 }],
    ['maxElements', { maxElements: Number.NaN }],
    ['serializePrecision', { serializePrecision: 5 }],
    ['classes', { classes: ['Foo', 'App User'] }],
    ['phpVersion', { phpVersion: '7.1' }],
    ['phpVersion', { phpVersion: '8.7' }],
    ['phpVersion', { phpVersion: '18.1' }],
    ['phpVersion', { phpVersion: '8.10' }],
    ['format', { format: 'wddx' }],
  ])('%s, to write: %j', (name, options) => {
    const write = () => encodeSession({ a: 1 }, options as EncodeOptions);
    expect(write).toThrow(TypeError);
    expect(write).toThrow(`${name} must be`);
  });
});

test.each([
  ['text', 'a|i:1;'],
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['an object', {}],
  ['a list', [97]],
  ['other views', new Uint16Array(1)],
])('what is read are bytes, and not %s', (_what, data) => {
  for (const read of [decodeSession, unserialize] as ((data: never) => unknown)[]) {
    expect(() => read(data as never)).toThrow(TypeError);
    expect(() => read(data as never)).toThrow('PHP data are bytes');
  }
});

describe('phpVersion', () => {
  const write = (phpVersion: string) => () =>
    latin1Text(encodeSession({ e: new PhpEnum('Suit', 'Hearts') }, { classes: ['Suit'], phpVersion } as EncodeOptions));

  test.each(['7.2', '7.3', '7.4', '8.0'])('%s has no enums', (version) => {
    expect(failure(write(version))).toMatchObject({ code: 'ERR_PHP_UNREPRESENTABLE', path: ['e'] });
  });

  test.each(['8.1', '8.2', '8.3', '8.4', '8.5'])('%s has enums', (version) => {
    expect(write(version)()).toBe('e|E:11:"Suit:Hearts";');
  });
});
