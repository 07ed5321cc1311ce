import { describe, expect, test } from '@jest/globals';
import { encodeSession } from '../../../src/codec/index.ts';
import { failure, session, text } from './helpers.ts';

// What is moved from one session to another knows where it comes from, but the rules are those of the session that is written.

describe('objects of another session', () => {
  const from = () => session('x|a:1:{i:0;a:1:{i:0;O:3:"Foo":1:{s:1:"a";d:1;}}}') as { x: unknown[][] };
  const write = (values: object, classes: string[]) =>
    text(encodeSession(Object.assign(session('old|i:1;'), values), { classes }));

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
    expect(text(encodeSession(other, { classes: ['Suit'] }))).toBe('old|i:1;x|a:1:{i:0;E:6:"Suit:H";}');
  });
});
