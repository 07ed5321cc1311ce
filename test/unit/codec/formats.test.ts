import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpEnum,
  type SessionData,
  type SessionFormatName,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

const read = (data: string, format: SessionFormatName) => decodeSession(latin1Bytes(data), { format });
const write = (session: object, format?: SessionFormatName) => latin1Text(encodeSession(session, format && { format }));
const touch = (session: SessionData) => {
  Object.values(session);
  return session;
};

// The same sessions as each of the three formats has them; recorded from session_encode().
const sessions: [code: string, php: string, binary: string, serialize: string][] = [
  ['nothing', '', '', 'a:0:{}'],
  ['$a = 1; $b = &$a', 'a|i:1;b|R:1;', '\x01ai:1;\x01bR:1;', 'a:2:{s:1:"a";i:1;s:1:"b";R:2;}'],
  [
    '$a = [1, 2]; $b = &$a[1]',
    'a|a:2:{i:0;i:1;i:1;i:2;}b|R:3;',
    '\x01aa:2:{i:0;i:1;i:1;i:2;}\x01bR:3;',
    'a:2:{s:1:"a";a:2:{i:0;i:1;i:1;i:2;}s:1:"b";R:4;}',
  ],
  [
    '$o->self = $o; $a = $b = $o',
    'a|O:8:"stdClass":1:{s:4:"self";r:1;}b|r:1;',
    '\x01aO:8:"stdClass":1:{s:4:"self";r:1;}\x01br:1;',
    'a:2:{s:1:"a";O:8:"stdClass":1:{s:4:"self";r:2;}s:1:"b";r:2;}',
  ],
  [
    'an empty name, and one with a byte that is no UTF-8',
    '|d:1;\xe9|N;',
    '\x00d:1;\x01\xe9N;',
    'a:2:{s:0:"";d:1;s:1:"\xe9";N;}',
  ],
];

describe('the three formats', () => {
  test.each(sessions)('%s', (_code, ...data) => {
    const names = ['php', 'php_binary', 'php_serialize'] as const;
    for (const [index, from] of names.entries()) {
      expect(write(touch(read(data[index]!, from)))).toBe(data[index]);
      for (const [other, to] of names.entries()) {
        expect(write(read(data[index]!, from), to)).toBe(data[other]);
        expect(write(touch(read(data[index]!, from)), to)).toBe(data[other]);
        expect(write(decodeSession(latin1Bytes(data[index]!), { format: from, view: 'exact' }), to)).toBe(data[other]);
      }
    }
  });

  test('a session is written in the format that it was read in', () => {
    const session = read('a:1:{s:1:"a";i:1;}', 'php_serialize');
    session.a = 2;
    expect(write(session)).toBe('a:1:{s:1:"a";i:2;}');
    expect(write({ a: 1 })).toBe('a|i:1;');
  });
});

test('a name with half of a surrogate pair is refused in all of them', () => {
  for (const format of ['php', 'php_binary', 'php_serialize'] as const) {
    for (const name of ['\ud800', 'a\ud800', '\udc00a']) {
      expect(failure(() => write({ [name]: 1 }, format))).toMatchObject({ code: 'ERR_PHP_KEY', path: [name] });
    }
  }
});

describe('php', () => {
  test('a name with "|" is refused, wherever it stands', () => {
    for (const name of ['|', '|a', 'a|', 'a|b', '||']) {
      expect(failure(() => write({ [name]: 1 }, 'php'))).toMatchObject({ code: 'ERR_PHP_KEY', path: [name] });
    }
  });
});

describe('php_binary', () => {
  test('the highest bit of a length is ignored, and kept', () => {
    const session = read('\x81ai:1;\x80i:2;', 'php_binary');
    expect({ ...session }).toEqual({ a: 1, '': 2 });
    session.a = 3;
    expect(write(session)).toBe('\x81ai:3;\x80i:2;');
  });

  test('keys of up to 127 bytes', () => {
    const long = 'é'.repeat(63);
    expect(write({ [`${long}x`]: 1 }, 'php_binary')).toBe(`\x7f${Buffer.from(long).toString('latin1')}xi:1;`);
    expect(failure(() => write({ [`${long}xx`]: 1 }, 'php_binary'))).toMatchObject({ code: 'ERR_PHP_KEY' });
    expect(failure(() => write({ 5: 1 }, 'php_binary'))).toMatchObject({ code: 'ERR_PHP_KEY', path: ['5'] });
    expect(write({ 'a|b': 1 }, 'php_binary')).toBe('\x03a|bi:1;');
  });

  test.each([
    ['a name that is cut off', '\x7f', 0],
    ['a name without a value', '\x01a', 0],
    ['bytes after the last value', '\x01ai:1;\n', 6],
    ['a name without a value', '\x01ai:1;\x01b', 6],
  ])('%s', (_name, data, offset) => {
    expect(failure(() => read(data, 'php_binary'))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset });
  });
});

describe('php_serialize', () => {
  test('keys are those of an array', () => {
    const session = read('a:3:{i:10;i:1;s:1:"5";i:2;s:3:"a|b";i:3;}', 'php_serialize');
    expect(session).toEqual({ 10: 1, 5: 2, 'a|b': 3 });
    session[7] = 4;
    expect(write(session)).toBe('a:4:{i:10;i:1;s:1:"5";i:2;s:3:"a|b";i:3;i:7;i:4;}');
    expect(failure(() => write(session, 'php'))).toMatchObject({ code: 'ERR_PHP_KEY', path: ['10'] });
    expect(write(new PhpArray([[1, 'x']]), 'php_serialize')).toBe('a:1:{i:1;s:1:"x";}');
  });

  test('of two elements with one key the last counts; a number means the place', () => {
    expect(Object.entries(read('a:3:{i:0;i:1;s:1:"0";i:5;i:1;R:2;}', 'php_serialize'))).toEqual([
      ['0', 5],
      ['1', 5],
    ]);
  });

  test('no bytes and N; are an empty session; bytes after the array are ignored', () => {
    expect({ ...read('', 'php_serialize') }).toEqual({});
    expect({ ...read('N;', 'php_serialize') }).toEqual({});
    const session = read('a:1:{s:1:"a";i:1;}garbage', 'php_serialize');
    expect(write(session)).toBe('a:1:{s:1:"a";i:1;}garbage');
    session.a = 2;
    expect(write(session)).toBe('a:1:{s:1:"a";i:2;}');
  });

  test.each([
    ['a scalar', 'i:5;', 'ERR_PHP_SYNTAX'],
    ['an object', 'O:8:"stdClass":0:{}', 'ERR_PHP_SYNTAX'],
    ['an array that is cut off', 'a:1:{s:1:"a";i:1;', 'ERR_PHP_SYNTAX'],
    ['a reference to the session itself', 'a:1:{s:1:"a";R:1;}', 'ERR_PHP_REFERENCE'],
    ['an object reference to the session itself', 'a:1:{s:1:"a";r:1;}', 'ERR_PHP_REFERENCE'],
  ])('%s', (_name, data, code) => {
    expect(failure(() => read(data, 'php_serialize')).code).toBe(code);
  });

  test('the session is one of 4,096 levels', () => {
    const nested = (levels: number) => `a:1:{i:0;${'a:1:{i:0;'.repeat(levels)}N;${'}'.repeat(levels)}}`;
    expect(write(touch(read(nested(4095), 'php_serialize')))).toBe(nested(4095));
    expect(failure(() => read(nested(4096), 'php_serialize')).code).toBe('ERR_PHP_LIMIT');
    const deep = read(nested(4095), 'php_serialize');
    deep[0] = [deep[0]];
    expect(failure(() => write(deep)).code).toBe('ERR_PHP_LIMIT');
  });
});

test('enums are for PHP 8.1 and later', () => {
  const session = decodeSession(latin1Bytes('a|E:3:"A:B";b|i:1;'));
  const options = { phpVersion: '8.0' } as const;
  expect(failure(() => encodeSession({ x: new PhpEnum('A', 'B') }, { ...options, classes: ['A'] }))).toMatchObject({
    code: 'ERR_PHP_UNREPRESENTABLE',
    path: ['x'],
  });
  // What was there was there.
  session.b = 2;
  expect(latin1Text(encodeSession(session, options))).toBe('a|E:3:"A:B";b|i:2;');
  expect(() => encodeSession({}, { phpVersion: '5.6' as never })).toThrow(TypeError);
});
