import { describe, expect, test } from '@jest/globals';
import { serialize } from '../../../src/codec/index.ts';
import { changed, encoded, failure } from './helpers.ts';

// A PHP array has any keys, so a list that was read may gain names, although it is an array in JavaScript.

const list = (change: (list: Record<string, unknown>) => unknown) =>
  changed('a|a:2:{i:0;d:1;i:1;i:2;}', (read) => void change(read.a as Record<string, unknown>));

describe('a list that was read', () => {
  test.each<[what: string, change: (list: Record<string, unknown>) => unknown, written: string]>([
    ['a name', (a) => Object.assign(a, { x: 3 }), 'a:3:{i:0;d:1;i:1;i:2;s:1:"x";i:3;}'],
    ['a name that begins with a digit', (a) => Object.assign(a, { '1x': 3 }), 'a:3:{i:0;d:1;i:1;i:2;s:2:"1x";i:3;}'],
    ['digits that are no int in PHP', (a) => Object.assign(a, { '01': 3 }), 'a:3:{i:0;d:1;i:1;i:2;s:2:"01";i:3;}'],
    [
      'an int that is no index in JavaScript',
      (a) => Object.assign(a, { 4294967295: 3 }),
      'a:3:{i:0;d:1;i:1;i:2;i:4294967295;i:3;}',
    ],
    ['a negative int', (a) => Object.assign(a, { '-1': 3 }), 'a:3:{i:0;d:1;i:1;i:2;i:-1;i:3;}'],
    ['a name that is undefined', (a) => Object.assign(a, { x: undefined }), 'a:2:{i:0;d:1;i:1;i:2;}'],
    ['a hole and a name', (a) => delete Object.assign(a, { x: 3 })[0], 'a:2:{i:1;i:2;s:1:"x";i:3;}'],
    ['a hole at the end', (a) => Object.assign(a, { length: 9 }), 'a:2:{i:0;d:1;i:1;i:2;}'],
    ['undefined in it', (a) => Object.assign(a, { 1: undefined }), 'a:2:{i:0;d:1;i:1;N;}'],
    ['undefined and a hole', (a) => delete Object.assign(a, { 0: undefined, 2: 5 })[1], 'a:2:{i:0;N;i:2;i:5;}'],
    ['a float next to a hole', (a) => delete a[1], 'a:1:{i:0;d:1;}'],
    ['a symbol', (a) => Object.assign(a, { [Symbol('s')]: 3 }), 'a:2:{i:0;d:1;i:1;i:2;}'],
  ])('with %s', (_what, change, written) => {
    expect(list(change)).toBe(`a|${written}`);
  });

  test('of floats keeps them around a hole', () => {
    const floats = 'a|a:3:{i:0;d:1;i:1;d:2;i:2;d:3;}';
    expect(changed(floats, (read) => delete (read.a as number[])[1])).toBe('a|a:2:{i:0;d:1;i:2;d:3;}');
  });
});

test('a hole in a long list is a key that is left out, and nothing else changes', () => {
  const elements = (type: string) => Array.from({ length: 120 }, (_, index) => `i:${index};${type}:${index};`);
  const php = (all: string[]) => `a|a:${all.length}:{${all.join('')}}`;
  for (const hole of [0, 1, 9, 10, 11, 99, 100, 118]) {
    for (const type of ['i', 'd']) {
      const left = php(elements(type).filter((_, index) => index !== hole));
      expect(changed(php(elements(type)), (read) => delete (read.a as number[])[hole])).toBe(left);
    }
    const list = Array.from({ length: 120 }, (_, index) => index);
    delete list[hole];
    expect(encoded({ a: list })).toBe(php(elements('i').filter((_, index) => index !== hole)));
    const nulls = Object.assign([...list], { [hole]: undefined });
    expect(encoded({ a: nulls })).toBe(php(elements('i').with(hole, `i:${hole};N;`)));
  }
});

test('names on a list that JavaScript made are an error', () => {
  for (const name of ['x', '-1', '01', '4294967295']) {
    expect(failure(() => serialize(Object.assign([1], { [name]: 2 }))).code).toBe('ERR_PHP_UNREPRESENTABLE');
  }
});
