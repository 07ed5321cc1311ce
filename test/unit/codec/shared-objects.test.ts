import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  asList,
  encodeSession,
  PhpArray,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
} from '../../../src/codec/index.ts';
import { latin1Text } from '../../helpers/latin1.ts';
import { PhpOracle } from '../../helpers/php-oracle.ts';
import { session } from './helpers.ts';

// An object in two places is one object in PHP too, whatever comes before it: each value there takes a number.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const classes = ['Foo', 'Bar'];
let deep: unknown = 1;
for (let levels = 0; levels < 150; levels++) deep = [deep];

const before: [what: string, value: unknown][] = [
  ['a scalar', 1],
  ['null', null],
  ['an empty list', []],
  ['a list', [1, 'x', null, true, 1.5]],
  ['lists in a list', [[1, [2, []]], [3]]],
  ['a map', { a: 1, b: { c: 2, d: {} }, 5: 'x' }],
  ['a map with something undefined', { a: undefined, b: [undefined, 1] }],
  ['a list with a hole', Object.assign([1], { length: 3 })],
  ['150 levels', deep],
  ['levels with an object at the end', [[[[[[new PhpObject('Bar')]]]]]]],
  ['PHP values', [new PhpFloat(1), new PhpArray([['k', 1]]), new PhpObject('Bar', [['p', [1]]]), new Uint8Array(1)]],
  ['a reference', [new PhpReference(1)]],
  ['what was read', session('a|a:2:{s:1:"x";a:1:{i:0;d:1;}s:1:"y";O:3:"Bar":1:{s:1:"p";i:1;}}').a],
  ['a map that became a list', asList({ x: 1, y: [2] })],
];

describe('behind', () => {
  test.each(before)('%s', async (_what, value) => {
    const shared = new PhpObject('Foo', [['p', 1]]);
    for (const values of [
      { value, one: shared, two: shared },
      { one: shared, value, two: shared },
      { list: [value, shared], two: shared },
      { map: { value, one: shared, more: value, two: shared } },
      { value, cell: new PhpReference([value]), one: shared, two: [shared, shared] },
    ]) {
      const written = encodeSession(values, { classes });
      // PHP sees the same objects: it writes them with the same numbers.
      const answer = await php.one('session', written);
      expect([answer.ok, latin1Text(answer.bytes)]).toEqual([true, latin1Text(written)]);
      expect(latin1Text(written)).toMatch(/r:\d+;/);
      const patched = session('z|i:1;y|a:2:{i:0;i:1;i:1;d:2;}');
      Object.assign(patched, values);
      const again = await php.one('session', encodeSession(patched, { classes }));
      expect([again.ok, latin1Text(again.bytes)]).toEqual([true, latin1Text(encodeSession(patched, { classes }))]);
    }
  });
});

test('a case of an enum is one object', () => {
  const read = session('a|a:2:{i:0;i:1;i:1;i:2;}e|E:3:"A:B";');
  Object.assign(read, { f: [new PhpEnum('A', 'B')], g: { x: [1, 2] }, h: new PhpEnum('A', 'B') });
  expect(latin1Text(encodeSession(read))).toBe(
    'a|a:2:{i:0;i:1;i:1;i:2;}e|E:3:"A:B";f|a:1:{i:0;r:4;}g|a:1:{s:1:"x";a:2:{i:0;i:1;i:1;i:2;}}h|r:4;',
  );
});

test('the bytes say so when they are read', () => {
  const shared = new PhpObject('Foo');
  const read = session(latin1Text(encodeSession({ v: [1, { a: [2] }], one: shared, two: [shared] }, { classes })));
  expect((read.two as unknown[])[0]).toBe(read.one);
});
