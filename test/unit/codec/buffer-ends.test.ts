import { describe, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpEnum,
  PhpFloat,
  PhpObject,
  serialize,
} from '../../../src/codec/index.ts';
import { msgpack } from '../../../src/codec/msgpack/index.ts';
import { igbinary } from '../../../src/igbinary.ts';
import { latin1Text } from '../../helpers/latin1.ts';

// The writer guesses the size of its memory. Bytes past its end would be lost without an error, so each
// kind of token is written there, at every distance to the end. The tests do not know the guess, so there are many tokens.

const classes = ['App\\User', 'Suit', 'Übung'];
const values: [what: string, make: (index: number) => unknown][] = [
  ['null', () => null],
  ['true', () => true],
  ['a digit', () => 5],
  ['an int', () => -1073741823],
  ['an int beyond 2^30', () => 1073741824],
  ['an int beyond 2^53', () => -(2n ** 63n)],
  ['a float', () => -1.5e-300],
  ['a PhpFloat', () => new PhpFloat(2)],
  ['no text', () => ''],
  ['short text', () => 'short text'],
  ['short text of three bytes a character', () => '日本語日本語'],
  ['text', () => 'some text that is not that short'],
  ['text of three bytes a character', () => '日'.repeat(40)],
  ['text of four bytes a character', () => '😀'.repeat(30)],
  ['text that is ASCII up to its end', () => `${'x'.repeat(40)}é`],
  ['short bytes', () => new Uint8Array([0xff, 0xfe])],
  ['bytes', () => new Uint8Array(50).fill(0xff)],
  ['an empty list', () => []],
  ['a list', () => [1, 'x', [true]]],
  ['a map', () => ({ key: 1, 10: 2, nested: { k: 'v' } })],
  ['a map with long names', () => ({ ['x'.repeat(40)]: 1, ['y'.repeat(60)]: 2 })],
  ['a map with names of three bytes a character', () => ({ 日本語: 1, ['日'.repeat(20)]: 2 })],
  ['a map with names that are no UTF-8', () => ({ '\udcff\udcfe': 1, ['\udcff'.repeat(30)]: 2 })],
  [
    'a map with something left out',
    () => Object.fromEntries([...Array(12).keys()].map((at) => [`k${at}`, at < 3 ? undefined : at])),
  ],
  [
    'a PhpArray',
    () =>
      new PhpArray([
        ['5', 1],
        ['b', 2n],
      ]),
  ],
  [
    'an object',
    () =>
      new PhpObject('App\\User', [
        ['name', 'x'],
        ['\0*\0p', 1],
        [5, null],
      ]),
  ],
  ['an object with a name that is not ASCII', () => new PhpObject('Übung')],
  ['an enum', (index) => new PhpEnum('Suit', `C${index}`)],
];

describe('many of them, one after the other', () => {
  // Each list is a little longer than the one before, so that the memory ends in every byte of a token.
  test.each(values)('%s', (_what, make) => {
    const alone = (index: number) => latin1Text(serialize(make(index), { classes }));
    const size = alone(10).length + 'i:10;'.length;
    const count = Math.ceil(70_000 / size);
    const elements = Array.from({ length: count }, (_, index) => `i:${index};${alone(index)}`).join('');
    for (let pad = 0; pad <= Math.min(size, 60); pad++) {
      const list = Array.from({ length: count }, (_, index) => make(index));
      const written = latin1Text(encodeSession({ p: 'x'.repeat(pad), list }, { classes }));
      if (written !== `p|s:${pad}:"${'x'.repeat(pad)}";list|a:${count}:{${elements}}`)
        throw new Error(`wrong with ${pad}`);
    }
  });

  test.each(['php', 'php_binary', 'php_serialize'] as const)('names of variables, in the format %s', (format) => {
    for (const name of ['n', 'a name of some length', '日'.repeat(35), '\udcff'.repeat(35)]) {
      const names = Array.from(
        { length: Math.ceil(20_000 / (Buffer.byteLength(name) + 10)) },
        (_, index) => `${name}${index % 10}.${index}`,
      );
      for (let pad = 0; pad <= 40; pad++) {
        const values = Object.fromEntries([['p', 'x'.repeat(pad)], ...names.map((each) => [each, true])]);
        const read = decodeSession(encodeSession(values, { format }), { format });
        if (Object.keys(read).join() !== ['p', ...names].join()) throw new Error(`wrong with ${pad}`);
      }
    }
  });
});

// The longest sizes and numbers. A step that has no divisor in common with the size of the memory comes to each distance of its end.
describe('numbers in four bytes', () => {
  const many = 200_000;

  test.each([1, 2, 3, 4, 5, 6])('igbinary, %i', (pad) => {
    const written = encodeSession({ p: 'x'.repeat(pad), l: Array(many).fill(null) }, { format: igbinary });
    const keys = Array.from({ length: many }, (_, index) => {
      if (index < 0x100) return `06${index.toString(16).padStart(2, '0')}00`;
      return index < 0x10000
        ? `08${index.toString(16).padStart(4, '0')}00`
        : `0a${index.toString(16).padStart(8, '0')}00`;
    });
    const head = `000000021402110170110${pad}${'78'.repeat(pad)}11016c16${many.toString(16).padStart(8, '0')}`;
    if (Buffer.from(written).toString('hex') !== head + keys.join('')) throw new Error(`wrong with ${pad}`);
  });

  test.each([1, 2, 3, 4, 5])('msgpack, %i', (pad) => {
    const list = Array.from({ length: many }, (_, index) => 0x1010101 + index);
    const written = encodeSession({ p: 'x'.repeat(pad), l: list }, { format: msgpack() });
    const values = list.map((value) => `ce${value.toString(16).padStart(8, '0')}`).join('');
    const head = `83c001a170a${pad}${'78'.repeat(pad)}a16cdd${many.toString(16).padStart(8, '0')}`;
    if (Buffer.from(written).toString('hex') !== head + values) throw new Error(`wrong with ${pad}`);
  });
});
