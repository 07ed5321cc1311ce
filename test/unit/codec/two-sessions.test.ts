import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, serialize, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, failure, session } from './helpers.ts';

// What is moved from one session to another knows where it comes from, but the rules are those of the session that is written.

describe('objects of another session', () => {
  const from = () => session('x|a:1:{i:0;a:1:{i:0;O:3:"Foo":1:{s:1:"a";d:1;}}}') as { x: unknown[][] };
  const write = (values: object, classes: string[]) =>
    latin1Text(encodeSession(Object.assign(session('old|i:1;'), values), { classes }));

  test('are written only if their class is known here, however deep they are', () => {
    const { x } = from();
    for (const value of [x, x[0], x[0]![0]]) {
      expect(failure(() => write({ value }, [])).code).toBe('ERR_PHP_CLASS');
    }
    expect(write({ x }, ['Foo'])).toBe('old|i:1;x|a:1:{i:0;a:1:{i:0;O:3:"Foo":1:{s:1:"a";d:1;}}}');
  });

  test('are one object in all places', () => {
    const { x } = from();
    expect(write({ a: [x], b: x[0] }, ['Foo'])).toBe(
      'old|i:1;a|a:1:{i:0;a:1:{i:0;a:1:{i:0;O:3:"Foo":1:{s:1:"a";d:1;}}}}b|a:1:{i:0;r:5;}',
    );
  });

  test('enums are errors where the PHP that reads them has none', () => {
    const { x } = session('x|a:1:{i:0;E:6:"Suit:H";}');
    const other = Object.assign(session('old|i:1;'), { x });
    expect(failure(() => encodeSession(other, { phpVersion: '8.0', classes: ['Suit'] })).code).toBe(
      'ERR_PHP_UNREPRESENTABLE',
    );
    expect(latin1Text(encodeSession(other, { classes: ['Suit'] }))).toBe('old|i:1;x|a:1:{i:0;E:6:"Suit:H";}');
  });
});

describe('a value that is moved is what it was, also where one stood that looks the same', () => {
  test.each([
    ['a list', 'a:1:{i:0;i:1;}', 'a:1:{i:0;d:1;}'],
    ['a map', 'a:1:{s:1:"x";i:1;}', 'a:1:{s:1:"x";d:1;}'],
    ['the order of keys', 'a:2:{s:1:"x";i:1;s:1:"y";i:2;}', 'a:2:{s:1:"y";i:2;s:1:"x";i:1;}'],
    ['strings in their other spelling', 'a:1:{i:0;s:1:"A";}', 'a:1:{i:0;S:1:"\\41";}'],
    ['what is inside', 'a:1:{i:0;a:1:{i:0;i:1;}}', 'a:1:{i:0;a:1:{i:0;d:1;}}'],
    ['an object', 'O:3:"Foo":1:{s:1:"p";i:1;}', 'O:3:"Foo":1:{s:1:"p";d:1;}'],
  ])('%s', (_what, here, there) => {
    const { v } = session(`v|${there}`);
    expect(changed(`v|${here}`, (s) => Object.assign(s, { v }))).toBe(`v|${there}`);
    expect(changed(`old|i:1;v|a:1:{i:5;${here}}`, (s) => Object.assign(s, { v: { 5: v } }))).toBe(
      `old|i:1;v|a:1:{i:5;${there}}`,
    );
    const swapped = changed(`v|${here}w|${there}`, (s) => Object.assign(s, { v: s.w, w: s.v }));
    expect(swapped).toBe(`v|${there}w|${here}`);
  });
});

describe('a session that is a value', () => {
  const stored = 'b|d:5;9|d:1;a|i:1;';

  test('keeps its floats and the order of its keys, in another session and by itself', () => {
    const inside = 'a:3:{s:1:"b";d:5;i:9;d:1;s:1:"a";i:1;}';
    expect(encoded(Object.assign(session('old|i:1;'), { stored: session(stored) }))).toBe(`old|i:1;stored|${inside}`);
    expect(encoded({ stored: session(stored) })).toBe(`stored|${inside}`);
    expect(latin1Text(serialize(session(stored)))).toBe(inside);
  });

  test('keeps its references when it is written by itself, and what is shared', () => {
    expect(latin1Text(serialize(session('a|i:1;b|R:1;')))).toBe('a:2:{s:1:"a";i:1;s:1:"b";R:2;}');
    expect(latin1Text(serialize(session('a|O:3:"Foo":0:{}b|r:1;c|i:2;d|R:3;')))).toBe(
      'a:4:{s:1:"a";O:3:"Foo":0:{}s:1:"b";r:2;s:1:"c";i:2;s:1:"d";R:4;}',
    );
  });

  test('was a value: what unserialize() read keeps its floats and the order of its keys', () => {
    const read = unserialize<object>(latin1Bytes('a:3:{s:1:"b";d:5;s:2:"09";d:1;s:1:"a";i:1;}'));
    expect(encoded(read)).toBe('b|d:5;09|d:1;a|i:1;');
    const withInts = latin1Bytes('a:3:{s:1:"b";d:5;i:9;d:1;s:1:"a";i:1;}');
    expect(encodeSession(unserialize<object>(withInts), { format: 'php_serialize' })).toEqual(withInts);
  });
});

describe('another format', () => {
  test('never makes a session deeper than PHP reads, whether its values were read or not', () => {
    const levels = (count: number) => `${'a:1:{i:0;'.repeat(count)}i:1;${'}'.repeat(count)}`;
    const deepest = session(`a|${levels(4096)}`);
    expect(failure(() => encodeSession(deepest, { format: 'php_serialize' })).code).toBe('ERR_PHP_LIMIT');
    expect(encoded(deepest)).toBe(`a|${levels(4096)}`);
    const fits = encodeSession(session(`a|${levels(4095)}`), { format: 'php_serialize' });
    expect(latin1Text(fits)).toBe(`a:1:{s:1:"a";${levels(4095)}}`);
    expect(latin1Text(encodeSession(decodeSession(fits, { format: 'php_serialize' }), { format: 'php' }))).toBe(
      `a|${levels(4095)}`,
    );
  });
});
