import { describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { encoded, failure, session, touched } from './helpers.ts';

// Each row is data as PHP writes them, and what an application sees. All come back byte for byte.
const readable: [name: string, data: string, plain: unknown][] = [
  ['the session of the article', 'count|i:5;foo|s:3:"bar";', { count: 5, foo: 'bar' }],
  ['an empty session', '', {}],
  ['null and bools', 'a|N;b|b:1;c|b:0;', { a: null, b: true, c: false }],
  ['ints', 'a|i:0;b|i:-7;c|i:9007199254740991;', { a: 0, b: -7, c: 9007199254740991 }],
  [
    'ints beyond 2^53',
    'a|i:9007199254740993;b|i:-9223372036854775808;c|i:9223372036854775807;',
    { a: 9007199254740993n, b: -9223372036854775808n, c: 9223372036854775807n },
  ],
  ['floats without a fraction', 'a|d:1;b|d:-0;c|d:100000;', { a: 1, b: -0, c: 100000 }],
  ['floats', 'a|d:0.1;b|d:1.0E+25;c|d:5.0E-324;d|d:1.5E-7;', { a: 0.1, b: 1e25, c: 5e-324, d: 1.5e-7 }],
  ['floats with 17 digits', 'a|d:0.10000000000000001;', { a: 0.1 }],
  ['floats that are none', 'a|d:NAN;b|d:INF;c|d:-INF;', { a: Number.NaN, b: Infinity, c: -Infinity }],
  ['strings count bytes', 'a|s:2:"\xc3\xa9";b|s:4:"\xf0\x9f\x98\x80";', { a: 'é', b: '😀' }],
  ['a value may hold "|"', 'a|s:3:"x|y";b|i:1;', { a: 'x|y', b: 1 }],
  ['a value may hold ";} and a newline', 'a|s:5:"";}\n|";b|i:1;', { a: '";}\n|', b: 1 }],
  ['a byte order mark', 'a|s:3:"\xef\xbb\xbf";', { a: '\ufeff' }],
  ['bytes that are no UTF-8', 'a|s:2:"\xff\xfe";', { a: new Uint8Array([0xff, 0xfe]) }],
  ['half of a surrogate pair in CESU', 'a|s:3:"\xed\xa0\x80";', { a: new Uint8Array([0xed, 0xa0, 0x80]) }],
  ['lists', 'a|a:2:{i:0;s:1:"x";i:1;a:0:{}}', { a: ['x', []] }],
  ['maps', 'a|a:2:{s:1:"b";i:1;i:10;i:2;}', { a: { b: 1, 10: 2 } }],
  ['a list with a hole is a map', 'a|a:2:{i:0;N;i:2;N;}', { a: { 0: null, 2: null } }],
  ['a list in another order is a map', 'a|a:2:{i:1;N;i:0;N;}', { a: { 1: null, 0: null } }],
  ['the order of keys', 'a|a:3:{s:1:"b";i:1;i:10;i:2;i:9;i:3;}', { a: { b: 1, 10: 2, 9: 3 } }],
  ['text that is no int key', 'a|a:3:{s:2:"05";i:1;s:2:"-0";i:2;s:2:"+5";i:3;}', { a: { '05': 1, '-0': 2, '+5': 3 } }],
  ['the lowest int key', 'a|a:1:{i:-9223372036854775808;i:1;}', { a: { '-9223372036854775808': 1 } }],
  ['an empty key', '|i:1;', { '': 1 }],
  ['keys with "!", space, NUL', '!a|i:1; b|i:2;c\0|i:3;', { '!a': 1, ' b': 2, 'c\0': 3 }],
  ['a top-level key of digits stays a string', '123|i:1;', { 123: 1 }],
  ['a key that is no UTF-8', '\xe9|i:1;', { '\udce9': 1 }],
  [
    'keys of JavaScript',
    'toString|i:1;length|i:2;constructor|a:1:{s:8:"toString";N;}',
    {
      toString: 1,
      length: 2,
      constructor: { toString: null },
    },
  ],
];

describe('a session in the format php', () => {
  test.each(readable)('%s', (_name, data, plain) => {
    const read = session(data);
    expect({ ...read }).toEqual(plain);
    expect(encoded(read)).toBe(data);
  });

  test.each(readable)('%s, exact', (_name, data) => {
    // The text with 17 digits is that of another serialize_precision.
    const precision = data.includes('0001;') ? 17 : -1;
    expect(
      latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' }), { serializePrecision: precision })),
    ).toBe(data);
  });

  test('__proto__ is a key like any other, at every level', () => {
    const data = '__proto__|a:1:{s:9:"__proto__";i:1;}';
    const read = session(data);
    const key: string = '__proto__';
    expect(Object.keys(read)).toEqual([key]);
    expect(Object.keys(read[key] as object)).toEqual([key]);
    read[key] = 5;
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(encoded(read)).toBe('__proto__|i:5;');
  });

  test('of two variables with one name the last counts, at the place of the first', () => {
    const read = session('a|i:1;b|i:2;a|i:3;');
    expect(Object.entries(read)).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
    read.b = 4;
    expect(encoded(read)).toBe('a|i:3;b|i:4;');
  });

  test('of two elements with one key the last counts, at the place of the first', () => {
    const data = 'a|a:3:{s:1:"x";i:1;s:1:"y";i:2;s:1:"x";i:3;}';
    const read = session(data);
    expect(read.a).toEqual({ x: 3, y: 2 });
    read.b = 1;
    expect(encoded(read)).toBe('a|a:2:{s:1:"x";i:3;s:1:"y";i:2;}b|i:1;');
  });

  // PHP reads these and never writes them; what was not changed stays as it was.
  test.each([
    ['signs and leading zeros', 'a|i:+5;', 5],
    ['i:-0;', 'a|i:-0;', 0],
    ['an int beyond 64 bits is the nearest', 'a|i:9223372036854775808;', 9223372036854775807n],
    ['an int far beyond 64 bits', `a|i:-${'9'.repeat(400)};`, -9223372036854775808n],
    ['floats in other spellings', 'a|d:.5;', 0.5],
    ['exponents', 'a|d:+1.E5;', 100000],
    ['an escaped string', 'a|S:3:"\\41b\\7c";', 'Ab|'],
    ['leading zeros in lengths', 'a|s:03:"abc";', 'abc'],
    ['a length modulo 2^64', 'a|s:18446744073709551617:"a";', 'a'],
  ])('%s', (_name, data, plain) => {
    expect(session(data).a).toEqual(plain);
    expect(touched(data)).toBe(data);
  });

  test('looks like an object', () => {
    const read = session('b|i:1;10|a:1:{i:0;d:1;}9|N;');
    expect(Object.keys(read).sort()).toEqual(['10', '9', 'b']);
    expect(JSON.stringify(read)).toBe('{"9":null,"10":[1],"b":1}');
    expect('b' in read && !('toString' in read)).toBe(true);
    expect({ ...read }).toEqual({ b: 1, 10: [1], 9: null });
    expect(delete read.b).toBe(true);
    expect(Object.entries(read)).toEqual([
      ['9', null],
      ['10', [1]],
    ]);
    expect(encoded(read)).toBe('10|a:1:{i:0;d:1;}9|N;'); // in PHP's order
    expect(structuredClone(read)).toEqual({ 9: null, 10: [1] });
  });

  test('large values are built when they are looked at, once', () => {
    const large = `a:40:{${Array.from({ length: 40 }, (_, i) => `i:${i};i:+${i};`).join('')}}`;
    const data = `a|${large}b|i:1;c|${large}${'x'.repeat(900)}|i:2;`;
    expect(touched(data)).toBe(data);
    const read = session(data);
    expect(Object.keys(read).slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(read.a).toHaveLength(40);
    expect(read.a).toBe(read.a);
    read.c = 5;
    expect(encoded(read)).toBe(data.replace(`c|${large}`, 'c|i:5;'));
    expect(delete read.a).toBe(true);
    read.a = 6;
    expect(encoded(read)).toBe(data.replace(`c|${large}`, 'c|i:5;').replace(`a|${large}`, 'a|i:6;'));
    const frozen = Object.freeze(session(data));
    (frozen.a as number[]).push(7);
    expect(frozen.a).toHaveLength(41);
    expect(() => Object.assign(frozen, { c: 1 })).toThrow(TypeError);
    expect(encoded(frozen)).toContain('i:40;i:7;}b|');
  });

  test('wants bytes, and options that exist', () => {
    expect(() => decodeSession('a|i:1;' as never)).toThrow(TypeError);
    expect(() => decodeSession(latin1Bytes(''), { format: 'json' as never })).toThrow(TypeError);
    expect(() => decodeSession(latin1Bytes(''), { view: 'raw' as never })).toThrow(TypeError);
    expect(() => encodeSession([1])).toThrow(TypeError);
    expect(() => encodeSession(new Map())).toThrow(TypeError);
    expect(() => encodeSession({}, { serializePrecision: 5 as never })).toThrow(TypeError);
    expect(() => encodeSession({}, { classes: ['\\Foo'] })).toThrow(TypeError);
  });
});

// PHP destroys a session that it cannot decode. Here nothing is lost: an error that says where.
const unreadable: [name: string, data: string, offset: number][] = [
  ['a length that is too long', 'a|i:1;b|s:5:"abc";', 10],
  ['a length that is too short', 'a|s:2:"abc";', 9],
  ['no delimiter', 'abc', 0],
  ['bytes after the last value', 'a|i:1;\n', 6],
  ['no value', 'a|', 2],
  ['cut off in a string', 'a|s:3:"ab', 4],
  ['cut off in an array', 'a|a:2:{i:0;i:1;', 15],
  ['fewer elements than promised', 'a|a:2:{i:0;i:1;}', 15],
  ['more elements than promised', 'a|a:1:{i:0;i:1;i:1;i:2;}', 15],
  ['";" after an inner array', 'a|a:2:{i:0;a:0:{};i:1;i:2;}', 17],
  ['a negative count', 'a|a:-1:{}', 2],
  ['a bool that is none', 'a|b:2;', 2],
  ['white space', 'a|i: 5;', 2],
  ['lower case null', 'a|n;', 2],
  ['NULL with a value', 'a|N:;', 2],
  ['infinity in lower case', 'a|d:inf;', 2],
  ['an exponent without digits', 'a|d:1e;', 2],
  ['a float without digits', 'a|d:.;', 2],
  ['a hexadecimal float', 'a|d:0x1p3;', 2],
  ['an int without digits', 'a|i:;', 2],
  ['a sign before a length', 'a|s:+1:"a";', 2],
  ['a bool as key', 'a|a:1:{b:1;i:1;}', 7],
  ['an array as key', 'a|a:1:{a:0:{}i:1;}', 7],
  ['a reference as key', 'a|a:1:{R:1;i:1;}', 7],
  ['PHP 3 objects', 'a|o:8:"stdClass":0:{}', 2],
  ['a class name that begins with a backslash', 'a|O:4:"\\Foo":0:{}', 2],
  ['a class name with a space', 'a|O:3:"F o":0:{}', 2],
  ['an empty class name', 'a|O:0:"":0:{}', 2],
  ['an escaped string with half an escape', 'a|S:1:"\\4";', 7],
  ['a C: that is too long', 'a|C:3:"Foo":9:{i:5;}b|i:1;', 2],
  ['an enum without a case', 'a|E:4:"Suit";', 2],
  ['a reference to nothing', 'a|R:0;', 2],
  ['a reference to itself', 'a|R:1;', 2],
  ['a reference forwards', 'a|R:2;b|i:1;', 2],
  ['a reference to the place that it fills', 'a|a:2:{i:0;i:1;i:0;R:2;}', 19],
  ['an object reference to what is none', 'a|a:2:{i:0;i:7;i:1;r:2;}', 19],
];

describe('what PHP cannot read either', () => {
  test.each(unreadable)('%s', (_name, data, offset) => {
    const error = failure(() => session(data));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_SYNTAX', offset]);
    expect(error.message).toContain(`at byte ${offset}`);
  });

  test('every beginning of a session is refused, or is one', () => {
    const data = 'a|a:2:{i:0;O:3:"Foo":1:{s:1:"p";d:0.5;}s:1:"k";R:2;}b|r:2;c|s:2:"\xc3\xa9";';
    const ends = [data.indexOf('b|'), data.indexOf('c|'), data.length, 0];
    for (let end = 0; end <= data.length; end++) {
      const read = () => session(data.slice(0, end));
      if (ends.includes(end)) expect(read).not.toThrow();
      else expect(failure(read).code).toBe('ERR_PHP_SYNTAX');
    }
  });
});

describe('limits', () => {
  const nested = (levels: number, inner: string) => `a|${'a:1:{i:0;'.repeat(levels)}${inner}${'}'.repeat(levels)}`;

  test('4,096 levels, as in PHP; an empty array below does not count, an empty object does', () => {
    expect(touched(nested(4096, 'i:1;'))).toBe(nested(4096, 'i:1;'));
    expect(touched(nested(4096, 'a:0:{}'))).toBe(nested(4096, 'a:0:{}'));
    expect(failure(() => session(nested(4097, 'i:1;'))).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => session(nested(4096, 'O:8:"stdClass":0:{}'))).code).toBe('ERR_PHP_LIMIT');
  });

  test('100,000 levels can be allowed', () => {
    const read = decodeSession(latin1Bytes(nested(100_000, 'i:1;')), { maxDepth: 200_000 });
    expect(Array.isArray(read.a)).toBe(true);
  });

  test('bytes and elements', () => {
    expect(failure(() => decodeSession(latin1Bytes('a|i:1;'), { maxBytes: 5 })).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => decodeSession(latin1Bytes('a|a:2:{i:0;N;i:1;N;}'), { maxElements: 1 })).code).toBe(
      'ERR_PHP_LIMIT',
    );
    expect(() => decodeSession(latin1Bytes(''), { maxDepth: Number.NaN })).toThrow(TypeError);
  });

  test('a count that lies costs nothing', () => {
    expect(failure(() => session('a|a:1073741823:{i:0;N;}')).code).toBe('ERR_PHP_SYNTAX');
    expect(failure(() => session('a|s:9999999999:"a";')).code).toBe('ERR_PHP_SYNTAX');
  });
});
