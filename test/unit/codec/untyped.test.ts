import { describe, expect, test } from '@jest/globals';
import { encodeSession, PhpCustom, PhpFloat, serialize } from '../../../src/codec/index.ts';
import { failure } from './helpers.ts';

describe('JavaScript has no types', () => {
  test('a PhpFloat without a number and a PhpCustom without bytes are errors', () => {
    const code = (value: unknown) => failure(() => serialize(value, { classes: ['Foo'] })).code;
    for (const value of ['5', 5n, undefined, null]) {
      expect(code(new PhpFloat(value as unknown as number))).toBe('ERR_PHP_UNREPRESENTABLE');
    }
    for (const data of ['abc', new Uint16Array(2), undefined, null]) {
      expect(code(new PhpCustom('Foo', data as unknown as Uint8Array))).toBe('ERR_PHP_UNREPRESENTABLE');
    }
  });

  test('what is no object is no session', () => {
    for (const value of [null, undefined, 5, 'a|i:1;']) {
      expect(() => encodeSession(value as unknown as object)).toThrow('A session must come from decodeSession()');
    }
  });
});
