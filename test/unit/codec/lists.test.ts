import { describe, expect, test } from '@jest/globals';
import { asList, asMap, PhpArray, PhpObject, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, session } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

/** What PHP leaves after `unset($list[1])`. */
const unset = 'v|a:2:{i:0;d:1;i:2;d:3;}';

describe('asList', () => {
  test('a list is itself, empty or not', () => {
    for (const list of [[], [1, null]]) expect(asList<unknown>(list)).toBe(list);
    const { v } = session('v|a:1:{i:0;i:1;}') as Any;
    expect(asList(v)).toBe(v);
  });

  test('a map is a list of its values, in the order of PHP', () => {
    expect(asList(session('v|a:3:{i:3;s:1:"c";s:1:"x";s:1:"b";i:1;s:1:"a";}').v as Any)).toEqual(['c', 'b', 'a']);
    expect(asList({ b: 1, 3: 2 })).toEqual([2, 1]);
    expect(
      asList(
        new PhpArray([
          ['b', 1],
          [3, 2],
        ]),
      ),
    ).toEqual([1, 2]);
  });

  test('a list with holes, or with names that were added to one of PHP, is a new one', () => {
    const { v } = session('v|a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}') as Any;
    delete v[0];
    v.name = 4;
    expect(asList(v)).toEqual([2, 3, 4]);
    expect(asList([undefined, 1])).toEqual([null, 1]);
  });

  test('nothing is in the session until it is put there', () => {
    expect(changed(unset, (s: Any) => asList(s.v).push(4))).toBe(unset);
  });

  test('written back, elements are numbered anew and keep their types', () => {
    const put = (data: string, change: (list: unknown[]) => void = () => {}) =>
      changed(data, (s: Any) => {
        s.v = asList(s.v);
        change(s.v);
      });
    expect(put(unset)).toBe('v|a:2:{i:0;d:1;i:1;d:3;}');
    expect(put(unset, (list) => list.push(4))).toBe('v|a:3:{i:0;d:1;i:1;d:3;i:2;d:4;}');
    expect(put('v|a:2:{i:1;d:1;i:0;i:1;}')).toBe('v|a:2:{i:0;d:1;i:1;i:1;}');
    expect(put('v|a:2:{i:1;i:7;i:0;i:7;}')).toBe('v|a:2:{i:0;i:7;i:1;i:7;}');
    expect(put('v|a:2:{s:1:"a";a:1:{i:5;d:1;}s:1:"b";i:+5;}')).toBe('v|a:2:{i:0;a:1:{i:5;d:1;}i:1;i:+5;}');
    // Of a key that comes twice the last counts.
    expect(put('v|a:2:{s:1:"b";d:1;s:1:"b";d:2;}')).toBe('v|a:1:{i:0;d:2;}');
    expect(put('v|a:2:{s:1:"b";i:1;s:1:"b";d:2;}')).toBe('v|a:1:{i:0;d:2;}');
    // As in any list: a number that moved is what it looks like, unless all were floats.
    expect(put('v|a:2:{s:1:"a";i:1;s:1:"b";d:2;}', (list) => list.reverse())).toBe('v|a:2:{i:0;i:2;i:1;i:1;}');
  });

  test('elements of a map that was changed before are what they look like', () => {
    expect(
      changed('v|a:2:{s:1:"x";d:5;s:1:"y";i:5;}', (s: Any) => {
        delete s.v.x;
        s.v = asList(s.v);
      }),
    ).toBe('v|a:1:{i:0;i:5;}');
  });

  test('also in another place and as a value by itself', () => {
    expect(changed(unset, (s: Any) => Object.assign(s, { w: asList(s.v) }))).toBe(`${unset}w|a:2:{i:0;d:1;i:1;d:3;}`);
    const value = unserialize<Any>(latin1Bytes(unset.slice(2)));
    expect(latin1Text(serialize(asList(value)))).toBe('a:2:{i:0;d:1;i:1;d:3;}');
  });
});

describe('asMap', () => {
  test('an object is itself', () => {
    const map = { a: 1 };
    expect(asMap(map)).toBe(map);
    const { v } = session(unset) as Any;
    expect(asMap(v)).toBe(v);
  });

  test('a list is an object with the keys 0, 1 and so on, without prototype', () => {
    const map = asMap<unknown>(['a', undefined]);
    expect(Object.entries(map)).toEqual([
      ['0', 'a'],
      ['1', null],
    ]);
    expect('toString' in map).toBe(false);
    expect(asMap(new PhpArray([['__proto__', 1]]))).toEqual(Object.assign(Object.create(null), { ['__proto__']: 1 }));
  });

  test('an empty array of PHP becomes a map', () => {
    expect(
      changed('v|a:0:{}', (s: Any) => {
        s.v = asMap(s.v);
        s.v.theme = 'dark';
        s.v[10] = 1;
      }),
    ).toBe('v|a:2:{i:10;i:1;s:5:"theme";s:4:"dark";}');
  });

  test('written back it is the same array, as PHP has only one type', () => {
    for (const data of ['v|a:0:{}', 'v|a:2:{i:0;d:1;i:1;a:1:{i:0;d:2;}}']) {
      expect(changed(data, (s: Any) => Object.assign(s, { v: asMap(s.v) }))).toBe(data);
    }
    expect(encoded({ v: asMap([1, { a: 2 }]) })).toBe(encoded({ v: [1, { a: 2 }] }));
  });
});

test('what is no array in PHP is a TypeError', () => {
  for (const wrong of [undefined, null, 'text', 1, new PhpObject('Foo'), new Map(), new Uint8Array(1), () => []]) {
    expect(() => asList(wrong as never)).toThrow(TypeError);
    expect(() => asMap(wrong as never)).toThrow(TypeError);
  }
  expect(() => asList(/a/.exec('a')!)).toThrow(TypeError);
});
