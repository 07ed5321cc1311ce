import { describe, expect, test } from '@jest/globals';
import { encodeSession, type SessionFormatName } from '../../../src/codec/index.ts';
import { detectSessionFormat } from '../../../src/formats.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';

const detected = (data: string) => {
  const { format, certainty } = detectSessionFormat(latin1Bytes(data));
  return [format, certainty];
};

describe('detectSessionFormat', () => {
  const session = { count: 5, user: { name: 'Zoë', roles: ['a', 'b|c'] }, 'a b': [0.5, null] };

  test.each(['php', 'php_binary', 'php_serialize'] as const)('is sure of an everyday session in %s', (format) => {
    expect(detectSessionFormat(encodeSession(session, { format }))).toEqual({
      format,
      certainty: 'sure',
      possible: [format],
    });
  });

  // Each is what PHP writes for a string that holds serialized data, and fits another format too.
  test.each<[name: string, data: string, format: SessionFormatName, possible: SessionFormatName[]]>([
    ['a string in php_binary that ends a name', '\x01as:6:"|s:0:"";', 'php_binary', ['php_binary', 'php']],
    [
      'a string in php_serialize that ends a name',
      'a:1:{s:1:"x";s:16:"y|a:1:{i:0;s:0:"";}',
      'php_serialize',
      ['php_serialize', 'php'],
    ],
    [
      'a string in php at the length that the first character says',
      `a|s:95:"${'.'.repeat(90)}s:0:"";`,
      'php',
      ['php', 'php_binary'],
    ],
  ])('%s: likely, and the others are listed', (_name, data, format, possible) => {
    expect(detectSessionFormat(latin1Bytes(data))).toEqual({ format, certainty: 'likely', possible });
  });

  test('an odd name, or odd bytes after the array: it could be either', () => {
    expect(detectSessionFormat(latin1Bytes('a:0:{}|i:1;'))).toEqual({
      format: undefined,
      certainty: 'none',
      possible: ['php', 'php_serialize'],
    });
  });

  test.each([
    ['one byte after the array', 'a:1:{i:0;s:25:"y|a:1:{i:0;a:1:{i:0;s:0:"";}}'],
    ['something after the N; of an empty session', 'N;k|a:0:{}'],
  ])('an odd name, or %s', (_what, data) => {
    const possible = ['php', 'php_serialize'];
    expect(detectSessionFormat(latin1Bytes(data))).toEqual({ format: undefined, certainty: 'none', possible });
  });

  test('no bytes are an empty session in all formats', () => {
    expect(detectSessionFormat(latin1Bytes(''))).toEqual({
      format: undefined,
      certainty: 'none',
      possible: ['php', 'php_serialize', 'php_binary'],
    });
    expect(detected('a:0:{}')).toEqual(['php_serialize', 'sure']);
  });

  test('what fits no format: the error of the one that came furthest', () => {
    const { error, ...found } = detectSessionFormat(latin1Bytes('a|i:1;b|s:5:"abc";'));
    expect(found).toEqual({ format: undefined, certainty: 'none', possible: [] });
    expect(error).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 10 });
    expect(detectSessionFormat(latin1Bytes('a:1:{s:1:"a";i:x;}')).error?.offset).toBe(13);
    // PHP reads a scalar as a session in php_serialize, but could never write it again.
    expect(detected('i:5;')).toEqual([undefined, 'none']);
  });

  test('where several came equally far: the error of php, which is the default of PHP', () => {
    expect(detectSessionFormat(latin1Bytes('|N;'), { maxElements: 0 }).error).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      offset: 0,
    });
    expect(detectSessionFormat(latin1Bytes('x')).error).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 0 });
  });

  test('references have to lead somewhere, and number the array of php_serialize', () => {
    expect(detected('a|i:1;b|R:1;')).toEqual(['php', 'sure']);
    expect(detected('a|i:1;b|R:3;')).toEqual([undefined, 'none']);
    expect(detected('a:2:{s:1:"a";i:1;s:1:"b";R:2;}')).toEqual(['php_serialize', 'sure']);
    // PHP reads this; that its numbers are not known here says nothing about the format.
    expect(detected('a|C:3:"Foo":4:{i:5;}b|i:1;c|R:2;')).toEqual(['php', 'sure']);
  });

  test('limits', () => {
    const data = latin1Bytes('a|a:1:{i:0;a:1:{i:0;N;}}');
    expect(detectSessionFormat(data, { maxDepth: 1 })).toMatchObject({
      format: undefined,
      error: { code: 'ERR_PHP_LIMIT' },
    });
    expect(detectSessionFormat(data, { maxBytes: 5 }).error?.code).toBe('ERR_PHP_LIMIT');
    expect(() => detectSessionFormat('a|N;' as never)).toThrow(TypeError);
  });
});
