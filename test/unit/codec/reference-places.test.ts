import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, type PhpObject, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure, session, touched } from './helpers.ts';

// Places that hold something else while the session is read than when it was read; recorded from session_decode() and
// session_encode().
const sessions: [what: string, data: string, written: string][] = [
  ['a list that holds itself, and is a map in the end', 'a|a:2:{i:0;R:1;s:1:"k";i:5;}', 'a|a:2:{i:0;R:1;s:1:"k";i:5;}'],
  [
    'the same, inside of a list',
    'a|a:2:{i:0;a:2:{i:0;R:2;s:1:"k";i:5;}i:1;R:2;}',
    'a|a:2:{i:0;a:2:{i:0;R:2;s:1:"k";i:5;}i:1;R:2;}',
  ],
  ['shared when it is a map', 'a|a:2:{i:0;i:1;i:5;i:2;}b|R:1;', 'a|a:2:{i:0;i:1;i:5;i:2;}b|R:1;'],
  ['a key of a map twice', 'a|a:2:{s:1:"k";i:1;s:1:"k";i:2;}b|R:2;', 'a|a:1:{s:1:"k";i:2;}b|R:2;'],
  ['by the second number', 'a|a:2:{s:1:"k";i:1;s:1:"k";i:2;}b|R:3;', 'a|a:1:{s:1:"k";i:2;}b|R:2;'],
  ['as an int and as text', 'a|a:2:{i:5;i:1;s:1:"5";i:2;}b|R:2;', 'a|a:1:{i:5;i:2;}b|R:2;'],
  ['an index of a list as text', 'a|a:3:{i:0;i:7;i:1;i:8;s:1:"0";i:9;}b|R:2;', 'a|a:2:{i:0;i:9;i:1;i:8;}b|R:2;'],
  [
    'a property twice',
    'a|O:8:"stdClass":2:{s:1:"k";i:1;s:1:"k";i:2;}b|R:2;',
    'a|O:8:"stdClass":1:{s:1:"k";i:2;}b|R:2;',
  ],
  ['a variable twice', 'a|i:1;a|i:2;b|R:1;', 'a|i:2;b|i:1;'],
];

describe('a reference means a place', () => {
  test.each(sessions)('%s', (_what, data, written) => {
    expect(touched(data)).toBe(written);
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' })))).toBe(written);
  });

  test.each([
    ['a:2:{i:0;a:2:{i:0;R:2;s:1:"k";i:5;}i:1;R:2;}', 'a:2:{i:0;a:2:{i:0;R:2;s:1:"k";i:5;}i:1;R:2;}'],
    ['a:2:{i:0;a:2:{s:1:"k";i:1;s:1:"k";i:2;}i:1;R:3;}', 'a:2:{i:0;a:1:{s:1:"k";i:2;}i:1;R:3;}'],
    ['a:3:{i:0;i:7;s:1:"0";i:9;i:1;R:2;}', 'a:2:{i:0;i:9;i:1;R:2;}'],
  ])('%s', (data, written) => {
    expect(latin1Text(serialize(unserialize(latin1Bytes(data))))).toBe(written);
  });

  test('a property that is an int and text', () => {
    expect(session('a|O:8:"stdClass":2:{i:5;i:1;s:1:"5";i:2;}b|R:2;c|R:3;')).toMatchObject({ b: 2, c: 2 });
  });

  test.each([
    ['O:8:"stdClass":2:{s:1:"5";i:1;i:5;i:2;}', 'O:8:"stdClass":1:{s:1:"5";i:2;}'],
    ['O:8:"stdClass":3:{i:5;d:1;s:1:"a";N;s:1:"5";i:2;}', 'O:8:"stdClass":2:{i:5;i:2;s:1:"a";N;}'],
    ['O:8:"stdClass":3:{s:1:"5";b:1;i:5;r:1;s:1:"5";O:3:"foo":0:{}}', 'O:8:"stdClass":1:{s:1:"5";O:3:"foo":0:{}}'],
    ['O:8:"stdClass":2:{s:2:"05";i:1;i:5;i:2;}', 'O:8:"stdClass":2:{s:2:"05";i:1;i:5;i:2;}'],
  ])('... is one: %s', (data, written) => {
    for (const view of ['plain', 'exact'] as const) {
      expect(latin1Text(serialize(unserialize(latin1Bytes(data), { view } as never)))).toBe(written);
    }
  });

  test('... and is found by either', () => {
    const array = unserialize(latin1Bytes('O:13:"SplFixedArray":2:{i:0;i:1;i:1;i:2;}')) as PhpObject;
    expect([array.get('1'), array.has('1'), array.has('2')]).toEqual([2, true, false]);
    array.set('1', 3);
    expect(latin1Text(serialize(array))).toBe('O:13:"SplFixedArray":2:{i:0;i:1;i:1;i:3;}');
  });

  test('a list that holds itself is one map', () => {
    // biome-ignore lint/suspicious/noExplicitAny: it has any depth
    const { a } = session('a|a:2:{i:0;R:1;s:1:"k";i:5;}') as any;
    expect(a[0]).toBe(a);
    expect(Object.keys(a)).toEqual(['0', 'k']);
  });

  test('an array that begins like a list and is none is one map in all its places', () => {
    const inside = 'a:2:{i:0;i:7;s:1:"k";i:5;}';
    const read = session(`a|${inside}b|R:1;c|R:2;d|i:9;e|R:4;f|R:3;`);
    expect({ ...read }).toEqual({ a: { 0: 7, k: 5 }, b: { 0: 7, k: 5 }, c: 7, d: 9, e: 9, f: 5 });
    expect(read.b).toBe(read.a);
    const list = unserialize<unknown[]>(latin1Bytes(`a:4:{i:0;${inside}i:1;R:2;i:2;R:3;i:3;R:4;}`));
    expect(list).toEqual([{ 0: 7, k: 5 }, { 0: 7, k: 5 }, 7, 5]);
    expect(list[1]).toBe(list[0]);
  });

  test('variables are places of their own, unless they are elements of an array', () => {
    const read = (data: string) => decodeSession(latin1Bytes(data), { format: 'php_serialize' });
    expect(read('a:3:{s:1:"a";i:1;s:1:"a";i:2;s:1:"b";R:2;}')).toMatchObject({ a: 2, b: 2 });
    expect(read('a:2:{s:1:"a";i:1;s:1:"b";R:2;}')).toMatchObject({ a: 1, b: 1 });
    expect(failure(() => read('a:1:{s:1:"a";R:1;}')).code).toBe('ERR_PHP_REFERENCE');
  });

  test('what means no value, or no object, is refused where it stands', () => {
    for (const [data, offset] of [
      ['a|i:1;b|R:2;', 8],
      ['a|i:1;b|R:0;', 8],
      ['a|R:1;', 2],
      ['a|i:1;b|r:1;', 8],
      ['a|a:0:{}b|r:1;', 10],
      ['a|a:1:{s:1:"k";R:3;}b|i:1;', 15],
      ['a|a:2:{s:1:"k";i:1;s:1:"k";R:2;}', 27],
    ] as const) {
      expect([data, failure(() => session(data))]).toMatchObject([data, { code: 'ERR_PHP_SYNTAX', offset }]);
    }
  });
});
