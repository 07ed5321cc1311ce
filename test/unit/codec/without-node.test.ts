import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import * as codec from '../../../src/codec/index.ts';
import { RandomPhp } from '../../helpers/random-php.ts';
import { bytes, text } from './helpers.ts';

type Codec = typeof codec;

/** Another copy of the codec, which finds no Buffer, as in a browser, or another one. */
function loadWith(other?: unknown): Codec {
  const { Buffer } = globalThis;
  let copy: Codec | undefined;
  Reflect.deleteProperty(globalThis, 'Buffer');
  if (other !== undefined) Object.assign(globalThis, { Buffer: other });
  try {
    jest.isolateModules(() => {
      copy = require('../../../src/codec/index.ts') as Codec;
    });
  } finally {
    globalThis.Buffer = Buffer;
  }
  return copy!;
}

const bare = loadWith();

/** What a codec makes of a session: its bytes again, from both views and after a change, or the code and offset of its error. */
function outcome({ decodeSession, encodeSession }: Codec, data: Uint8Array): unknown {
  try {
    const read = decodeSession(data);
    const shown = inspect({ ...read }, { depth: 9 });
    read.new = [1.5, 'é', new Uint8Array([0xff]), { k: null }];
    const exact = decodeSession(data, { view: 'exact' });
    return [shown, text(encodeSession(read)), text(encodeSession(exact))];
  } catch (error) {
    const { code, offset } = error as { code: string; offset: number };
    if (code === undefined) throw error;
    return [code, offset];
  }
}

describe('without Node', () => {
  test('a Buffer without the methods of Node, as bundlers have one, is left alone', () => {
    const { decodeSession, encodeSession } = loadWith(class Buffer extends Uint8Array {});
    const read = decodeSession(new Uint8Array(bytes('key|s:9:"some text";')));
    expect(read).toEqual({ key: 'some text' });
    read.key = 'é'.repeat(70);
    expect(text(encodeSession(read))).toBe(`key|s:140:"${'\xc3\xa9'.repeat(70)}";`);
  });

  test('what is read and written is the same', () => {
    const random = new RandomPhp(5);
    for (let left = 300; left > 0; left--) {
      const session = random.session();
      const data = left % 3 === 0 ? random.damaged(session) : session;
      const [here, there] = [outcome(codec, new Uint8Array(data)), outcome(bare, new Uint8Array(data))];
      if (JSON.stringify(here) !== JSON.stringify(there)) {
        throw new Error(`${JSON.stringify(text(data))}\n${JSON.stringify(here)}\n${JSON.stringify(there)}`);
      }
    }
  });

  test.each([
    [
      'text of any length',
      ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef', 'abcdefg', 'é', '日本', '😀', '\ufeffx', '\ufffd'],
    ],
    ['long text', ['x'.repeat(60), 'é'.repeat(60), `${'x'.repeat(2000)}😀`, '\ufeff'.repeat(40)]],
    ['bytes', [new Uint8Array([0xff]), new Uint8Array(300).fill(0x80)]],
    ['names', [{ é: 1, '\udcff': 2, [`${'n'.repeat(30)}é`]: 3, '': 4 }]],
    ['numbers', [1, -5, 1.5, 1e25, 2n ** 60n, new codec.PhpFloat(3)]],
  ])('%s', (_name, values) => {
    const written = text(codec.encodeSession({ values }));
    expect(text(bare.encodeSession({ values }))).toBe(written);
    expect({ ...bare.decodeSession(bytes(written)) }).toEqual({ ...codec.decodeSession(bytes(written)) });
    const large = `${written}pad|s:2000:"${'x'.repeat(2000)}";`;
    expect(text(bare.encodeSession(bare.decodeSession(new Uint8Array(bytes(large)))))).toBe(large);
  });

  test('half of a surrogate pair is refused', () => {
    for (const value of ['a\ud800', `${'x'.repeat(60)}\udc00`, 'é\udfff']) {
      expect(() => bare.encodeSession({ value })).toThrow(bare.PhpSessionError);
      expect(() => bare.encodeSession({ [`${value.slice(0, -1)}\ud800`]: 1 })).toThrow(bare.PhpSessionError);
    }
  });
});

test('two copies of the package see the same origins and classes of values', () => {
  const read = codec.decodeSession(bytes('a|a:2:{s:1:"z";d:1;s:1:"y";i:2;}o|O:3:"Foo":1:{s:1:"p";i:1;}'));
  expect(text(bare.encodeSession(read))).toBe(text(codec.encodeSession(read)));
  expect(codec.isPhpObject(new bare.PhpObject('Foo'))).toBe(true);
  expect(text(codec.serialize([new bare.PhpFloat(1), new bare.PhpArray([['k', 1]])]))).toBe(
    'a:2:{i:0;d:1;i:1;a:1:{s:1:"k";i:1;}}',
  );
  const map = bare.asMap([1, 2]);
  expect(text(codec.serialize({ map }))).toBe('a:1:{s:3:"map";a:2:{i:0;i:1;i:1;i:2;}}');
  (read.a as Record<string, number>).z = 5;
  expect(text(bare.encodeSession(read))).toBe('a|a:2:{s:1:"z";d:5;s:1:"y";i:2;}o|O:3:"Foo":1:{s:1:"p";i:1;}');
});
