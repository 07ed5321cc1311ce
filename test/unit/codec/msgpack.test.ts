import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
  type PhpSessionError,
} from '../../../src/codec/index.ts';
import { type MsgpackOptions, msgpack } from '../../../src/codec/msgpack/index.ts';
import { detectSessionFormat } from '../../../src/formats.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

// Bytes are hexadecimal, as PHP 8.2 with msgpack 2.2.0RC2 writes them (for enums: PHP 8.4 with 3.0.0). Blanks are for the reader.

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const format = msgpack();
const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex');
const plain = (hex: string, options?: MsgpackOptions): Any => decodeSession(bytes(hex), { format: msgpack(options) });
const exact = (hex: string, options?: MsgpackOptions) =>
  decodeSession(bytes(hex), { format: msgpack(options), view: 'exact' });
const written = (session: object, options: MsgpackOptions = {}) =>
  hexOf(encodeSession(session, { format: msgpack(options), classes: ['stdClass', 'P', 'S', 'Sz', 'Suit'] }));
const serialized = (hex: string, options?: MsgpackOptions) =>
  latin1Text(encodeSession(exact(hex, options), { format: 'php_serialize' }));
const fromSerialized = (text: string, options?: MsgpackOptions) =>
  hexOf(encodeSession(decodeSession(latin1Bytes(text), { format: 'php_serialize' }), { format: msgpack(options) }));

/** A session with one of everything that needs no option. */
const rich = `8d c001 a161 9302c0c3 a162 82a178 cb3ff8000000000000 05a179 a163 90 a164 a2ff00 a165 d1ff7f
  a166 82c0a8737464436c617373 a170 ce00011170 a167 82c0040005 a168 82c001 00a17a a169 82c0020007
  a16a d920${'61'.repeat(32)} a16b cf7fffffffffffffff a16c d38000000000000000`;

describe('what PHP writes', () => {
  test.each([
    ['90', 'a:0:{}'],
    ['82c001 a16e 01', 'a:1:{s:1:"n";i:1;}'],
    ['82c001 a161 93010203', 'a:1:{s:1:"a";a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}}'],
    ['82c001 a161 90', 'a:1:{s:1:"a";a:0:{}}'],
    ['82c001 a161 8201a17800a179', 'a:1:{s:1:"a";a:2:{i:1;s:1:"x";i:0;s:1:"y";}}'],
    ['82c001 a161 8101a178', 'a:1:{s:1:"a";a:1:{i:1;s:1:"x";}}'],
    ['83c001 a161 cb3ff0000000000000 a162 cb8000000000000000', 'a:2:{s:1:"a";d:1;s:1:"b";d:-0;}'],
    ['84c001 a161 c0 a162 c2 a163 c3', 'a:3:{s:1:"a";N;s:1:"b";b:0;s:1:"c";b:1;}'],
    ['82c001 a161 a2ff00', 'a:1:{s:1:"a";s:2:"\xff\0";}'],
    ['82c001 a161 93e0d0dfd1ff7f', 'a:1:{s:1:"a";a:3:{i:0;i:-32;i:1;i:-33;i:2;i:-129;}}'],
    ['82c001 a161 81c0a8737464436c617373', 'a:1:{s:1:"a";O:8:"stdClass":0:{}}'],
    [
      '82c001 a161 93cf0000000100000000 d3ffffffff7fffffff cf7fffffffffffffff',
      'a:1:{s:1:"a";a:3:{i:0;i:4294967296;i:1;i:-2147483649;i:2;i:9223372036854775807;}}',
    ],
  ])('%s', (hex, text) => {
    expect(serialized(hex)).toBe(text);
    expect(fromSerialized(text)).toBe(hex.replaceAll(' ', ''));
  });

  test.each([
    [15, '9f', '8f'],
    [16, 'dc0010', 'de0010'],
    [65_535, 'dcffff', 'deffff'],
    [65_536, 'dd00010000', 'df00010000'],
  ])('the size of a list, and of a map: %i', (size, list, map) => {
    const values = Array<null>(size).fill(null);
    const session = new PhpArray([
      ['l', new PhpArray(values.map((value, index) => [index, value]))],
      ['m', new PhpArray(values.map((value, index) => [index + 1, value]))],
    ]);
    const hex = written(session);
    expect(hex.startsWith(`83c001a16c${list}c0`)).toBe(true);
    expect(hex.slice(10 + list.length + 2 * size).startsWith(`a16d${map}01c002c0`)).toBe(true);
  });

  test.each([
    [31, 'bf'],
    [32, 'd920'],
    [255, 'd9ff'],
    [256, 'da0100'],
    [65_535, 'daffff'],
    [65_536, 'db00010000'],
  ])('the size of a text, and of bytes: %i', (size, head) => {
    for (const [text, byte] of [
      ['x'.repeat(size), '78'],
      [new Uint8Array(size).fill(0xff), 'ff'],
    ] as const) {
      expect(written(new PhpArray([['s', text]]))).toBe(`82c001a173${head}${byte.repeat(size)}`);
    }
    // As long in bytes, but not in characters.
    const longer = `é${'x'.repeat(size - 2)}`;
    expect(written({ s: longer })).toBe(`82c001a173${head}c3a9${'78'.repeat(size - 2)}`);
  });

  test('in the plain view', () => {
    const session = plain('83c001 a475736572 82a46e616d65a45a6fc3ab a26964 07 a166 cb3ff0000000000000');
    expect(session).toEqual({ user: { name: 'Zoë', id: 7 }, f: 1 });
    session.user.id = 8;
    session.more = [1, 2];
    expect(hexOf(encodeSession(session))).toBe(
      bytes('84c001 a475736572 82a46e616d65a45a6fc3ab a26964 08 a166 cb3ff0000000000000 a46d6f7265 920102').toString(
        'hex',
      ),
    );
  });

  test('sessions that were recorded', () => {
    const file = join(__dirname, '../../../fixtures/encodings/sessions.json');
    const recorded = JSON.parse(readFileSync(file, 'utf8')).filter(({ handler }: Any) => handler === 'msgpack');
    expect(recorded.length).toBeGreaterThan(2);
    for (const { session, hex } of recorded) {
      expect({ ...plain(hex) }).toEqual(session);
      expect(written(session)).toBe(hex);
    }
  });

  test('no bytes are an empty session', () => {
    expect({ ...plain('') }).toEqual({});
    expect(hexOf(encodeSession(plain('')))).toBe('');
    expect(written({})).toBe('90');
  });
});

describe('what other software writes, and PHP reads', () => {
  test.each([
    ['without the first pair', '81 a16e 01', 'a:1:{s:1:"n";i:1;}'],
    ['an empty map', '80', 'a:0:{}'],
    [
      'counts and sizes in more bytes',
      'df00000002 c0d001 da0001 6e dd00000001 db00000001 78',
      'a:1:{s:1:"n";a:1:{i:0;s:1:"x";}}',
    ],
    [
      'ints in more bytes',
      '82c001 a16e 93 cd0001 d3ffffffffffffffff cf0000000000000005',
      'a:1:{s:1:"n";a:3:{i:0;i:1;i:1;i:-1;i:2;i:5;}}',
    ],
    [
      'bin',
      '82c001 a16e 93 c40178 c50001ff c60000000178',
      'a:1:{s:1:"n";a:3:{i:0;s:1:"x";i:1;s:1:"\xff";i:2;s:1:"x";}}',
    ],
    ['float 32', '82c001 a16e ca3fc00000', 'a:1:{s:1:"n";d:1.5;}'],
    ['an int beyond PHP’s', '82c001 a16e cfffffffffffffffff', 'a:1:{s:1:"n";s:20:"18446744073709551615";}'],
    ['digits as a key', '82c001 a16e 82 a135 01 a23035 02', 'a:1:{s:1:"n";a:2:{i:5;i:1;s:2:"05";i:2;}}'],
    ['an empty map inside', '82c001 a16e 80', 'a:1:{s:1:"n";O:8:"stdClass":0:{}}'],
  ])('%s', (_, hex, text) => {
    expect(serialized(hex)).toBe(text);
    // As it was, unless something changes.
    const session = plain(hex);
    JSON.stringify(session);
    expect(hexOf(encodeSession(session))).toBe(bytes(hex).toString('hex'));
    session.new = 1;
    const again = hexOf(encodeSession(session));
    const changed = text
      .replace(/^a:(\d+)/, (_all, count) => `a:${Number(count) + 1}`)
      .replace(/}$/, 's:3:"new";i:1;}');
    expect(again).toBe(fromSerialized(changed));
  });
});

describe('variables with an int as name', () => {
  test('are lost when PHP reads, so they are not there', () => {
    const session = plain('84c001 00a178 a16e 01 05a179');
    expect({ ...session }).toEqual({ n: 1 });
    expect(hexOf(encodeSession(session))).toBe('84c00100a178a16e0105a179');
    session.n = 2;
    expect(hexOf(encodeSession(session))).toBe('82c001a16e02');
    // zend_symtable_update() makes an int of it.
    expect({ ...plain('82c001 a135 01') }).toEqual({});
  });

  test('are not written', () => {
    const error = failure(() => written({ a: 1, 5: 2 }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_KEY', ['5']]);
    expect(error.message).toContain('The format msgpack cannot write an integer as key at the top level');
    expect(failure(() => written({ '-7': 2 })).code).toBe('ERR_PHP_KEY');
  });
});

describe('objects', () => {
  const point = '84 c0a150 a16101 a400500062 02 a4002a0063 03';
  const method = '82 c0a153 c0 81a17801';
  const list = '82 c0a153 c0 920102';
  const custom = '82 c003 a2537a a25859';

  test('with their properties', () => {
    const session = plain(`82c001 a16f ${point}`);
    expect(session.o).toBeInstanceOf(PhpObject);
    expect([session.o.className, session.o.get('a'), session.o.get('b'), session.o.get('c')]).toEqual(['P', 1, 2, 3]);
    session.o.set('b', 'x');
    expect(hexOf(encodeSession(session))).toBe(`82c001a16f${point.replace('02', 'a178')}`.replaceAll(' ', ''));
  });

  test.each([
    [point, 'O:1:"P":3:{s:1:"a";i:1;s:4:"\0P\0b";i:2;s:4:"\0*\0c";i:3;}'],
    [method, 'O:1:"S":1:{s:1:"x";i:1;}'],
    [list, 'O:1:"S":2:{i:0;i:1;i:1;i:2;}'],
    ['82 c0a153 c0 90', 'O:1:"S":0:{}'],
    ['82 c0a153 c0 81 05c3', 'O:1:"S":1:{i:5;b:1;}'],
    [custom, 'C:2:"Sz":2:{XY}'],
  ])('keep their layout when something else changes: %s', (object, text) => {
    const hex = `82c001 a16f ${object}`;
    expect(serialized(hex)).toBe(`a:1:{s:1:"o";${text}}`);
    const session = plain(hex);
    session.n = 1;
    expect(hexOf(encodeSession(session))).toBe(`83c001a16f${object}a16e01`.replaceAll(' ', ''));
  });

  test('of a class that was read may be added in its layout', () => {
    const session = plain(`82c001 a16f ${method}`);
    session.p = new PhpObject('S', [['y', 2]]);
    expect(hexOf(encodeSession(session))).toBe(
      `83c001a16f${method}a170${method.replace('a17801', 'a17902')}`.replaceAll(' ', ''),
    );
  });

  test('of another class need the option layouts, as a wrong layout loses all properties', () => {
    const session = () => ({ a: [new PhpObject('S', [['x', 1]])] });
    const error = failure(() => written(session()));
    expect([error.code, error.path]).toEqual(['ERR_PHP_CLASS', ['a', '0']]);
    expect(error.message).toContain('(its option layouts)');
    expect(error.message).toContain('(at: 1st variable > 1st element)');
    expect(written(session(), { layouts: { s: '__serialize' } })).toBe(`82c001a16191${method}`.replaceAll(' ', ''));
    expect(written(session(), { layouts: { S: 'properties' } })).toBe('82c001a1619182c0a153a17801');
    expect(failure(() => written(session(), { layouts: { S: 'Serializable' } })).code).toBe('ERR_PHP_CLASS');
    expect(written({ a: new PhpObject('stdClass', []) })).toBe('82c001a16181c0a8737464436c617373');
  });

  test('that serialized themselves need it too, as PHP adds a byte to their data', () => {
    const session = () => ({ a: new PhpCustom('Sz', latin1Bytes('XY')) });
    expect(failure(() => written(session())).code).toBe('ERR_PHP_CLASS');
    expect(failure(() => written(session(), { layouts: { Sz: 'properties' } })).code).toBe('ERR_PHP_CLASS');
    expect(written(session(), { layouts: { Sz: 'Serializable' } })).toBe(`82c001a161${custom}`.replaceAll(' ', ''));
  });

  test('still need the option classes', () => {
    const options = { format: msgpack({ layouts: { S: 'properties' } }) };
    expect(failure(() => encodeSession({ a: new PhpObject('S', []) }, options)).code).toBe('ERR_PHP_CLASS');
  });

  test('what the row says of a class counts more than the option', () => {
    const session = plain(`82c001 a16f ${method}`, { layouts: { S: 'properties' } });
    session.n = 1;
    expect(hexOf(encodeSession(session))).toBe(`83c001a16f${method}a16e01`.replaceAll(' ', ''));
  });
});

describe('enums', () => {
  const suit = '82 c006 a453756974 a6486561727473';
  const hex = `83c001 a161 ${suit} a162 82c0040002`;

  test('of version 3.0', () => {
    expect(serialized(hex, { version: '3.0' })).toBe('a:2:{s:1:"a";E:11:"Suit:Hearts";s:1:"b";r:2;}');
    const session = plain(hex, { version: '3.0' });
    expect(session.a).toEqual(new PhpEnum('Suit', 'Hearts'));
    session.n = 1;
    expect(hexOf(encodeSession(session))).toBe(`84c001a161${suit}a16282c0040002a16e01`.replaceAll(' ', ''));
    expect(written({ a: new PhpEnum('Suit', 'Hearts') }, { version: '3.0' })).toBe(
      `82c001a161${suit}`.replaceAll(' ', ''),
    );
  });

  test.each<MsgpackOptions>([{}, { version: '2.2' }])('are neither read nor written with %p', (options) => {
    const error = failure(() => exact(hex, options));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_UNREPRESENTABLE', 5]);
    expect(error.message).toContain('the option version');
    const refused = failure(() => written({ x: { a: new PhpEnum('Suit', 'Hearts') } }, options));
    expect([refused.code, refused.path]).toEqual(['ERR_PHP_UNREPRESENTABLE', ['x', 'a']]);
  });

  test('of version 2.2 are objects with a name and a value', () => {
    const old = '82c001 a165 83 c0a453756974 a46e616d65 a6486561727473 a576616c7565 a148';
    const session = plain(old);
    expect([session.e.className, session.e.get('name')]).toEqual(['Suit', 'Hearts']);
    session.n = 1;
    expect(hexOf(encodeSession(session))).toBe(`83${bytes(old).toString('hex').slice(2)}a16e01`);
  });
});

describe('places that share a value', () => {
  test.each([
    [
      'an object',
      '83c001 a161 82c0a8737464436c617373a17801 a162 82c0040002',
      'O:8:"stdClass":1:{s:1:"x";i:1;}',
      'r:2;',
    ],
    ['a list in a reference', '83c001 a161 83c001 0005 0106 a162 82c0020002', 'a:2:{i:0;i:5;i:1;i:6;}', 'R:2;'],
    [
      'an object in a reference',
      '83c001 a161 83c001c0a8737464436c617373a17801 a162 82c0050002',
      'O:8:"stdClass":1:{s:1:"x";i:1;}',
      'R:2;',
    ],
    [
      'an empty object in a reference',
      '83c001 a161 82c001c0a8737464436c617373 a162 82c0050002',
      'O:8:"stdClass":0:{}',
      'R:2;',
    ],
    [
      'an object that holds itself',
      '83c001 a161 82c0a8737464436c617373a17882c0040002 a162 c0',
      'O:8:"stdClass":1:{s:1:"x";r:2;}',
      'N;',
    ],
    [
      'an array that holds itself',
      '83c001 a161 83c001 0001 0182c0020002 a162 82c0020002',
      'a:2:{i:0;i:1;i:1;R:2;}',
      'R:2;',
    ],
  ])('%s', (_, hex, value, again) => {
    const text = `a:2:{s:1:"a";${value}s:1:"b";${again}}`;
    expect(serialized(hex)).toBe(text);
    expect(fromSerialized(text)).toBe(hex.replaceAll(' ', ''));
  });

  test('are shared in JavaScript', () => {
    const session = plain('83c001 a161 83c001 0005 0106 a162 82c0020002');
    expect(session.b).toBe(session.a);
    session.a.push(7);
    expect(hexOf(encodeSession(session))).toBe('83c001a16184c001000501060207a16282c0020002');
  });

  test('a reference that is alone is none', () => {
    expect(serialized('82c001 a161 82c001 0001')).toBe('a:1:{s:1:"a";a:1:{i:0;i:1;}}');
    expect(serialized('83c001 a161 81c0a8737464436c617373 a162 82c0050002')).toBe(
      'a:2:{s:1:"a";O:8:"stdClass":0:{}s:1:"b";r:2;}',
    );
  });

  test('what PHP itself reads in another way is read as PHP reads it', () => {
    // PHP has an object in a reference, and once more without it. When it reads, all are in the reference.
    expect(serialized('83c001 a161 82c001c0a8737464436c617373 a162 82c0040002')).toBe(
      'a:2:{s:1:"a";O:8:"stdClass":0:{}s:1:"b";R:2;}',
    );
    // Two places share an empty array. When PHP reads, they are two arrays.
    expect(serialized('83c001 a161 90 a162 82c0020002')).toBe('a:2:{s:1:"a";a:0:{}s:1:"b";a:0:{}}');
  });

  const object = () => new PhpObject('stdClass', []);
  const many = (entries: [string, unknown][]) => new PhpArray(entries);

  test.each<[string, () => PhpArray, string[]]>([
    [
      'to a scalar',
      () => {
        const reference = new PhpReference(5);
        return many([
          ['a', reference],
          ['b', [reference]],
        ]);
      },
      ['a'],
    ],
    [
      'to an empty array',
      () => {
        const reference = new PhpReference(new PhpArray());
        return many([
          ['a', reference],
          ['b', reference],
        ]);
      },
      ['a'],
    ],
    [
      'to an object with __serialize()',
      () => {
        const reference = new PhpReference(new PhpObject('S', []));
        return many([
          ['a', reference],
          ['b', reference],
        ]);
      },
      ['a'],
    ],
    [
      'and the object without it',
      () => {
        const reference = new PhpReference(object());
        return many([
          ['a', reference],
          ['b', reference],
          ['c', new PhpArray([['x', reference.value]])],
        ]);
      },
      ['c', 'x'],
    ],
  ])('a reference that PHP would lose is an error: %s', (_, make, path) => {
    const error = failure(() => written(make(), { layouts: { S: '__serialize' } }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_REFERENCE', path]);
  });

  test('a number that means two values in PHP is an error in both directions', () => {
    const reference = new PhpReference(new PhpArray([[0, 1]]));
    const late = object();
    const session = many([
      ['a', reference],
      ['b', reference],
      ['c', late],
      ['d', late],
    ]);
    expect(failure(() => written(session))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['d'] });
    session.delete('d');
    expect(written(session)).toBe('84c001a16182c0010001a16282c0020002a16381c0a8737464436c617373');
    for (const number of ['03', '04']) {
      const hex = `85c001 a161 82c0010001 a162 82c0020002 a163 81c0a8737464436c617373 a164 82c00400${number}`;
      const error = failure(() => exact(hex));
      expect([error.code, error.offset, error.message]).toEqual([
        'ERR_PHP_REFERENCE',
        bytes(hex).length - 2,
        expect.stringContaining('another when it reads'),
      ]);
    }
    // Values from before are sure.
    const early = many([
      ['o', late],
      ['a', reference],
      ['b', reference],
      ['d', late],
    ]);
    expect(serialized(written(early))).toBe(
      'a:4:{s:1:"o";O:8:"stdClass":0:{}s:1:"a";a:1:{i:0;i:1;}s:1:"b";R:3;s:1:"d";r:2;}',
    );
  });

  test('an object that is beyond the room of its array may hold itself', () => {
    const node = object();
    node.set('self', node);
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
    const array = new PhpArray([['first', object()], ...numbers.map((i): [string, number] => [`k${i}`, i])]);
    array.set('k9', node);
    const elements = numbers.map((i) => `a26b3${i}0${i}`).join('');
    expect(written(many([['a', array]]))).toBe(
      `82c001a1618aa5666972737481c0a8737464436c617373${elements}a26b3982c0a8737464436c617373a473656c6682c0040004`,
    );
  });

  test('what PHP would not find again is an error, and elsewhere it is written', () => {
    const shared = object();
    const around = (size: number) => {
      const array = new PhpArray([
        ['first', object()],
        ['o', shared],
      ]);
      for (let i = 2; i < size; i++) array.set(`k${i}`, i);
      return many([
        ['a', array],
        ['b', shared],
      ]);
    };
    expect(serialized(written(around(8)))).toMatch(/r:4;}$/);
    expect(failure(() => written(around(9)))).toMatchObject({ code: 'ERR_PHP_REFERENCE', path: ['b'] });
    const inData = many([
      [
        'a',
        new PhpObject('S', [
          ['x', shared],
          ['y', shared],
        ]),
      ],
      ['b', 1],
    ]);
    expect(written(inData, { layouts: { S: '__serialize' } })).toContain('82c0040004');
    const before = many([
      ['b', shared],
      ['a', new PhpObject('S', [['x', object()]])],
      ['c', shared],
    ]);
    expect(written(before, { layouts: { S: '__serialize' } })).toMatch(/a16382c0040002$/);
    inData.set('b', shared);
    expect(failure(() => written(inData, { layouts: { S: '__serialize' } }))).toMatchObject({ path: ['b'] });
  });
});

describe('between formats', () => {
  test('and back', () => {
    const php = 'a|a:1:{s:1:"n";i:1;}b|R:1;c|O:8:"stdClass":1:{s:1:"x";d:1;}';
    const session = decodeSession(latin1Bytes(php));
    const packed = encodeSession(session, { format });
    expect(latin1Text(encodeSession(decodeSession(packed, { format }), { format: 'php' }))).toBe(php);
  });

  test('classes need their layouts', () => {
    const session = decodeSession(latin1Bytes('c|O:1:"S":1:{s:1:"x";i:1;}'));
    expect(failure(() => encodeSession(session, { format })).code).toBe('ERR_PHP_CLASS');
    const told = msgpack({ layouts: { S: '__serialize' } });
    expect(hexOf(encodeSession(session, { format: told }))).toBe('82c001a16382c0a153c081a17801');
  });

  test('references after an object that serialized itself are an error that says so', () => {
    const object = '81c0a8737464436c617373';
    const error = failure(() => exact(`84c001 a161 82c003a2537aa158 a162 ${object} a163 82c0040003`));
    expect([error.code, error.message]).toEqual(['ERR_PHP_REFERENCE', expect.stringContaining('serialized itself')]);
  });
});

describe('hostile rows', () => {
  const all = `${rich.replaceAll(/\s/g, '')}`;

  test('cut off at any byte, they are refused at that byte or before it', () => {
    const data = bytes(all);
    expect(serialized(all)).toMatch(/^a:12:/);
    for (let size = 1; size < data.length; size++) {
      const error = failure(() => decodeSession(data.subarray(0, size), { format }));
      expect([size, error.code]).toEqual([size, 'ERR_PHP_SYNTAX']);
      expect(error.offset).toBeLessThanOrEqual(size);
    }
  });

  test('with any bit changed, they are read or refused, and what was read is written or refused', () => {
    const data = bytes(all);
    let read = 0;
    for (let at = 0; at < data.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const damaged = Buffer.from(data);
        damaged[at]! ^= bit;
        attempt(() => {
          const session = decodeSession<Any>(damaged, { format: msgpack({ version: '3.0' }) });
          read++;
          session.added = 1;
          const again = encodeSession(session);
          delete session.added;
          expect(decodeSession<Any>(again, { format: msgpack({ version: '3.0' }) }).added).toBe(1);
          return again;
        });
      }
    }
    expect(read).toBeGreaterThan(100);
  });

  test.each(['01 02', '00', '90', 'c1'])('bytes after the session are an error: %s', (rest) => {
    expect(failure(() => exact(`82c001 a16e 01 ${rest}`))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 6 });
    expect(failure(() => exact(`90 ${rest}`))).toMatchObject({ code: 'ERR_PHP_SYNTAX', offset: 1 });
  });

  test.each([
    ['a number', '01', 0],
    ['nil', 'c0', 0],
    ['a string', 'a161', 0],
    ['a list with elements', '9101', 0],
    ['an object', '81c0a8737464436c617373', 0],
    ['an unused byte', 'c1', 0],
    ['only the first pair', '81c001', 0],
    ['nil in another place', '83c001 a16101 c001', 6],
    ['another mark', '82c002 a16e 01', 0],
    ['a nil and a nil', '82c0c0 a16e 01', 2],
    ['an extension type', '82c001 a16e d40100', 5],
    ['an extension type of some size', '82c001 a16e c7010000', 5],
    ['a float as a key', '82c001 cb3ff0000000000000 01', 3],
    ['a list as a key', '82c001 90 01', 3],
    ['true as a key', '82c001 c3 01', 3],
    ['a name twice', '83c001 a16e 01 a16e 02', 6],
    ['a key twice', '82c001 a16e 82 0501 a13502', 8],
    ['a property twice', '82c001 a16e 83 c0a150 a17801 a17802', 12],
    ['a reference to nothing', '82c001 a16e 81c001', 5],
    ['a mark that PHP does not have', '82c001 a16e 82c007 0001', 5],
    ['a mark that is negative', '82c001 a16e 82c0ff 0001', 5],
    ['a mark that is a bigint', '82c001 a16e 82c0cf7fffffffffffffff 0001', 5],
    ['a name that no class has', '82c001 a16e 81c0a3612062', 5],
    ['a class without a name', '82c001 a16e 81c0a0', 5],
    ['a property twice, as an int and its digits', '82c001 a16e 83 c0a150 0501 a13502', 11],
    ['a class and its array in a reference', '82c001 a16e 83c001c0a153 c081a17801', 11],
    ['more than a class and its array', '82c001 a16e 83c0a153 c081a17801 a17801', 9],
    ['a class and a map', '82c001 a16e 82c0a153 c080', 10],
    ['a class and a number', '82c001 a16e 82c0a153 c001', 10],
    ['an array for a class that has no method', '82c001 a16e 82c0a8737464436c617373 c090', 16],
    ['data of a class that are no string', '82c001 a16e 82c003 a2537a 05', 11],
    ['a case that no enum has', '82c001 a16e 82c006 a453756974 a3612062', 13],
    ['more than the same object', '83c001 a16d 81c0a8737464436c617373 a16e 83c004 0002 0102', 18],
    ['the same object with another key', '83c001 a16d 81c0a8737464436c617373 a16e 82c004 0102', 21],
    ['the same object as a string', '83c001 a16d 81c0a8737464436c617373 a16e 82c004 00a132', 21],
    ['the session again', '82c001 a16e 82c004 0001', 8],
    ['the number 0', '82c001 a16e 82c004 0000', 8],
    ['itself', '82c001 a16e 82c004 0002', 8],
    ['a number that is too large', '82c001 a16e 82c004 0009', 8],
    ['a negative number', '82c001 a16e 82c004 00ff', 8],
    ['an array as an object', '83c001 a16d 9101 a16e 82c004 0002', 12],
    ['an array that is in no reference', '83c001 a16d 9101 a16e 82c002 0002', 12],
    ['a list inside itself', '82c001 a16d 91 82c002 0002', 9],
    ['an object as an array', '83c001 a16d 81c0a8737464436c617373 a16e 82c002 0002', 21],
  ])('what PHP never writes is an error, as PHP would drop or change it: %s', (_, hex, offset) => {
    const error = failure(() => exact(hex, { version: '3.0' }));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_SYNTAX', offset]);
  });

  test.each([
    'dfffffffff',
    'deffff',
    'ddffffffff',
    '82c001a161ddffffffff01',
    '82c001a161dfffffffff0101',
    '82c001dbffffffff61',
    '82c001a161dbffffffff',
    '82c001a161c6ffffffff00',
    '82c001a16182c0dbffffffff',
  ])('a count that lies takes no memory: %s', (hex) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(failure(() => exact(hex)).code).toBe('ERR_PHP_SYNTAX');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });

  test('limits hold, and the default depth is that of PHP’s extension', () => {
    const nested = (depth: number) => bytes(`81 a161 ${'91'.repeat(depth - 1)}90`);
    expect(decodeSession<Any>(nested(1022), { format }).a).toHaveLength(1);
    const error = failure(() => decodeSession(nested(1023), { format }));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_LIMIT', 1025]);
    const bomb = bytes(`81 a161 ${'91'.repeat(100_000)}`);
    expect(failure(() => decodeSession(bomb, { format })).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => decodeSession(nested(20), { format, maxDepth: 10 })).code).toBe('ERR_PHP_LIMIT');
    const wide = bytes(`81 a161 dc0100 ${'90'.repeat(256)}`);
    expect(failure(() => decodeSession(wide, { format, maxElements: 100 }))).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      offset: 6 + 99,
    });
    expect(failure(() => decodeSession(wide, { format, maxBytes: 100 })).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => decodeSession(wide, { format, maxBytes: 1000 })).code).toBe('ERR_PHP_LIMIT');
  });

  test('too many levels are not written, as PHP could not read them', () => {
    const nest = (depth: number) => {
      let value: unknown = [];
      for (let level = 1; level < depth; level++) value = [value];
      return { a: value };
    };
    expect(decodeSession(Buffer.from(written(nest(1022)), 'hex'), { format })).toBeDefined();
    const error = failure(() => written(nest(1023)));
    expect([error.code, error.path?.length]).toEqual(['ERR_PHP_LIMIT', 1023]);
    // An object with __serialize() is two levels.
    let object: unknown = null;
    for (let level = 0; level < 512; level++) object = new PhpObject('S', [['x', object]]);
    expect(failure(() => written({ a: object }, { layouts: { S: '__serialize' } })).code).toBe('ERR_PHP_LIMIT');
    expect(written({ a: (object as PhpObject).get('x') }, { layouts: { S: '__serialize' } })).toContain('82c0a153');
  });

  test.each([
    ['empty lists', (count: number) => '90'.repeat(count)],
    ['objects', (count: number) => '81c0a141'.repeat(count)],
    ['objects that are one', (count: number) => `81c0a141${'82c0040003'.repeat(count - 1)}`],
    ['arrays in a reference', (count: number) => `82c0010001${'82c0020003'.repeat(count - 1)}`],
    ['objects with __serialize()', (count: number) => '82c0a141c090'.repeat(count)],
    ['strings that are no UTF-8', (count: number) => 'a1ff'.repeat(count)],
  ])('many %s are read and written in time', (_, elements) => {
    const count = 20_000;
    const session = decodeSession<Any>(bytes(`81 a161 dc${count.toString(16).padStart(4, '0')} ${elements(count)}`), {
      format,
    });
    expect(session.a).toHaveLength(count);
    session.b = 1;
    const again = encodeSession(session);
    expect(again.length).toBeGreaterThan(count);
  });
});

describe('the format', () => {
  test.each([null, 'x', '2', 3, '3.1'])('refuses the version %p', (version) => {
    expect(() => msgpack({ version } as never)).toThrow(new TypeError("version must be '2.2' or '3.0'"));
  });

  test.each([null, 'x', { A: 'other' }, { A: true }])('refuses the layouts %p', (layouts) => {
    expect(() => msgpack({ layouts } as never)).toThrow(/^layouts must be /);
  });

  test('is found among others', () => {
    const data = bytes('82c001a16e01');
    expect(detectSessionFormat(data, { formats: [format] })).toMatchObject({ format, certainty: 'sure' });
    expect(detectSessionFormat(data)).toMatchObject({ possible: [], encoding: 'msgpack' });
  });

  test.each([
    ['90', true],
    ['82c001a16e01', true],
    ['82c001a1', true],
    ['de0010c001', true],
    ['df00010000c001', true],
    ['9001', false],
    ['81a16e01', false],
    ['617c693a313b', false],
    ['', false],
    ['82', false],
  ])('recognizes %s: %p', (hex, expected) => {
    expect(format.recognize!(bytes(hex))).toBe(expected);
  });

  test('writes floats as PHP does', () => {
    const session = { a: new PhpFloat(Number.NaN), b: new PhpFloat(1), c: 0.5 };
    expect(written(session)).toBe('84c001a161cb7ff8000000000000a162cb3ff0000000000000a163cb3fe0000000000000');
  });
});

/** Runs what may end with an error of ours, and with no other. */
function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect((error as PhpSessionError).name).toBe('PhpSessionError');
  }
}
