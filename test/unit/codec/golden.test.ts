import { readFileSync, writeFileSync } from 'node:fs';
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
  type SessionEncodeOptions,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';

// The same input gives the same bytes within a major version, as another server may compare them with those that it has. A test
// here that fails says that the bytes have changed: that is a new major version, or a mistake. New cases, and changes that
// are meant, are recorded by
//
//     RECORD_GOLDEN=1 npx jest --selectProjects unit --testPathPatterns golden
//
// which fails, so that it is not left on, and shows in the diff of fixtures/golden/written.json what has changed.

const file = join(__dirname, '../../../fixtures/golden/written.json');
const classes = ['App\\User', 'Suit', 'Old'];

const shared = new PhpObject('App\\User', [
  ['name', 'Zoë'],
  ['\0*\0age', 42],
  ['\0App\\User\0secret', Uint8Array.of(0, 255)],
]);
const list = new PhpReference([1, 2]);

/** What an application makes anew. */
const values: Record<string, unknown> = {
  null: null,
  bools: [true, false],
  ints: [0, -0, 1, -1, 9007199254740991, -9007199254740991, 2n ** 63n - 1n, -(2n ** 63n)],
  floats: [0.1, 1 / 3, -1.5, 1e15, 1e16 + 2, 1e17, 1e25, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308],
  'floats that are no numbers': [Number.NaN, Infinity, -Infinity],
  'floats that are said to be': [new PhpFloat(1), new PhpFloat(-0), new PhpFloat(1e17)],
  text: ['', 'a', '|', '";}', 'é', '日本', '😀', '\0', '\ufeff', 'line\nline'],
  bytes: [new Uint8Array(), Uint8Array.of(0x80, 0xff), Buffer.from('text')],
  'empty containers': [[], {}],
  'keys of maps': { b: 1, a: 2, 10: 3, 9: 4, '-7': 5, '-0': 6, '05': 7, '': 8, é: 9, '9223372036854775808': 10 },
  'names of JavaScript': { toString: 1, constructor: 2, length: 3, ...JSON.parse('{"__proto__":4}') },
  undefined: { a: undefined, b: 1 },
  // biome-ignore lint/suspicious/noSparseArray: that is the case
  'a list with a hole': [1, , 3],
  'an array in the order that PHP would have': new PhpArray([
    [3, 'c'],
    ['5', 'e'],
    ['05', 'f'],
    ['a', null],
  ]),
  objects: [shared, new PhpObject('App\\User'), new PhpObject('App\\User', [[0, 1]])],
  'an object twice': { a: shared, b: [shared], c: { d: shared } },
  enums: [new PhpEnum('Suit', 'Hearts'), new PhpEnum('Suit', 'Spades'), new PhpEnum('Suit', 'Hearts')],
  references: { a: list, b: list, c: new PhpReference('alone') },
  'a reference to an object': { a: shared, b: new PhpReference(shared), c: shared },
  nested: { user: { id: 7, roles: ['admin', 'editor'], prices: [9.5, 10], flags: { on: true } } },
  'an object that serialized itself': new PhpCustom('Old', Uint8Array.of(1, 2, 3)),
};

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

/** What was read, and what an application does with it. */
const changes: [name: string, data: string, change: (session: Any) => unknown][] = [
  ['nothing', 'a|i:+5;b|d:1.50;c|S:1:"\\41";', () => 0],
  ['looks at everything', 'a|i:+5;b|d:1.50;c|S:1:"\\41";d|a:1:{s:1:"5";i:1;}', (it) => Object.values(it)],
  ['one of three', 'a|d:0.10;b|i:1;c|a:1:{i:0;i:+1;}', (it) => (it.b = 2)],
  [
    'a float that stays one',
    'a|a:2:{s:5:"price";d:9.5;s:1:"n";i:1;}',
    (it) => Object.assign(it.a, { price: 10, n: 2 }),
  ],
  ['a list of floats', 'a|a:2:{i:0;d:1;i:1;d:2;}', (it) => it.a.push(3)],
  ['a list that is not all floats', 'a|a:2:{i:0;d:1;i:1;i:2;}', (it) => it.a.push(3)],
  [
    'the order of keys',
    'a|a:3:{i:3;s:1:"x";s:1:"b";N;i:1;s:1:"y";}',
    (it) => Object.assign(it.a, { 0: 'new', 1: 'z' }),
  ],
  ['a map that is replaced', 'a|a:2:{s:1:"b";d:1;s:1:"a";d:2;}', (it) => (it.a = { a: 3, b: 4, c: 5 })],
  ['an element less', 'a|a:3:{i:0;s:1:"x";i:1;s:1:"y";i:2;s:1:"z";}', (it) => delete it.a[1]],
  ['an element spliced out', 'a|a:3:{i:0;s:1:"x";i:1;s:1:"y";i:2;s:1:"z";}', (it) => it.a.splice(1, 1)],
  ['names in an empty list', 'a|a:0:{}', (it) => Object.assign(it.a, { name: 'x' })],
  [
    'an object of PHP',
    'a|O:3:"Foo":2:{s:4:"\0*\0p";d:1;s:6:"\0Foo\0q";i:1;}',
    (it) => it.a.set('p', 2).set('new', null),
  ],
  ['an object put elsewhere', 'a|O:3:"Foo":1:{s:1:"p";i:1;}b|i:2;', (it) => (it.b = [it.a, it.a])],
  ['a variable deleted, and one new', 'a|i:1;b|i:2;c|i:3;', (it) => Object.assign(it, { d: 4 }) && delete it.a],
  ['a reference', 'a|i:1;b|R:1;c|a:2:{i:0;R:1;i:1;N;}', (it) => (it.c[0] = 5)],
  ['before references', 'new|N;a|a:1:{i:0;i:1;}b|R:2;c|O:3:"Foo":0:{}d|r:4;', (it) => (it.new = [1, 2, 3])],
  ['the first holder deleted', 'a|a:1:{i:0;i:1;}b|R:1;c|R:1;', (it) => delete it.a],
  ['objects that contain themselves', 'a|O:3:"Foo":1:{s:4:"self";r:1;}b|i:1;', (it) => (it.b = it.a)],
  ['duplicate names', 'a|i:1;b|R:1;a|i:9;c|R:1;', (it) => (it.d = 1)],
  ['bytes that are no UTF-8', 'a|s:1:"\xff";\xe9|i:1;', (it) => (it['\udce9'] = 2)],
  ['ints of 64 bits', 'a|i:9007199254740993;b|i:1;', (it) => (it.b = it.a + 1n)],
];

/** The same session in all formats. */
const converted = [
  'a|i:1;b|R:1;',
  'a|O:3:"Foo":1:{s:1:"p";i:1;}b|a:2:{i:0;r:1;i:1;R:2;}c|i:3;d|R:5;',
  'a|a:1:{s:1:"s";R:1;}b|N;',
  '|d:1;\xe9|s:2:"\xff|";!x|a:0:{}',
];

function written(): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    out[`new: ${name}`] = latin1Text(serialize(value, { classes }));
  }
  for (const name of ['floats', 'floats that are said to be'] as const) {
    out[`new: ${name}, serialize_precision 17`] = latin1Text(
      serialize(values[name], { classes, serializePrecision: 17 }),
    );
  }
  for (const format of ['php', 'php_binary', 'php_serialize'] as SessionFormatName[]) {
    const options: SessionEncodeOptions = { classes, format };
    out[`new session: ${format}`] = latin1Text(encodeSession({ count: 5, ...values }, options));
  }
  for (const [name, data, change] of changes) {
    const session = decodeSession(latin1Bytes(data));
    change(session);
    out[`changed: ${name}`] = latin1Text(encodeSession(session));
    const exact = encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' }));
    out[`read exactly: ${name}`] = latin1Text(exact);
  }
  for (const [index, data] of converted.entries()) {
    for (const format of ['php_binary', 'php_serialize'] as const) {
      const there = encodeSession(decodeSession(latin1Bytes(data)), { format });
      out[`to ${format}: ${index + 1}`] = latin1Text(there);
      out[`and back from ${format}: ${index + 1}`] = latin1Text(
        encodeSession(decodeSession(there, { format }), { format: 'php' }),
      );
    }
  }
  return out;
}

describe('golden bytes', () => {
  if (process.env.RECORD_GOLDEN === '1') {
    test('were recorded; run this without RECORD_GOLDEN now', () => {
      // Bytes above 0x7e escaped, so that no editor takes them for another encoding.
      const json = JSON.stringify(written(), null, 1).replaceAll(
        /[\x7f-\xff]/g,
        (byte) => `\\u00${byte.charCodeAt(0).toString(16)}`,
      );
      writeFileSync(file, `${json}\n`);
      throw new Error(`${file} was written; look at its diff.`);
    });
    return;
  }

  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const now = written();

  test('every case is recorded, and no others', () => {
    expect(Object.keys(now)).toEqual(Object.keys(recorded));
  });

  test.each(Object.entries(recorded))('%s', (name, golden) => {
    expect(now[name]).toBe(golden);
  });

  test.each(Object.entries(values))('%s is the same again after it was read', (_name, value) => {
    const data = serialize(value, { classes });
    expect(latin1Text(serialize(unserialize(data)))).toBe(latin1Text(data));
  });
});
