import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serialize as theirSerialize, unserialize as theirUnserialize } from 'php-serialize';
import { decodeSession, encodeSession, serialize, unserialize } from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// Next to php-serialize, the peer that most people use: a value that PHP wrote, in an array in which Node changes another
// key. It has no session format, so it gets serialize($_SESSION), once as text and once in its binary mode.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const values: [what: string, code: string][] = [
  ['an object of an unknown class', 'unserialize(\'O:8:"App\\\\User":1:{s:4:"name";s:3:"bob";}\')'],
  ['a private property', 'unserialize("O:3:\\"Foo\\":1:{s:6:\\"\\0Foo\\0p\\";i:1;}")'],
  ['a float without a fraction', '1.0'],
  ['keys in the order b, 10, 9', "['b' => 1, 10 => 2, 9 => 3]"],
  ['a binary string', '"\\xff\\xfe\\0"'],
  ['a "|" in a value', "'x|y'"],
];

test('a session that PHP wrote, after Node has changed one other key', async () => {
  const rows: string[][] = [
    ['value', 'php-session-bridge', 'the same, unserialize()', 'php-serialize', 'in binary mode'],
  ];
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  for (const [what, code] of values) {
    const { session, bytes } = await php.one('eval', `$_SESSION = ['n' => 1, 'value' => ${code}]; return $_SESSION;`);
    const expected = latin1(bytes).replace('i:1;', 'i:2;');
    const outcome = (run: () => string, wanted: string) => {
      try {
        return run() === wanted ? 'same bytes' : 'other bytes';
      } catch (error) {
        return `throws: ${(error as Error).message.slice(0, 40)}`;
      }
    };
    const read = decodeSession(session);
    read.n = 2;
    void read.value; // not only copied because nobody looked at it
    const ours = outcome(() => latin1(encodeSession(read)), latin1(session).replace('n|i:1;', 'n|i:2;'));
    const single = outcome(() => {
      const value = unserialize<Record<string, unknown>>(bytes);
      value.n = 2;
      return latin1(serialize(value));
    }, expected);
    const theirs = (data: Buffer, encoding: 'utf8' | 'binary') =>
      outcome(() => {
        const value = theirUnserialize(data, {}, { strict: false, encoding });
        value.n = 2;
        return Buffer.from(theirSerialize(value, {}, { encoding }), encoding).toString('latin1');
      }, expected);
    rows.push([what, ours, single, theirs(bytes, 'utf8'), theirs(bytes, 'binary')]);
    expect([ours, single]).toEqual(['same bytes', 'same bytes']);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${table.join('\n')}\n\n`);
});
