import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  type PhpObject,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, encoded, session } from './helpers.ts';

// Small and large values are read and written in different ways; what comes out must not show that.

const utf8 = (value: string) => Buffer.from(value).toString('latin1');
const php = (value: string) => `s:${Buffer.byteLength(value)}:"${utf8(value)}";`;

describe('strings and keys of any length', () => {
  // Where one digit more is needed, in characters or in bytes.
  const edges = [98, 99, 100, 101, 333, 334, 999, 1000, 3333, 3334, 9999, 10_000, 33_334, 99_999, 100_000];
  const lengths = [...Array(64).keys(), ...edges];
  const fillings: [name: string, of: (length: number) => string][] = [
    ['ASCII', (length) => 'abcdefghijklmnop'.repeat(length / 16 + 1).slice(0, length)],
    ['ASCII, but for the first character', (length) => `é${'x'.repeat(Math.max(0, length - 1))}`],
    ['ASCII, but for the last character', (length) => `${'x'.repeat(Math.max(0, length - 1))}\u0800`],
    ['two bytes a character', (length) => 'é'.repeat(length)],
    ['three bytes a character', (length) => '日'.repeat(length)],
    ['four bytes a character', (length) => '😀'.repeat(length)],
    ['the character that stands for invalid bytes', (length) => '\ufffd'.repeat(length)],
  ];

  test.each(fillings)('%s', (_name, of) => {
    for (const length of lengths) {
      const value = of(length);
      const data = `a:2:{${php(value)}i:1;i:0;${php(value)}}`;
      const key = value === '' ? '' : value;
      if (
        latin1Text(
          serialize(
            new PhpArray([
              [key, 1],
              [0, value],
            ]),
          ),
        ) !== data
      )
        throw new Error(`writes ${length} wrong`);
      const read = unserialize<Record<string, unknown>>(latin1Bytes(data));
      if (read[0] !== value || read[key] !== 1) throw new Error(`reads ${length} wrong`);
      if (latin1Text(serialize(read)) !== data) throw new Error(`writes ${length} wrong again`);
    }
  });

  test('bytes that are no UTF-8', () => {
    for (const length of lengths.filter((size) => size > 0)) {
      for (const value of [
        `${'x'.repeat(length - 1)}\xff`,
        `\xff${'x'.repeat(length - 1)}`,
        '\xe9'.repeat(length),
        `\xef\xbf\xbd${'\xff'.repeat(length)}`,
      ]) {
        const data = `a:2:{s:${value.length}:"${value}";i:1;i:0;s:${value.length}:"${value}";}`;
        const read = unserialize<Record<string, unknown>>(latin1Bytes(data));
        if (!latin1Bytes(value).equals(read[0] as Uint8Array)) throw new Error(`reads ${length} wrong`);
        if (latin1Text(serialize(read)) !== data) throw new Error(`loses bytes of ${length}`);
      }
    }
  });

  test('keys that are alike stay different', () => {
    // The same length, and the same bytes at the ends and in the middle.
    const alike = ['a1b2c', 'a3b4c', 'a1b4c', 'a3b2c', 'a1bXc', 'aXb2c', 'é1b2c'];
    // A string that is the reverse of the bytes before it, `s:6:"`.
    alike.push('a":6:s', 'axy6:s');
    for (const size of [2, 5, 8, 13, 24, 25]) {
      const names = ['A', 'B', 'C', 'D'].flatMap((first) =>
        ['E', 'F', 'G'].map((last) => first.padEnd(size - 1, 'x') + last),
      );
      alike.push(...names, ...names.map((name) => `${name.slice(0, -2)}y${name.at(-1)}`));
    }
    const unique = [...new Set(alike)];
    const data = `a:${unique.length}:{${unique.map((key, index) => `${php(key)}i:${index};`).join('')}}`;
    for (let twice = 0; twice < 2; twice++) {
      expect(Object.entries(unserialize<object>(latin1Bytes(data)))).toEqual(unique.map((key, index) => [key, index]));
    }
  });
});

describe('sessions of any size', () => {
  const around = [0, 900, 1000, 1023, 1024, 1025, 65_400, 65_535, 65_536, 65_537, 70_000, 131_072, 200_000, 600_000];

  test.each(around)('%i bytes: read, changed in one place, written', (size) => {
    const text = 'x'.repeat(size);
    const data = `a|i:1;long|${php(text)}list|a:2:{i:0;d:1;i:1;i:2;}`;
    expect(changed(data, (read) => Object.assign(read, { a: 2 }))).toBe(data.replace('a|i:1', 'a|i:2'));
    expect(changed(data, (read) => void (read.list as unknown[]).push(3))).toBe(
      data.replace('a:2:{i:0;d:1;i:1;i:2;}', 'a:3:{i:0;d:1;i:1;i:2;i:2;i:3;}'),
    );
    expect(changed(data, (read) => delete read.long)).toBe('a|i:1;list|a:2:{i:0;d:1;i:1;i:2;}');
    expect(encoded({ a: 1, long: text })).toBe(data.slice(0, data.indexOf('list|')));
    expect(encoded({ a: 1, long: Buffer.from(text) })).toBe(data.slice(0, data.indexOf('list|')));
  });

  test('the bytes that were written stay as they are', () => {
    const first = encodeSession({ a: 'x'.repeat(100) });
    const copy = Buffer.from(first);
    encodeSession({ b: 'y'.repeat(50_000) });
    expect(copy.equals(first)).toBe(true);
  });

  test('a session may be written while another one is', () => {
    const inner: string[] = [];
    const outer = {
      a: 'x',
      get b() {
        inner.push(encoded({ c: 'y'.repeat(10), d: [1] }));
        return 'z';
      },
    };
    const written = encoded({ first: 1, outer, last: [2] });
    expect(written).toBe('first|i:1;outer|a:2:{s:1:"a";s:1:"x";s:1:"b";s:1:"z";}last|a:1:{i:0;i:2;}');
    expect(inner).toEqual(inner.map(() => 'c|s:10:"yyyyyyyyyy";d|a:1:{i:0;i:1;}'));
    expect(inner.length).toBeGreaterThan(0);
  });

  test('elements that are left out are not counted, however many digits that takes away', () => {
    for (const count of [1, 9, 10, 11, 99, 100, 101, 1000]) {
      const entries = Array.from({ length: count }, (_, index): [string, unknown] => [
        `k${index}`,
        index % 2 ? undefined : 1,
      ]);
      const kept = entries.filter(([, value]) => value === 1);
      const data = `a|a:${kept.length}:{${kept.map(([key]) => `${php(key)}i:1;`).join('')}}b|i:2;`;
      expect(encoded({ a: Object.fromEntries(entries), b: 2 })).toBe(data);
    }
  });
});

describe('a session that is read in parts', () => {
  const pad = `pad|${php('x'.repeat(2000))}`;

  test('shows the same as one that is read at once', () => {
    const data = `a|i:1;b|a:1:{s:1:"x";d:1;}long|${php('y'.repeat(100))}c|O:3:"Foo":1:{s:1:"p";N;}a|i:3;`;
    const small = session(data);
    const large = session(data + pad);
    expect(Object.keys(large)).toEqual(['a', 'b', 'long', 'c', 'pad']);
    expect({ ...large, pad: undefined }).toEqual({ ...small, pad: undefined });
    expect(JSON.stringify({ ...large, pad: undefined })).toBe(JSON.stringify({ ...small }));
    expect('long' in large && Object.hasOwn(large, 'long') && !('none' in large)).toBe(true);
  });

  test('a value is made once', () => {
    const read = session(`a|a:60:{${Array.from({ length: 60 }, (_, i) => `i:${i};i:${i};`).join('')}}${pad}`);
    expect(read.a).toBe(read.a);
    (read.a as number[]).push(60);
    expect(read.a).toHaveLength(61);
    const frozen = Object.freeze(session(`a|a:1:{i:0;s:100:"${'z'.repeat(100)}";}${pad}`));
    expect(frozen.a).toBe(frozen.a);
  });

  test('shows its values also through an object that inherits from it', () => {
    const read = session(`a|${php('y'.repeat(100))}${pad}`);
    const child: Record<string, unknown> = Object.create(read);
    expect(child.a).toBe('y'.repeat(100));
    expect(Object.keys(read)).toEqual(['a', 'pad']);
    expect(encoded(read)).toBe(`a|${php('y'.repeat(100))}${pad}`);
  });

  test('can be changed before they are read', () => {
    const data = `a|${php('y'.repeat(100))}b|a:1:{i:0;${php('z'.repeat(100))}}c|i:1;${pad}`;
    const set = changed(data, (read) => Object.assign(read, { a: 'new' }));
    expect(set).toBe(data.replace(php('y'.repeat(100)), 's:3:"new";'));
    expect(changed(data, (read) => delete read.b)).toBe(data.replace(/b\|.*?\}/, ''));
    expect(changed(data, (read) => Object.assign(read, { new: true }))).toBe(`${data}new|b:1;`);
    expect(changed(data, (read) => void (read.a as string).length)).toBe(data);
  });

  test('a name that comes twice stays, as long as nothing is changed', () => {
    const data = `a|i:1;b|${php('y'.repeat(100))}a|i:3;${pad}`;
    expect(encoded(session(data))).toBe(data);
    expect(changed(data, (read) => void read.b)).toBe(data);
    expect(changed(data, (read) => Object.assign(read, { b: 1 }))).toBe(`a|i:3;b|i:1;${pad}`);
    expect(changed(data, (read) => Object.assign(read, { a: 1 }))).toBe(
      data.replace(/a\|i:3;(?=pad)/, '').replace('a|i:1;', 'a|i:1;'),
    );
  });

  test('references reach from one part into another', () => {
    const data = `a|a:1:{i:0;${php('y'.repeat(100))}}b|R:2;o|O:3:"Foo":0:{}${pad}q|r:3;`;
    expect(encoded(session(data))).toBe(data);
    expect(changed(data, (read) => void read.q)).toBe(data);
    expect(changed(data, (read) => Object.assign(read, { b: 1 }))).toBe(
      `a|a:1:{i:0;i:1;}b|R:2;o|O:3:"Foo":0:{}${pad}q|r:3;`,
    );
    const read = session(data);
    expect(read.q).toBe(read.o);
    expect((read.q as PhpObject).className).toBe('Foo');
  });

  test('an object of it that is put into a second place is one object', () => {
    const data = `o|O:3:"Foo":1:{s:1:"p";${php('y'.repeat(100))}}${pad}`;
    expect(changed(data, (read) => Object.assign(read, { again: read.o }))).toBe(`${data}again|r:1;`);
  });

  test.each(['php', 'php_binary', 'php_serialize'] as const)('from and to %s', (format) => {
    const values = { a: 1, b: ['x'.repeat(100)], c: { d: 'y'.repeat(2000) } };
    const written = encodeSession(values, { format });
    const read = () => decodeSession(written, { format });
    expect({ ...read() }).toEqual(values);
    for (const to of ['php', 'php_binary', 'php_serialize'] as const) {
      expect(latin1Text(encodeSession(read(), { format: to }))).toBe(latin1Text(encodeSession(values, { format: to })));
    }
    const changedTo = read();
    changedTo.a = 2;
    expect(latin1Text(encodeSession(changedTo))).toBe(latin1Text(encodeSession({ ...values, a: 2 }, { format })));
  });
});
