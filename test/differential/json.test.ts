import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpFloat,
  PhpReference,
  PhpSessionError,
} from '../../src/codec/index.ts';
import { json } from '../../src/formats.ts';
import { batch, cases, seed, timeout } from '../helpers/fuzz.ts';
import { RandomPhp } from '../helpers/random-php.ts';
import { PackingPhp } from './packed.ts';

let php: PackingPhp;
beforeAll(() => {
  php = new PackingPhp();
});
afterAll(() => php.close());

const format = 'php_serialize';

/** The result, or the code of the error. */
function outcome(run: () => Uint8Array): string {
  try {
    return Buffer.from(run()).toString('latin1');
  } catch (error) {
    if (!(error instanceof PhpSessionError)) throw error;
    return error.code;
  }
}

function* batches(count: number): Generator<number> {
  for (let left = count; left > 0; left -= batch) yield Math.min(left, batch);
}

test(
  'writes what json_encode() writes, where json_decode() gives it back, and nothing else',
  async () => {
    const random = new RandomPhp(seed);
    let written = 0;
    for (const size of batches(cases / 10)) {
      // What the codec itself does not read has no value to be written.
      const sessions = Array.from({ length: size }, () => random.session(format)).filter((bytes) => {
        const read = outcome(() => encodeSession(decodeSession(bytes, { format, view: 'exact' })));
        return !read.startsWith('ERR_');
      });
      const theirs = await php.ask('json_encode', sessions);
      for (const [index, bytes] of sessions.entries()) {
        const session = decodeSession(bytes, { format, view: 'exact' });
        const ours = outcome(() => encodeSession(session, { format: json }));
        const expected = theirs[index]?.toString('latin1') ?? 'ERR_PHP_UNREPRESENTABLE';
        expect([seed, bytes.toString('latin1'), ours]).toEqual([seed, bytes.toString('latin1'), expected]);
        if (theirs[index] !== undefined) written++;
      }
    }
    expect(written).toBeGreaterThan(cases / 100);
  },
  timeout,
);

/** JSON at random, with what PHP reads and what it does not. */
class RandomJson extends RandomPhp {
  text(): string {
    const text = this.#value(0);
    if (this.below(3) > 0) return text;
    const at = this.below(text.length + 1);
    return (
      text.slice(0, at) +
      this.pick(['', ',', '"', '}', ']', '\\', '0', '-', ' ', '\x00', '\xff', 'e', '.']) +
      text.slice(at + this.below(2))
    );
  }

  #value(depth: number): string {
    const kinds = depth > 4 ? 2 : 4;
    const kind = depth === 0 ? 2 + this.below(2) : this.below(kinds);
    const space = () => this.pick(['', '', '', ' ', '\n\t', '\r']);
    if (kind === 0) {
      return this.pick([
        ...[
          '0',
          '-0',
          '1',
          '-17',
          '9007199254740993',
          '9223372036854775807',
          '9223372036854775808',
          '-9223372036854775808',
        ],
        ...[
          '-9223372036854775809',
          '1.0',
          '-0.0',
          '1e3',
          '1E+400',
          '0.1',
          '1.5e-8',
          '123456789.123456789',
          '01',
          '1.',
          '.5',
          '+1',
        ],
        ...['true', 'false', 'null', 'TRUE', 'nul', 'NaN'],
      ]);
    }
    if (kind === 1) return this.#string();
    const size = this.below(4);
    if (kind === 2)
      return `[${space()}${Array.from({ length: size }, () => this.#value(depth + 1) + space()).join(',')}]`;
    const entries = Array.from(
      { length: size },
      () => `${this.#string()}${space()}:${space()}${this.#value(depth + 1)}`,
    );
    return `{${entries.join(`,${space()}`)}}`;
  }

  #string(): string {
    const parts = [
      'a',
      'b',
      '12',
      '-1',
      '\\u00e9',
      '\u00c3\u00a9',
      '\\/',
      '/',
      '\\n',
      '\\u0000',
      '\\ud83d\\ude00',
      '\\ud83d',
      '\\udc00',
    ];
    const odd = [
      '\xff',
      '\x01',
      '\x7f',
      '\\x',
      '\\u12',
      '\xed\xa0\x80',
      '\xf0\x9f\x98\x80',
      '\xe2\x80\xa8',
      '\\"',
      '\\\\',
      '"',
    ];
    const from = this.below(4) === 0 ? odd : parts;
    return `"${Array.from({ length: this.below(3) }, () => this.pick(from)).join('')}"`;
  }
}

test(
  'reads what json_decode() reads, and nothing else',
  async () => {
    const random = new RandomJson(seed);
    let read = 0;
    for (const size of batches(cases / 2)) {
      const texts = Array.from({ length: size }, () => Buffer.from(random.text(), 'latin1'));
      const theirs = await php.ask('json_decode', texts);
      for (const [index, bytes] of texts.entries()) {
        const ours = outcome(() => encodeSession(decodeSession(bytes, { format: json, view: 'exact' }), { format }));
        const expected = theirs[index]?.toString('latin1') ?? 'ERR_PHP_SYNTAX';
        expect([seed, bytes.toString('latin1'), ours]).toEqual([seed, bytes.toString('latin1'), expected]);
        if (theirs[index] !== undefined) read++;
      }
    }
    expect(read).toBeGreaterThan(cases / 10);
  },
  timeout,
);

describe('floats by serialize_precision', () => {
  const floats = [
    0.1,
    1 / 3,
    1,
    -0,
    100000,
    1e15,
    1e16,
    1e17,
    1e25,
    1.5e-7,
    0.0001,
    0.00001,
    5e-324,
    1.7976931348623157e308,
  ];
  test.each([-1, 17] as const)('%s', async (serializePrecision) => {
    const other = new PackingPhp(serializePrecision);
    const session = { list: floats.map((value) => new PhpFloat(value)) };
    const [theirs] = await other.ask('json_encode', [encodeSession(session, { format, serializePrecision: 17 })]);
    other.close();
    expect(Buffer.from(encodeSession(session, { format: json, serializePrecision })).toString()).toBe(String(theirs));
  });
});

test('levels: 511, as in PHP', async () => {
  const nested = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
  const theirs = await php.ask('json_decode', [nested(511), nested(512)]);
  expect(theirs.map((bytes) => bytes !== undefined)).toEqual([true, false]);
  expect(() => decodeSession(nested(512), { format: json })).toThrow(
    expect.objectContaining({ code: 'ERR_PHP_SYNTAX' }),
  );
  const deeper = encodeSession(decodeSession(nested(511), { format: json, view: 'exact' }), { format });
  const wrapped = Buffer.concat([Buffer.from('a:1:{i:0;'), deeper, Buffer.from('}')]);
  const session = decodeSession(wrapped, { format });
  expect(() => encodeSession(session, { format: json })).toThrow(
    expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' }),
  );
  expect(await php.ask('json_encode', [wrapped])).toEqual([undefined]);
});

test('limits hold while it is read', () => {
  const limit = (given: object) => () => decodeSession(Buffer.from('[[1,2],{"a":3}]'), { format: json, ...given });
  expect(limit({ maxElements: 5, maxDepth: 2 })()).toEqual({ 0: [1, 2], 1: { a: 3 } });
  for (const given of [{ maxElements: 4 }, { maxDepth: 1 }, { maxBytes: 14 }]) {
    expect(limit(given)).toThrow(expect.objectContaining({ code: 'ERR_PHP_LIMIT' }));
  }
  const many = Buffer.from(`[${'0,'.repeat(8_000_000)}0]`);
  const begun = performance.now();
  expect(() => decodeSession(many, { format: json })).toThrow(expect.objectContaining({ code: 'ERR_PHP_LIMIT' }));
  expect(performance.now() - begun).toBeLessThan(30_000); // and not the memory of eight million
});

test('what JSON would lose has a path', () => {
  const shared = new PhpReference('x');
  const lost: [PhpArray, string[]][] = [
    [new PhpArray([['a', new PhpArray([['b', new PhpFloat(Number.NaN)]])]]), ['a', 'b']],
    [new PhpArray([['a', Buffer.from([0xff])]]), ['a']],
    [new PhpArray([['a', new PhpArray([['x\udcff', 1]])]]), ['a', 'x\udcff']],
    [
      new PhpArray([
        ['a', shared],
        ['b', shared],
      ]),
      ['a'],
    ],
  ];
  for (const [session, path] of lost) {
    expect(() => encodeSession(session, { format: json })).toThrow(
      expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE', path }),
    );
  }
});

test('a session that did not change keeps its bytes, and one change leaves the rest', () => {
  const bytes = Buffer.from('{"price": 1.0, "user" : {"name":"Zo\u00eb","roles":[ ]},"big":9223372036854775807}');
  const session = decodeSession<{ user: { name: string } }>(bytes, { format: json });
  expect(Buffer.from(encodeSession(session)).equals(bytes)).toBe(true);
  session.user.name = 'a/b';
  expect(Buffer.from(encodeSession(session)).toString()).toBe(
    '{"price":1.0,"user":{"name":"a\\/b","roles":[]},"big":9223372036854775807}',
  );
});
