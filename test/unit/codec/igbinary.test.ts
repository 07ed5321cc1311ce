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
  PhpSessionError,
} from '../../../src/codec/index.ts';
import { detectSessionFormat } from '../../../src/formats.ts';
import { igbinary } from '../../../src/igbinary.ts';
import { failure } from './helpers.ts';

// `fuzz-igbinary.test.ts` compares with PHP's extension. These are the bytes that it was seen to write, and bytes that it does not.

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

const bytes = (hex: string) => Buffer.from(`00000002${hex}`.replaceAll(' ', ''), 'hex');
const read = (hex: string): Any => decodeSession(bytes(hex), { format: igbinary });
const exact = (hex: string): Any => decodeSession(bytes(hex), { format: igbinary, view: 'exact' });
const write = (session: object, options: object = {}): string =>
  Buffer.from(encodeSession(session, { format: igbinary, ...options }))
    .toString('hex')
    .slice(8);
/** Without a prototype of the codec. */
const plain = (value: unknown): Any => (typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value);

/** A session with one variable, `a`. */
const one = (value: string) => `1401 110161 ${value}`;

describe('values', () => {
  test.each<[string, unknown]>([
    ['00', null],
    ['04', false],
    ['05', true],
    ['0601', 1],
    ['0701', -1],
    ['06ff', 255],
    ['080100', 256],
    ['090100', -256],
    ['0a00010000', 65536],
    ['2000 0000 0100 0000 00', 4294967296],
    ['200020000000000001', 9007199254740993n],
    ['218000000000000000', -(2n ** 63n)],
    ['0c3fe0000000000000', 0.5],
    ['0d', ''],
    ['1105 68656c6c6f', 'hello'],
    ['1102 c3a9', 'é'],
    ['0e00', 'a'],
    ['1400', []],
    ['1402 0600 0601 0601 0602', [1, 2]],
    ['1401 0603 0601', { 3: 1 }],
    ['1401 0d 0601', { '': 1 }],
    ['1403 0600 0601 0601 0602 11016b 0603', { 0: 1, 1: 2, k: 3 }],
  ])('%s', (hex, value) => {
    const session = read(one(hex));
    expect(plain(session.a)).toEqual(value);
    expect(write({ a: value })).toBe(one(hex).replaceAll(' ', ''));
    session.b = 1;
    delete session.b;
    expect(write(session)).toBe(one(hex).replaceAll(' ', ''));
  });

  test('floats stay floats, bytes stay bytes', () => {
    const session = read('1403 110161 0c3ff0000000000000 110162 1102fffe 110163 0c7ff8000000000000');
    expect(session).toMatchObject({ a: 1, b: new Uint8Array([0xff, 0xfe]), c: Number.NaN });
    session.d = 1;
    expect(write(session)).toBe('14041101610c3ff00000000000001101621102fffe1101630c7ff80000000000001101640601');
    expect(write({ a: new PhpFloat(-0) })).toBe('14011101610c8000000000000000');
  });

  test('an int 0 with the sign of a negative one is 0', () => {
    expect(read(one('0700')).a).toBe(0);
    expect(exact(one('0700')).get('a')).toBe(0);
  });

  test('a string that came before is its number, also as key and as name of a class', () => {
    const object = new PhpObject('hello', [['x', 'hello']]);
    const session = { hello: ['hello', 'x', object] };
    const hex = '1401110568656c6c6f14030600 0e00 0601110178 06021a001401 0e01 0e00'.replaceAll(' ', '');
    expect(write(session, { classes: ['hello'] })).toBe(hex);
    expect(exact(hex).get('hello').get(2)).toEqual(object);
  });

  test('objects, enums, Serializable, and their second places', () => {
    const hex =
      '1405 110161 1701 50 1401 110178 0601  110162 2201  110163 1704 53756974 27 1106 486561727473  110164 2202  110165 1702 537a 1d02 5859';
    const session = exact(hex);
    expect(session.get('a')).toEqual(new PhpObject('P', [['x', 1]]));
    expect(session.get('b')).toBe(session.get('a'));
    expect(session.get('c')).toEqual(new PhpEnum('Suit', 'Hearts'));
    expect(session.get('d')).toBe(session.get('c'));
    expect(session.get('e')).toEqual(new PhpCustom('Sz', Buffer.from('XY')));
    session.set('f', session.get('a'));
    expect(write(session)).toBe(`1406${hex.replaceAll(' ', '').slice(4)}1101662201`);
  });

  test('a PHP reference is one, and an array that stands twice is a copy', () => {
    const reference = exact('1402 0d 25 1400 110172 25 0101');
    expect(reference.get('r')).toBeInstanceOf(PhpReference);
    expect(reference.get('r')).toBe(reference.get(''));
    expect(write(reference)).toBe('14020d2514001101722 50101'.replaceAll(' ', ''));
    const copy = read('1403 110161 1401 0600 0601  110162 0101  110163 0601');
    expect(copy.b).toEqual([1]);
    expect(copy.b).not.toBe(copy.a);
    copy.c = 2;
    expect(write(copy)).toBe('140311016114010600060111016201011101630602');
    copy.b.push(2);
    expect(write(copy)).toBe('14031101611401060006011101621402060006010601060211016306 02'.replaceAll(' ', ''));
  });

  test('all empty arrays are one, but not those that PHP makes for itself', () => {
    expect(write({ a: [], b: [[]], c: {} })).toBe('14031101611400110162140106000101 1101630101'.replaceAll(' ', ''));
    const object = '170b 41727261794f626a656374 1404 0600 0600 0601 0101 0602 1400 0603 00';
    const session = read(`1403 110161 1400 110162 ${object} 110163 0601`);
    session.c = 2;
    expect(write(session)).toBe(`14031101611400110162${object}1101630602`.replaceAll(' ', ''));
  });

  test('a property without a value keeps its place after a change', () => {
    const hex = '1402 110172 1702 526f 1403 110161 0601 00 11016e 00 0e03 0601';
    const session = read(hex);
    expect([...session.r.properties]).toEqual([['a', 1], ['n', null]]); // biome-ignore format: short
    session.n = 2;
    expect(write(session)).toBe(hex.replace(/1$/, '2').replaceAll(' ', ''));
    session.r.set('u', 5);
    expect(write(session)).toBe('14021101721702526f14031101610601 11016e00 1101750605 0e030602'.replaceAll(' ', ''));
  });
});

describe('sessions', () => {
  test('no bytes are empty, and a new empty session has six', () => {
    expect({ ...decodeSession(Buffer.alloc(0), { format: igbinary }) }).toEqual({});
    expect(encodeSession(decodeSession(Buffer.alloc(0), { format: igbinary })).length).toBe(0);
    expect(write({})).toBe('1400');
    expect(write(new PhpArray())).toBe('1400');
  });

  test('what was not changed keeps its bytes, which PHP would not write', () => {
    for (const hex of [
      '1500010602', // a large size
      '1401110161 1402 0600 1100 0601 110161'.replaceAll(' ', ''), // an empty string in full, and one that came before
      '1401110161 0a00000001 ff'.replaceAll(' ', ''), // a large int, and bytes after the end
    ].slice(1)) {
      const session = read(hex);
      void session.a;
      expect(write(session)).toBe(hex);
      expect(write(exact(hex))).toBe(hex);
      const changed = read(hex);
      changed.b = 1;
      expect(write(changed)).not.toContain(hex.slice(4));
    }
  });

  test('version 1 is read, and kept until something changes', () => {
    const old = Buffer.from('00000001140111016106 01'.replaceAll(' ', ''), 'hex');
    const session: Any = decodeSession(old, { format: igbinary });
    expect(Buffer.from(encodeSession(session))).toEqual(old);
    session.a = 2;
    expect(Buffer.from(encodeSession(session)).toString('hex')).toBe('0000000214011101610602');
  });

  test('without igbinary.compact_strings strings are written in full, as they were', () => {
    const session = read('1402 110161 1101 78 110162 110178');
    session.c = 'x';
    expect(write(session)).toBe('1403110161110178110162110178110163110178');
    const compact = read('1402 110161 110178 110162 0e01');
    compact.c = 'x';
    expect(write(compact)).toBe('14031101611101781101620e011101630e01');
    // Recorded from PHP: a class that came before is its number all the same.
    const foo = '14 01110161110178';
    const objects = `110161110178 1101621703466f6f${foo} 1101631a03${foo}`;
    const withObjects = read(`1403${objects}`);
    withObjects.d = 'x';
    expect(write(withObjects)).toBe(`1404${objects}110164110178`.replaceAll(' ', ''));
  });

  test('a variable with an int as key is left out, as in PHP, and its value stays for others', () => {
    const session = read('1403 0605 1701 50 1401 110178 25 0607 110161 2201 110162 25 0102');
    expect(Object.keys(session)).toEqual(['a', 'b']);
    expect(plain(session.a)).toEqual({ x: 7 });
    expect(session.b).toBe(7);
    const error = failure(() => encodeSession({ a: 1, 5: 'x' }, { format: igbinary }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_KEY', ['5']]);
  });

  // Recorded from PHP: `class T { public int $x; public $y = 1; }`, `class Foo { public $a = 1; public $b = 2; }`, `$a = ['é', 5]`.
  test.each([
    [
      "['user' => ['id' => 42], 7 => new T]",
      '02110475736572140111026964062a06071701541402001101790601',
      '02110475736572140111026964062a11027a7a0601',
    ],
    [
      "['cart' => $a, 7 => $a]",
      '02110463617274140206001102c3a90601060506070101',
      '02110463617274140206001102c3a90601060511027a7a0601',
    ],
    [
      "[5 => [new T], 'abcdef' => new Foo]",
      '0206051401060017015414020011017906011106616263646566170 3466f6f140211016106011101620602',
      '02110661626364656617 03466f6f14021101610601110162060211027a7a0601',
    ],
  ])('what is left out leaves nothing behind: %s', (_, before, after) => {
    const session = read(`14${before}`);
    session.zz = 1;
    expect(write(session)).toBe(`14${after}`.replaceAll(' ', ''));
  });

  // Recorded from PHP, where `$o` is a stdClass and `$r = 42`.
  test.each([
    [
      "$o->x = $o->y = &$r, $o->z = &$s; [5 => $o, 'a' => &$r, 'b' => $o, 'c' => &$s]",
      '0406051708737464436c617373140311017825062a11017925010211017a251101731101612501021101622201110163250103',
      '0411016125062a1101621708737464436c617373140311017825010111017925010111017a2511017311016325010311027a7a0601',
    ],
    [
      "$o->x = $o->z = &$r, $o->y = [1]; [5 => $o, 6 => &$r, 'b' => $o]",
      '0306051708737464436c617373140311017825062a11017914010600060111017a25010206062501021101622201',
      '021101621708737464436c617373140311017825062a11017914010600060111017a25010211027a7a0601',
    ],
    [
      "$o->e = [&$r, &$p, &$p], $p = new stdClass; [5 => $o, 'a' => &$r, 'b' => $o]",
      '0306051708737464436c61737314011101651403060025062a0601251a00140006022522041101612501031101622201',
      '0311016125062a1101621708737464436c6173731401110165140306002501010601251a021400060225220411027a7a0601',
    ],
  ])('an object that is also in a variable that is left out keeps its references: %s', (_, before, after) => {
    const session = read(`14${before}`);
    session.zz = 1;
    expect(write(session)).toBe(`14${after}`);
  });

  test('from and to the other formats', () => {
    const text = 'a|a:2:{i:0;d:1;i:1;s:1:"a";}b|R:2;c|O:1:"P":1:{s:4:"\0*\0x";b:1;}';
    const converted = encodeSession(decodeSession(Buffer.from(text, 'latin1')), { format: igbinary });
    expect(Buffer.from(converted).toString('hex')).toBe(
      '00000002140311016114020600250c3ff000000000000006010e001101622501021101631701501401110400 2a0078 05'.replaceAll(
        ' ',
        '',
      ),
    );
    const back = encodeSession(decodeSession(converted, { format: igbinary }), { format: 'php' });
    expect(Buffer.from(back).toString('latin1')).toBe(text);
    const escaped = decodeSession(Buffer.from('a|S:3:"\\41bc";b|S:0:"";'));
    expect(write(escaped)).toBe('1402110161 1103416263 110162 0d'.replaceAll(' ', ''));
  });

  test('is detected if it is given', () => {
    const found = detectSessionFormat(bytes(one('0601')), { formats: [igbinary] });
    expect(found).toMatchObject({ format: igbinary, certainty: 'sure' });
    expect(igbinary.recognize!(bytes('ff'))).toBe(true);
    expect(igbinary.recognize!(Buffer.from('a|i:1;'))).toBe(false);
  });
});

describe('hostile bytes', () => {
  const rich = bytes(
    '1406 110161 1402 0600 0c3ff0000000000000 0601 25 0601 110162 0101 110163 170150 1402 110178 25 1400 00' +
      '110164 2203 110165 25 0102 110166 1704 53756974 27 110148',
  );

  /** Only typed errors, with an offset in these bytes. */
  const readsOrRefuses = (data: Buffer) => {
    for (const view of ['plain', 'exact'] as const) {
      try {
        const session = decodeSession(data, { format: igbinary, view });
        for (const value of Object.values(session)) void value;
        encodeSession(session, { format: igbinary });
      } catch (error) {
        if (!(error instanceof PhpSessionError)) throw error;
        expect(error.code).toMatch(/^ERR_PHP_(SYNTAX|LIMIT|REFERENCE|KEY)$/);
        expect(error.offset ?? 0).toBeLessThanOrEqual(data.length);
      }
    }
  };

  test('the whole is read', () => {
    expect(Object.keys(decodeSession(rich, { format: igbinary }))).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('cut off at each byte: an error', () => {
    for (let size = 1; size < rich.length; size++) {
      const error = failure(() => decodeSession(rich.subarray(0, size), { format: igbinary }));
      expect([size, error.code]).toEqual([size, 'ERR_PHP_SYNTAX']);
      expect(error.offset).toBeLessThanOrEqual(size);
    }
  });

  test('each byte, with each tag and a few others', () => {
    for (let at = 0; at < rich.length; at++) {
      for (const value of [...Array(0x30).keys(), 0x61, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(rich);
        damaged[at] = value;
        readsOrRefuses(damaged);
      }
    }
  });

  test.each([
    ['another version', '', 0],
    ['no array', '0601', 4],
    ['an object', '170150 1400', 4],
    ['more elements than bytes', '16ffffffff 110161 00', 4],
    ['a size past the end', one('13ffffffff61'), 9],
    ['a size of 64 bits', one('26ffffffffffffffff61'), 9],
    ['a string that did not come yet', one('0e01'), 9],
    ['an array that did not come yet', one('0101'), 9],
    ['the session itself', one('25 0100'), 10],
    ['a class that did not come yet', one('1a05 1400'), 9],
    ['a name of no class', one('1702 3a20 1400'), 9],
    ['a case of no name', one('170150 27 1101 20'), 13],
    ['an array as key', one('1401 1400 00'), 11],
    ['false as key', one('1401 04 0601'), 11],
    ['true as key', one('1401 05 0601'), 11],
    ['data of an object with a size of 64 bits', one('170150 20 0000000000000000'), 12],
    ['an unknown tag', one('28'), 9],
    ['an int beyond 64 bits', one('208000000000000000'), 9],
  ])('%s', (name, hex, offset) => {
    const data = name === 'another version' ? Buffer.from('000000031400', 'hex') : bytes(hex);
    const error = failure(() => decodeSession(data, { format: igbinary }));
    expect([error.code, error.offset]).toEqual(['ERR_PHP_SYNTAX', offset]);
  });

  // PHP never writes it. It reads the first object of the key 1 as what `x` of the second one is; in php_serialize `x` would be the second one
  // itself. And what only the first one shares is no reference any more.
  test.each([
    '1402 0601 170150 1400 0601 1a01 1401 110178 2202',
    '1404 0600 1401 0601 25 00 0602 0102 0603 25 0103 0603 00',
  ])('references, and a key that comes twice: %s', (value) => {
    const data = bytes(one(value));
    for (const view of ['plain', 'exact'] as const) {
      expect(failure(() => decodeSession(data, { format: igbinary, view })).code).toBe('ERR_PHP_REFERENCE');
    }
    const twice = bytes(one('1402 0601 170150 1400 0601 1a01 1400'));
    expect(Object.keys(decodeSession<Any>(twice, { format: igbinary }).a)).toEqual(['1']);
  });

  test('depth is limited, and 4,096 levels are read and written', () => {
    const nested = (levels: number) => one(`${'14010600'.repeat(levels - 1)}1400`);
    expect(failure(() => read(nested(5000))).code).toBe('ERR_PHP_LIMIT');
    const session = read(nested(4096));
    session.b = 1;
    expect(write(session)).toBe(`1402${nested(4096).replaceAll(' ', '').slice(4)}1101620601`);
    expect(failure(() => read(one('25'.repeat(1_000_000)))).code).toBe('ERR_PHP_SYNTAX');
  });

  test('few bytes that stand for very many are refused soon', () => {
    let bomb = '1402 110161 1402 0600 0601 0601 0602';
    for (let level = 1; level < 60; level++) {
      const number = level.toString(16).padStart(2, '0');
      bomb += ` 11${'01'}${(0x30 + level).toString(16)} 1402 0600 01${number} 0601 01${number}`;
    }
    const data = bytes(bomb.replace('1402', '143c'));
    expect(failure(() => decodeSession(data, { format: igbinary })).code).toBe('ERR_PHP_LIMIT');
    const long = `1402 110161 12ffff${'61'.repeat(0xffff)} 110162 16000fffff`;
    const many = bytes(long + '0d0e01'.repeat(0xfffff));
    expect(failure(() => decodeSession(many, { format: igbinary })).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => read(one('1401 0600 0101'))).code).toBe('ERR_PHP_LIMIT');
  });

  test.each([0, 1, 2, 3])('another byte %i of the header', (at) => {
    const data = bytes(one('0601'));
    data[at] = 7;
    for (const view of ['plain', 'exact'] as const) {
      expect(failure(() => decodeSession(data, { format: igbinary, view }))).toMatchObject({
        code: 'ERR_PHP_SYNTAX',
        offset: 0,
      });
    }
  });

  test('limits of the application', () => {
    const data = bytes('1402 110161 1401 0600 1400 110162 11056162636465');
    const limited = (limits: object) => failure(() => decodeSession(data, { format: igbinary, ...limits })).code;
    expect(limited({ maxElements: 2 })).toBe('ERR_PHP_LIMIT');
    expect(limited({ maxDepth: 1 })).toBe('ERR_PHP_LIMIT');
    expect(limited({ maxBytes: 40 })).toBe('ERR_PHP_LIMIT');
    const floats = { a: Array.from({ length: 50 }, () => new PhpFloat(0)) };
    expect(failure(() => encodeSession(floats, { format: igbinary, maxBytes: 500 })).code).toBe('ERR_PHP_LIMIT');
  });
});
