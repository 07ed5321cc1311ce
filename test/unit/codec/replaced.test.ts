import { describe, expect, test } from '@jest/globals';
import { PhpArray, PhpEnum, PhpObject } from '../../../src/codec/index.ts';
import { changed } from './helpers.ts';

// What is only looked at is copied. A change that leaves the number and the values of elements as they were is one all the same.

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

describe('an object', () => {
  const data = 'o|O:3:"Foo":2:{s:1:"p";i:1;s:1:"q";i:1;}';

  test.each<[what: string, change: (object: PhpObject) => unknown, written: string]>([
    ['a property has another name', (o) => o.delete('q') && o.set('r', 1), 'O:3:"Foo":2:{s:1:"p";i:1;s:1:"r";i:1;}'],
    [
      'properties are in another order',
      (o) => o.delete('p') && o.set('p', 1),
      'O:3:"Foo":2:{s:1:"q";i:1;s:1:"p";i:1;}',
    ],
    ['a name is an int', (o) => o.delete('q') && o.properties.set(5, 1), 'O:3:"Foo":2:{s:1:"p";i:1;i:5;i:1;}'],
    ['a value is a float', (o) => o.set('p', 1.5), 'O:3:"Foo":2:{s:1:"p";d:1.5;s:1:"q";i:1;}'],
    ['nothing', (o) => o.set('p', 1), 'O:3:"Foo":2:{s:1:"p";i:1;s:1:"q";i:1;}'],
  ])('%s', (_what, change, written) => {
    expect(changed(data, (read) => void change(read.o as PhpObject))).toBe(`o|${written}`);
    expect(changed(`a|a:1:{i:0;${data.slice(2)}}`, (read: Any) => void change(read.a[0]))).toBe(
      `a|a:1:{i:0;${written}}`,
    );
  });

  test('another one of its class, with the same properties, is another one', () => {
    const same = () =>
      new PhpObject('Foo', [
        ['p', 1],
        ['q', 1],
      ]);
    expect(changed(`${data}r|i:1;`, (read) => Object.assign(read, { o: same() }))).toBe(`${data}r|i:1;`);
    expect(changed(`${data}r|i:1;`, (read) => Object.assign(read, { r: read.o, o: same() }))).toBe(
      `${data}r|O:3:"Foo":2:{s:1:"p";i:1;s:1:"q";i:1;}`,
    );
  });
});

describe('a map', () => {
  const data = 'a|a:2:{s:1:"x";i:1;s:1:"y";i:1;}';

  test.each<[what: string, change: (map: Any) => unknown, written: string]>([
    ['a key is another one', (a) => delete Object.assign(a, { z: 1 }).y, 'a:2:{s:1:"x";i:1;s:1:"z";i:1;}'],
    ['a value is another one', (a) => Object.assign(a, { y: 2 }), 'a:2:{s:1:"x";i:1;s:1:"y";i:2;}'],
    ['a value has another type', (a) => Object.assign(a, { y: true }), 'a:2:{s:1:"x";i:1;s:1:"y";b:1;}'],
    ['a key is gone and came back', (a) => delete a.x || a, 'a:1:{s:1:"y";i:1;}'],
  ])('%s', (_what, change, written) => {
    expect(changed(data, (read) => void change(read.a))).toBe(`a|${written}`);
  });
});

test.each<[what: string, data: string, value: unknown, written: string]>([
  ['an enum by another case', 'E:6:"Suit:H";', new PhpEnum('Suit', 'S'), 'E:6:"Suit:S";'],
  ['an enum by the same case', 'E:6:"Suit:H";', new PhpEnum('Suit', 'H'), 'E:6:"Suit:H";'],
  ['an enum by text', 'E:6:"Suit:H";', 'Suit:H', 's:6:"Suit:H";'],
  ['an object by an array', 'O:3:"Foo":0:{}', new PhpArray(), 'a:0:{}'],
  ['an object by another one', 'O:3:"Foo":0:{}', new PhpObject('Foo', [['p', 1]]), 'O:3:"Foo":1:{s:1:"p";i:1;}'],
  ['a list by another one', 'a:1:{i:0;i:1;}', [2], 'a:1:{i:0;i:2;}'],
  ['a list by null', 'a:1:{i:0;i:1;}', null, 'N;'],
  ['null by a list', 'N;', [], 'a:0:{}'],
  ['false by null', 'b:0;', null, 'N;'],
  ['0 by false', 'i:0;', false, 'b:0;'],
  ['1 by text', 'i:1;', '1', 's:1:"1";'],
  ['text by 1', 's:1:"1";', 1, 'i:1;'],
  ['an escaped string by the same text', 'S:1:"\\41";', 'A', 'S:1:"\\41";'],
  ['an escaped string by other text', 'S:1:"\\41";', 'B', 's:1:"B";'],
  ['text by bytes', 's:1:"a";', new Uint8Array([0xff]), 's:1:"\xff";'],
  ['a byte by the character of its number', 's:1:"\x80";', '\u0080', 's:2:"\xc2\x80";'],
  ['two bytes by the characters of their numbers', 's:2:"\xc3\xa9";', '\u00c3\u00a9', 's:4:"\xc3\x83\xc2\xa9";'],
  ['text by its beginning', 's:3:"abc";', 'ab', 's:2:"ab";'],
  ['text by more', 's:2:"ab";', 'abc', 's:3:"abc";'],
  ['NAN by itself', 'd:NAN;', Number.NaN, 'd:NAN;'],
  ['-0 by 0', 'd:-0;', 0, 'd:0;'],
])('%s', (_what, data, value, written) => {
  expect(changed(`a|${data}z|i:1;`, (read) => Object.assign(read, { a: value }))).toBe(`a|${written}z|i:1;`);
  expect(changed(`m|a:1:{s:1:"k";${data}}`, (read: Any) => Object.assign(read.m, { k: value }))).toBe(
    `m|a:1:{s:1:"k";${written}}`,
  );
});
