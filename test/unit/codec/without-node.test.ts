import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import * as codec from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { RandomPhp } from '../../helpers/random-php.ts';
import { failure } from './helpers.ts';
import { loadWith, withBuffer } from './other-buffer.ts';

const bare = loadWith(undefined);
const withoutBuffer = <T>(run: () => T): T => withBuffer(undefined, run);
/** Bytes that are no Buffer, as outside of Node. */
const plainBytes = (data: string) => new Uint8Array(latin1Bytes(data));

/** What a codec makes of a session: its bytes again, from both views and after a change, or the code and offset of its error. */
function outcome({ decodeSession, encodeSession }: typeof codec, data: Uint8Array): unknown[] {
  try {
    const read = decodeSession(data);
    const shown = inspect({ ...read }, { depth: 9 });
    read.new = [1.5, 'é', new Uint8Array([0xff]), { k: null }];
    const exact = decodeSession(data, { view: 'exact' });
    return [shown, ...[read, exact].map((session) => [...encodeSession(session)])];
  } catch (error) {
    const { code, offset } = error as { code: string; offset: number };
    if (code === undefined) throw error;
    return [code, offset];
  }
}

/** Wherever a bit is the first, the last or the only one that is set, of those that UTF-8 spreads over its bytes. */
function charactersAtEdges(): string[] {
  const edges = [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x10001, 0x10ffff];
  for (let bit = 1; bit < 0x10_0000; bit *= 2) edges.push(bit, 0x10000 | bit, 0xffff ^ bit, 0xf_ffff ^ bit);
  return edges.filter((point) => point < 0xd800 || point > 0xdfff).map((point) => String.fromCodePoint(point));
}

describe('without Node', () => {
  test.each<[has: string, methods: string[]]>([
    ['none', []],
    ['some', ['latin1Slice', 'utf8Slice']],
    ['others', ['utf8Write']],
  ])('a Buffer with %s of the methods of Node, as bundlers have one, is left alone', (_has, methods) => {
    class Other extends Uint8Array {}
    for (const name of methods) Object.assign(Other.prototype, { [name]: Reflect.get(Buffer.prototype, name) });
    const data = plainBytes('key|s:9:"some text";');
    const { decodeSession, encodeSession } = loadWith(Other);
    const read = withBuffer(Other, () => decodeSession(data));
    expect(read).toEqual({ key: 'some text' });
    read.key = 'é'.repeat(70);
    expect(latin1Text(withBuffer(Other, () => encodeSession(read)))).toBe(`key|s:140:"${'\xc3\xa9'.repeat(70)}";`);
  });

  test('what is read and written is the same', () => {
    const random = new RandomPhp(5);
    for (let left = 300; left > 0; left--) {
      const session = random.session();
      const data = new Uint8Array(left % 3 === 0 ? random.damaged(session) : session);
      const [here, there] = [outcome(codec, data), withoutBuffer(() => outcome(bare, data))];
      if (JSON.stringify(here) !== JSON.stringify(there)) {
        throw new Error(`${JSON.stringify(latin1Text(data))}\n${JSON.stringify(here)}\n${JSON.stringify(there)}`);
      }
    }
  });

  test.each<[name: string, values: unknown[]]>([
    [
      'text of any length',
      ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg', 'é', '日本', '😀', '\ufeffx', '\ufffd'],
    ],
    ['long text', ['x'.repeat(60), 'é'.repeat(60), `${'x'.repeat(2000)}😀`, '\ufeff'.repeat(40)]],
    ['characters at the edges of what UTF-8 writes alike', charactersAtEdges()],
    ['the same as keys', charactersAtEdges().map((character) => ({ [character]: 1, [`\udcff${character}`]: 2 }))],
    ['bytes', [new Uint8Array([0xff]), new Uint8Array(300).fill(0x80)]],
    ['names', [{ é: 1, '\udcff': 2, [`${'n'.repeat(30)}é`]: 3, '': 4 }]],
    ['numbers', [1, -5, 1.5, 1e25, 2n ** 60n]],
  ])('%s', (_name, values) => {
    const written = latin1Text(codec.encodeSession({ values }));
    expect(latin1Text(withoutBuffer(() => bare.encodeSession({ values })))).toBe(written);
    const large = `${written}pad|s:2000:"${'x'.repeat(2000)}";`;
    const [small, padded] = [plainBytes(written), plainBytes(large)];
    const read = withoutBuffer(() => ({ ...bare.decodeSession(small) }));
    expect(read).toEqual({ ...codec.decodeSession(latin1Bytes(written)) });
    expect(latin1Text(withoutBuffer(() => bare.encodeSession(bare.decodeSession(padded))))).toBe(large);
  });

  test('half of a surrogate pair is refused, whatever is around it', () => {
    for (const half of ['\ud800', '\udbff', '\udc00', '\udfff', '\udc00\ud800']) {
      for (const value of [`a${half}`, `${half}abc`, `é${half}é`, `${'x'.repeat(70)}${half}yz`, `😀${half}😀`]) {
        const errors = [{ value }, { list: [value] }, { map: { [value]: 1 } }].map((session) =>
          failure(() => withoutBuffer(() => bare.encodeSession(session))),
        );
        const codes = ['ERR_PHP_UNREPRESENTABLE', 'ERR_PHP_UNREPRESENTABLE', 'ERR_PHP_KEY'];
        expect(errors.map(({ code }) => code)).toEqual(codes);
      }
    }
  });
});

describe('two copies of the package', () => {
  const text = 'a|a:2:{s:1:"z";d:1;s:1:"y";i:2;}o|O:3:"Foo":1:{s:1:"p";i:1;}';
  const large = `${text}pad|s:2000:"${'x'.repeat(2000)}";`;
  const classes = ['Foo', 'Suit'];

  test.each([text, large])('refuse a session that the other one read', (data) => {
    const read = codec.decodeSession(latin1Bytes(data));
    expect(() => bare.encodeSession(read)).toThrow(TypeError);
    expect(() => bare.encodeSession(codec.decodeSession(latin1Bytes(data), { view: 'exact' }))).toThrow(TypeError);
    // Unread variables are accessors, and nothing of the other copy may copy their bytes.
    const session = bare.decodeSession(latin1Bytes(data));
    expect(failure(() => bare.encodeSession({ ...session, read }, { classes })).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test.each<[name: string, value: unknown]>([
    ['a map', codec.asMap([1, 2])],
    ['a map that was read', codec.unserialize(latin1Bytes('a:1:{s:1:"z";d:1;}'))],
    ['a PhpArray', new codec.PhpArray([['k', 1]])],
    ['a PhpFloat', new codec.PhpFloat(1)],
    ['a PhpObject', new codec.PhpObject('Foo')],
    ['a PhpObject that was read', codec.unserialize(latin1Bytes('O:3:"Foo":0:{}'))],
    ['a PhpEnum', new codec.PhpEnum('Suit', 'Hearts')],
    ['a PhpCustom', new codec.PhpCustom('Foo', new Uint8Array(1))],
    ['a PhpReference', new codec.PhpReference(1)],
  ])('refuse %s of the other one', (_name, value) => {
    for (const write of [
      () => bare.encodeSession({ value }, { classes }),
      () => bare.serialize([value], { classes }),
    ]) {
      expect(failure(write).code).toBe('ERR_PHP_UNREPRESENTABLE');
    }
  });

  test('know the errors of the other one', () => {
    expect(failure(() => bare.unserialize(latin1Bytes('i:')))).toBeInstanceOf(codec.PhpSessionError);
  });
});
