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
    ['numbers', [1, -5, 1.5, 1e25, 2n ** 60n, new codec.PhpFloat(3)]],
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

test('two copies of the package see the same origins and classes of values', () => {
  const read = codec.decodeSession(latin1Bytes('a|a:2:{s:1:"z";d:1;s:1:"y";i:2;}o|O:3:"Foo":1:{s:1:"p";i:1;}'));
  expect(latin1Text(bare.encodeSession(read))).toBe(latin1Text(codec.encodeSession(read)));
  expect(codec.isPhpObject(new bare.PhpObject('Foo'))).toBe(true);
  expect(latin1Text(codec.serialize([new bare.PhpFloat(1), new bare.PhpArray([['k', 1]])]))).toBe(
    'a:2:{i:0;d:1;i:1;a:1:{s:1:"k";i:1;}}',
  );
  const map = bare.asMap([1, 2]);
  expect(latin1Text(codec.serialize({ map }))).toBe('a:1:{s:3:"map";a:2:{i:0;i:1;i:1;i:2;}}');
  (read.a as Record<string, number>).z = 5;
  expect(latin1Text(bare.encodeSession(read))).toBe('a|a:2:{s:1:"z";d:5;s:1:"y";i:2;}o|O:3:"Foo":1:{s:1:"p";i:1;}');
});
