import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  isPhpArray,
  PhpArray,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
} from '../../../src/codec/index.ts';
import { detectSessionFormat, sessionFormat } from '../../../src/formats.ts';
import { hex, hexOf, hexRules, oddHexOf } from '../../helpers/hex-format.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

/** A format that is not PHP's own, given as a value. */
// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const shared = 'a:3:{s:1:"a";a:1:{s:1:"n";i:1;}s:1:"b";R:2;s:1:"c";O:3:"Foo":1:{s:1:"x";d:1;}}';
const read = (data: Uint8Array): Any => decodeSession(data, { format: hex });

describe('reading', () => {
  test('gives both views as from PHP’s own formats', () => {
    const data = 'a:2:{s:4:"user";a:1:{s:4:"name";s:4:"Zo\xc3\xab";}s:1:"f";d:1;}';
    expect(read(hexOf(data))).toEqual({ user: { name: 'Zoë' }, f: 1 });
    const exact = decodeSession(hexOf(data), { format: hex, view: 'exact' });
    expect(isPhpArray(exact)).toBe(true);
    expect(exact.get('f')).toEqual(new PhpFloat(1));
  });

  test('no bytes are an empty session, and decode() is not asked', () => {
    const never = sessionFormat({
      ...hexRules,
      decode: () => {
        throw new Error('was asked');
      },
    });
    expect({ ...decodeSession(new Uint8Array(), { format: never }) }).toEqual({});
    expect(latin1Text(encodeSession(decodeSession(new Uint8Array(), { format: never })))).toBe('');
  });

  test('an error of the format comes as it is, with the bytes around its offset for who asks for them', () => {
    expect(failure(() => read(latin1Bytes('HEX:61zz')))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 6 });
    const shown = failure(() => decodeSession(latin1Bytes('HEX:61zz'), { format: hex, excerpts: true }));
    expect(shown.excerpt).toBe('HEX:61 <here> zz');
  });

  test.each([
    ['maxBytes', 'a:1:{i:0;s:90:"', { maxBytes: 100 }],
    ['maxDepth', '', { maxDepth: 2 }],
    ['maxElements', '', { maxElements: 2 }],
  ])('what the format gives is held to %s, without an offset that would be of other bytes', (_, __, limits) => {
    const deep = new PhpArray([['a', [[['x'.repeat(90)]]]]]);
    const careless = sessionFormat({ name: 'careless', decode: () => deep, encode: hexRules.encode });
    const error = failure(() => decodeSession(latin1Bytes('.'), { format: careless, ...limits }));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_LIMIT', undefined]);
    expect(error.message).toContain('careless');
  });

  test('a few bytes that stand for very many are refused before they take all memory', () => {
    let laughs: unknown = 'ha';
    for (let level = 0; level < 60; level++) {
      laughs = new PhpArray([
        ['a', laughs],
        ['b', laughs],
      ]);
    }
    const bomb = sessionFormat({ ...hexRules, decode: () => new PhpArray([['a', laughs]]) });
    expect(failure(() => decodeSession(latin1Bytes('.'), { format: bomb, maxBytes: 1_000_000 })).code).toBe(
      'ERR_PHP_LIMIT',
    );
  });

  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a class with no such name', new PhpObject('no name', [])],
    ['a bigint beyond 64 bits', 2n ** 70n],
  ])('a value that PHP does not have is damage: %s', (_, value) => {
    const wrong = sessionFormat({ ...hexRules, name: 'wrong', decode: () => new PhpArray([['a', value]]) });
    const error = failure(() => decodeSession(latin1Bytes('.'), { format: wrong }));
    expect([error.code, error.offset, error.path]).toEqual(['ERR_PHP_SYNTAX', undefined, undefined]);
  });

  test('a format that gives something else is a mistake of its author', () => {
    const wrong = sessionFormat({ ...hexRules, name: 'wrong', decode: () => ({ a: 1 }) as never });
    expect(() => decodeSession(latin1Bytes('.'), { format: wrong })).toThrow(
      new TypeError('wrong: decode() must return a PhpArray'),
    );
    const mute = sessionFormat({ ...hexRules, name: 'mute', encode: () => 'text' as never });
    expect(() => encodeSession({ a: 1 }, { format: mute })).toThrow(new TypeError('mute: encode() must return bytes'));
  });
});

describe('writing', () => {
  test('a new session', () => {
    expect(latin1Text(encodeSession({ a: [1, 'é'] }, { format: hex }))).toBe(
      latin1Text(hexOf(encodeSession({ a: [1, 'é'] }, { format: 'php_serialize' }))),
    );
  });

  test('a session that was read is written in its own format again', () => {
    const session = read(oddHexOf(shared));
    session.a.n = 2;
    session.c.set('x', 3);
    const changed = shared.replace('i:1', 'i:2').replace('d:1', 'd:3');
    expect(latin1Text(encodeSession(session))).toBe(latin1Text(hexOf(changed)));
    expect(session.b).toBe(session.a);
  });

  test.each(['', 'a:0:{}', 'a:1:{s:1:"a";i:1;}', shared, `a:1:{s:1:"a";s:2000:"${'x'.repeat(2000)}";}`])(
    'what was not changed keeps its bytes, which encode() would not give: %#',
    (data) => {
      const odd = data === '' ? Buffer.alloc(0) : oddHexOf(data);
      expect(latin1Text(encodeSession(read(odd)))).toBe(latin1Text(odd));
      expect(latin1Text(encodeSession(read(odd), { format: hex }))).toBe(latin1Text(odd));
      const touched = read(odd);
      JSON.stringify(touched);
      expect(latin1Text(encodeSession(touched))).toBe(latin1Text(odd));
      const exact = decodeSession(odd, { format: hex, view: 'exact' });
      if (data !== '') expect(latin1Text(encodeSession(exact, { format: hex }))).toBe(latin1Text(odd));
      const changedAndBack = read(odd);
      changedAndBack.new = 1;
      delete changedAndBack.new;
      expect(latin1Text(encodeSession(changedAndBack))).toBe(latin1Text(odd));
    },
  );

  test('the bytes are a copy, in memory of their own', () => {
    const odd = oddHexOf('a:0:{}');
    const kept = encodeSession(read(odd));
    expect(kept.buffer).not.toBe(odd.buffer);
    const pooled = sessionFormat({ ...hexRules, encode: () => Buffer.from('pooled') });
    const written = encodeSession({ a: 1 }, { format: pooled });
    expect([written.byteOffset, written.buffer.byteLength]).toEqual([0, 6]);
  });

  test('from one format to another, and back', () => {
    const php = latin1Text(encodeSession(read(oddHexOf(shared)), { format: 'php' }));
    expect(php).toBe('a|a:1:{s:1:"n";i:1;}b|R:1;c|O:3:"Foo":1:{s:1:"x";d:1;}');
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(php)), { format: hex }))).toBe(latin1Text(hexOf(shared)));
    const other = sessionFormat({ ...hexRules, name: 'other' });
    expect(latin1Text(encodeSession(read(oddHexOf(shared)), { format: other }))).toBe(latin1Text(hexOf(shared)));
  });

  test('encode() gets references and shared objects as values', () => {
    let seen: PhpArray | undefined;
    const spy = sessionFormat({
      ...hexRules,
      encode: (session, rules) => {
        seen = session;
        return hexRules.encode(session, rules);
      },
    });
    const object = new PhpObject('Foo', [['x', 1]]);
    const reference = new PhpReference([1]);
    const entries: [string, unknown][] = [
      ['a', object],
      ['b', object],
      ['c', reference],
      ['d', reference],
    ];
    encodeSession(new PhpArray(entries), { format: spy, classes: ['Foo'] });
    expect(seen!.get('a')).toBe(seen!.get('b'));
    expect(seen!.get('c')).toBeInstanceOf(PhpReference);
    expect(seen!.get('c')).toBe(seen!.get('d'));
  });

  test('rules of writing hold: classes, enums by version, limits', () => {
    const object = { a: new PhpObject('Foo', []) };
    expect(failure(() => encodeSession(object, { format: hex })).code).toBe('ERR_PHP_CLASS');
    const suit = { a: new PhpEnum('Suit', 'Hearts') };
    expect(failure(() => encodeSession(suit, { format: hex, classes: ['Suit'], phpVersion: '8.0' })).code).toBe(
      'ERR_PHP_UNREPRESENTABLE',
    );
    // 18 bytes of php_serialize, and twice as many of hex behind its header.
    const small = { a: 1 };
    expect(encodeSession(small, { format: hex, maxBytes: 40 }).length).toBe(40);
    expect(failure(() => encodeSession(small, { format: hex, maxBytes: 39 })).code).toBe('ERR_PHP_LIMIT');
  });

  test('a class that was read may be written again, an enum too', () => {
    const data = 'a:2:{s:1:"a";O:3:"Foo":0:{}s:1:"b";E:8:"Suit:Two";}';
    const session = read(hexOf(data));
    session.c = 1;
    expect(latin1Text(encodeSession(session))).toBe(
      latin1Text(hexOf(data.replace('a:2', 'a:3').replace(/}$/, 's:1:"c";i:1;}'))),
    );
  });
});

describe('the option', () => {
  test.each([null, 'hex', '', 5, {}, { name: 'x' }, hexRules])('refuses what is no format: %p', (format) => {
    const message = /^format must be 'php', 'php_serialize', 'php_binary', or made by sessionFormat\(\)$/;
    for (const run of [decodeSession, encodeSession]) {
      expect(() => run(new Uint8Array(), { format } as never)).toThrow(TypeError);
      expect(() => run(new Uint8Array(), { format } as never)).toThrow(message);
    }
  });

  test.each([{}, { name: 'x' }, { name: 'x', decode: hexRules.decode }, { ...hexRules, name: 5 }])(
    'of %p no format can be made',
    (rules) => {
      expect(() => sessionFormat(rules as never)).toThrow(
        new TypeError('sessionFormat() needs a name, and the functions decode and encode'),
      );
    },
  );
});

describe('detection', () => {
  const data = oddHexOf('a:1:{s:1:"a";i:1;}');

  test('tries a format that is given', () => {
    expect(detectSessionFormat(data).possible).toEqual([]);
    expect(detectSessionFormat(data, { formats: [hex] })).toEqual({ format: hex, certainty: 'sure', possible: [hex] });
    const base64 = Buffer.from(data.toString('base64'));
    expect(detectSessionFormat(base64, { formats: [hex] }).inner).toMatchObject({ format: hex });
    const { format } = detectSessionFormat(data, { formats: [hex] });
    expect({ ...decodeSession(data, { format: format! }) }).toEqual({ a: 1 });
  });

  test('tells PHP’s own formats as before', () => {
    const php = encodeSession({ a: 1 });
    expect(detectSessionFormat(php, { formats: [hex] })).toEqual({
      format: 'php',
      certainty: 'sure',
      possible: ['php'],
    });
    expect(detectSessionFormat(latin1Bytes('HEX:zz'), { formats: [hex] })).toMatchObject({
      possible: [],
      error: { offset: 4 },
    });
    const limited = detectSessionFormat(data, { formats: [hex], maxElements: 0 });
    expect(limited.possible).toEqual([]);
  });
});
