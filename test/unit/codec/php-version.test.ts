import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession, PhpEnum, type PhpVersion, serialize } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

const read = (data: string, phpVersion: PhpVersion = '8.5') => decodeSession(latin1Bytes(data), { phpVersion });

describe('phpVersion of a session that is read', () => {
  test.each(['\n', '\0', 'x', 'not a variable', 'a'])('PHP 7 ignores bytes after the last variable: %j', (rest) => {
    const data = `a|i:1;${rest}`;
    for (const version of ['7.2', '7.3', '7.4'] as const) {
      const session = read(data, version);
      expect({ ...session }).toEqual({ a: 1 });
      session.a = 2;
      expect(latin1Text(encodeSession(session))).toBe('a|i:2;');
    }
    for (const options of [{ phpVersion: '8.0' }, { phpVersion: '8.5' }, {}] as const) {
      const error = failure(() => decodeSession(latin1Bytes(data), options));
      expect([error.code, error.offset]).toEqual(['ERR_PHP_SYNTAX', 6]);
    }
  });

  test('it is gone when the session is written, changed or not, as in PHP 7', () => {
    expect(latin1Text(encodeSession(read('a|i:1;\n', '7.4')))).toBe('a|i:1;');
    expect(latin1Text(encodeSession(read('a|i:1;b|R:1;\n', '7.4')))).toBe('a|i:1;b|R:1;');
  });

  test('all of it may be ignored', () => {
    const session = read('no session', '7.4');
    expect(Object.keys(session)).toEqual([]);
    session.a = 1;
    expect(latin1Text(encodeSession(session))).toBe('a|i:1;');
  });

  test('with references, and in the exact view', () => {
    const session = read('a|i:1;b|R:1;\n', '7.4');
    session.b = 2;
    expect(latin1Text(encodeSession(session))).toBe('a|i:2;b|R:1;');
    const exact = decodeSession(latin1Bytes('a|d:1;\n'), { view: 'exact', phpVersion: '7.4' });
    expect(latin1Text(encodeSession(exact))).toBe('a|d:1;');
  });

  test('a value that is damaged is an error in every version', () => {
    for (const data of ['a|i:1', 'a|i:1;b|', 'a|i:1;b|x', 'a|s:5:"abc";']) {
      expect(failure(() => read(data, '7.2')).code).toBe('ERR_PHP_SYNTAX');
    }
  });

  test('php_binary has no bytes to ignore; php_serialize ignores them in every version', () => {
    const options = { phpVersion: '7.4', format: 'php_binary' } as const;
    expect(failure(() => decodeSession(latin1Bytes('\x01ai:1;\n'), options)).code).toBe('ERR_PHP_SYNTAX');
    expect({ ...decodeSession(latin1Bytes('a:1:{s:1:"a";i:1;}\n'), { format: 'php_serialize' }) }).toEqual({ a: 1 });
  });

  test('wants a version that exists', () => {
    expect(() => read('', '7.1' as never)).toThrow(TypeError);
    expect(() => read('', '8' as never)).toThrow(TypeError);
  });
});

describe('phpVersion of what is written', () => {
  test('below 8.1 an enum that was not there is an error', () => {
    const write = (phpVersion: PhpVersion) =>
      latin1Text(serialize(new PhpEnum('Suit', 'H'), { phpVersion, classes: ['Suit'] }));
    for (const version of ['7.2', '7.4', '8.0'] as const) {
      expect(failure(() => write(version)).code).toBe('ERR_PHP_UNREPRESENTABLE');
    }
    expect(write('8.1')).toBe('E:6:"Suit:H";');
  });

  test('keys with "!" are for all: only PHP up to 7.1 took them for variables that are not set', () => {
    expect(latin1Text(encodeSession({ '!a': 1 }, { phpVersion: '7.2' }))).toBe('!a|i:1;');
  });

  test('an int with leading zeros, octal in 7.2 alone, is copied as long as it is the same', () => {
    const session = read('a|i:010;b|i:1;');
    session.b = 2;
    expect(latin1Text(encodeSession(session))).toBe('a|i:010;b|i:2;');
    session.a = 11;
    expect(latin1Text(encodeSession(session))).toBe('a|i:11;b|i:2;');
  });

  test('a class name with DEL, which PHP 7.4 read, is refused by all', () => {
    expect(failure(() => read('a|O:4:"Fo\x7fo":0:{}', '7.4')).code).toBe('ERR_PHP_SYNTAX');
    expect(() => serialize(1, { classes: ['Fo\x7fo'] })).toThrow(TypeError);
  });
});
