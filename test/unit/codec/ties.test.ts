import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpReference, serialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { PhpOracle } from '../../helpers/php-oracle.ts';
import { changed, encoded, failure, session, touched } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

describe('what a number means, asked of PHP', () => {
  test.each([
    ['the place that a duplicate key fills again with a reference', 'x|a:4:{i:0;i:7;i:1;i:8;i:1;R:2;i:2;R:3;}'],
    [
      'a place that a duplicate key fills again with an object reference',
      'x|a:4:{i:0;O:3:"Foo":0:{}i:1;i:8;i:1;r:2;i:2;R:3;}',
    ],
    ['an element that a reference made one, referred to again', 'x|a:3:{i:0;a:1:{i:0;i:5;}i:1;R:3;i:2;R:3;}'],
    ['a property', 'x|O:3:"Foo":2:{s:1:"p";i:1;s:1:"q";R:2;}y|R:2;'],
    ['an element of an array in a reference', 'x|a:1:{i:0;a:1:{i:0;N;}}y|R:2;z|R:3;'],
  ])('%s', async (_name, data) => {
    const answer = await php.one('session', latin1Bytes(data));
    expect(answer.ok).toBe(true);
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' })))).toBe(
      latin1Text(answer.bytes),
    );
    expect(touched(data)).toBe(latin1Text(answer.bytes));
  });

  test('a C: is skipped as a whole, also inside of other values', () => {
    const data = 'x|a:4:{i:0;i:1;i:1;R:2;i:2;C:3:"Foo":6:{R:9;N;}i:3;i:5;}y|i:2;';
    expect(touched(data)).toBe(data);
    expect(touched(`${data}z|R:2;`)).toBe(`${data}z|R:2;`);
    expect(failure(() => session(`${data}z|R:4;`)).code).toBe('ERR_PHP_REFERENCE');
  });
});

describe('a list with references', () => {
  const data = 'x|i:1;y|i:2;l|a:3:{i:0;R:1;i:1;R:2;i:2;i:3;}';
  const change = (how: (list: Any) => unknown) => () => changed(data, (s: Any) => how(s.l));

  test.each<[what: string, how: (list: Any) => unknown]>([
    ['two exchanged', (list) => list.splice(0, 2, list[1], list[0])],
    ['both changed', (list) => Object.assign(list, [8, 9])],
    ['one changed, and an element added', (list) => Object.assign(list, { 0: 8, 3: 4 })],
    ['one changed, and the last element removed', (list) => Object.assign(list, { 0: 8, length: 2 })],
    ['one changed, and a hole made', (list) => delete Object.assign(list, { 0: 8 })[2]],
    ['one changed, and another element changed', (list) => Object.assign(list, { 0: 8, 2: 9 })],
    ['one changed, and a name added', (list) => Object.assign(list, { 0: 8, name: 9 })],
  ])('%s: what became of the references is unknown', (_what, how) => {
    expect(failure(change(how))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['l', expect.any(String)] });
  });

  test('one changed, and nothing else: the other place gets it', () => {
    expect(change((list) => (list[1] = 'new'))()).toBe('x|i:1;y|s:3:"new";l|a:3:{i:0;R:1;i:1;R:2;i:2;i:3;}');
  });

  test('one changed, next to arrays that are what they were', () => {
    const nested = 'x|i:1;l|a:3:{i:0;R:1;i:1;a:1:{i:0;i:5;}i:2;O:3:"Foo":0:{}}';
    expect(changed(nested, (s: Any) => (s.l[0] = 7))).toBe(nested.replace('i:1;', 'i:7;'));
    expect(failure(() => changed(nested, (s: Any) => Object.assign(s.l, { 0: 7, 1: [5] }))).code).toBe(
      'ERR_PHP_REFERENCE',
    );
  });
});

describe('an error about references has the path to one of the places', () => {
  test('deep in arrays and objects', () => {
    const data = 'x|i:1;u|O:3:"Foo":1:{s:1:"p";a:1:{s:1:"k";R:1;}}';
    const error = failure(() =>
      changed(data, (s: Any) => {
        s.x = 2;
        s.u.get('p').k = 3;
      }),
    );
    expect(error).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['u', 'p', 'k'] });
  });
});

describe('what is moved from one session to another', () => {
  test('does not keep its references, although both have some', () => {
    const other = session('p|i:1;q|a:2:{s:1:"a";R:1;s:1:"b";i:9;}');
    const data = 'x|a:1:{i:0;i:5;}y|i:6;z|R:3;';
    expect(changed(data, (s) => Object.assign(s, { new: other.q }))).toBe(`${data}new|a:2:{s:1:"a";i:1;s:1:"b";i:9;}`);
  });
});

describe('PhpReference', () => {
  test('one inside another is one', () => {
    const cell = new PhpReference(1);
    expect(encoded({ a: new PhpReference(new PhpReference(cell)), b: cell, c: cell })).toBe('a|i:1;b|i:1;c|R:2;');
  });

  test('one that only one element holds is none, as in PHP', () => {
    expect(latin1Text(serialize([new PhpReference(1), [new PhpReference('x')]]))).toBe(
      'a:2:{i:0;i:1;i:1;a:1:{i:0;s:1:"x";}}',
    );
  });
});
