import { describe, expect, test } from '@jest/globals';
import { asList, asMap } from '../../../src/codec/index.ts';
import { changed } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const asListAfter = (data: string, change: (map: Any) => unknown) =>
  changed(data, (read: Any) => {
    change(read.a);
    read.a = asList(read.a);
  });

describe('asList of a map', () => {
  const floats = 'a|a:2:{s:1:"x";d:1;s:1:"y";d:2;}';

  test('keeps types where all elements are those that were read', () => {
    expect(asListAfter(floats, () => undefined)).toBe('a|a:2:{i:0;d:1;i:1;d:2;}');
    expect(asListAfter(floats, (map) => Object.assign(map, { x: 5 }))).toBe('a|a:2:{i:0;d:5;i:1;d:2;}');
  });

  test.each<[what: string, change: (map: Any) => unknown, written: string]>([
    ['one is gone', (map) => delete map.x, 'a:1:{i:0;i:2;}'],
    ['one is new', (map) => Object.assign(map, { z: 3 }), 'a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}'],
    ['the last is another one', (map) => delete Object.assign(map, { z: 2 }).y, 'a:2:{i:0;i:1;i:1;i:2;}'],
    [
      'the first is gone, and there are as many',
      (map) => delete Object.assign(map, { y: 1, z: 2 }).x,
      'a:2:{i:0;i:1;i:1;i:2;}',
    ],
  ])('takes the values as they are where %s', (_what, change, written) => {
    expect(asListAfter(floats, change)).toBe(`a|${written}`);
  });
});

test('asList and asMap say which of them was given what is no array', () => {
  for (const value of [null, undefined, 5, 'text', new Date(), new Uint8Array(1)] as Any[]) {
    expect(() => asList(value)).toThrow(TypeError);
    expect(() => asList(value)).toThrow('asList() needs');
    expect(() => asMap(value)).toThrow(TypeError);
    expect(() => asMap(value)).toThrow('asMap() needs');
  }
});
