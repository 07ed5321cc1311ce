import { describe, expect, test } from '@jest/globals';
import { PhpArray, PhpObject, serialize } from '../../../src/codec/index.ts';
import { latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded } from './helpers.ts';

// What is `undefined` is not there, as in JSON.

const long = `s:2000:"${'x'.repeat(2000)}";`;

describe('a variable that is set to undefined is gone', () => {
  test.each([
    ['in a session that was read', 'a|i:1;b|i:2;', 'b|i:2;'],
    ['in a large one', `a|i:1;b|${long}`, `b|${long}`],
    ['in one with references', 'a|i:1;b|i:2;c|R:2;', 'b|i:2;c|R:1;'],
    ['in a large one with references', `a|i:1;b|${long}c|R:2;`, `b|${long}c|R:1;`],
    ['and nothing is left', 'a|i:1;', ''],
  ])('%s', (_what, data, written) => {
    expect(changed(data, (read) => Object.assign(read, { a: undefined }))).toBe(written);
    expect(changed(data, (read) => Object.assign(read, { a: undefined, z: 5 }))).toBe(`${written}z|i:5;`);
    expect(changed(data, (read) => Object.assign(read, { none: undefined }))).toBe(data);
  });

  test('in one that is new', () => {
    expect(encoded({ a: undefined, b: 1, c: undefined })).toBe('b|i:1;');
    expect(
      encoded(
        new PhpArray([
          ['a', undefined],
          ['b', 1],
        ]),
      ),
    ).toBe('b|i:1;');
    expect(encoded({ a: undefined })).toBe('');
  });
});

test('an element or property that is undefined is not written; in a list it is null', () => {
  expect(encoded({ a: { x: undefined, y: { z: undefined } }, b: [undefined, [undefined]] })).toBe(
    'a|a:1:{s:1:"y";a:0:{}}b|a:2:{i:0;N;i:1;a:1:{i:0;N;}}',
  );
  const written = serialize(
    [
      new PhpArray([
        ['x', undefined],
        [1, 2],
      ]),
      new PhpObject('Foo', [
        ['p', undefined],
        ['q', 1],
      ]),
    ],
    { classes: ['Foo'] },
  );
  expect(latin1Text(written)).toBe('a:2:{i:0;a:1:{i:1;i:2;}i:1;O:3:"Foo":1:{s:1:"q";i:1;}}');
  expect(
    changed('a|a:2:{s:1:"x";i:1;s:1:"y";d:1;}o|O:3:"Foo":2:{s:1:"p";i:1;s:1:"q";i:2;}', (read) => {
      Object.assign(read.a as object, { x: undefined });
      (read.o as PhpObject).set('p', undefined);
    }),
  ).toBe('a|a:1:{s:1:"y";d:1;}o|O:3:"Foo":1:{s:1:"q";i:2;}');
});
