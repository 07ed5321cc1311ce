import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serialize as theirSerialize, unserialize as theirUnserialize } from 'php-serialize';
import ts from 'typescript';
import * as codec from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// docs/from-php-serialize.md says in tables what php-serialize does, what this package does, and that PHP is on its side.

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'from-php-serialize.md'), 'utf8');

const { serialize, unserialize } = codec;

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

test.each(rows('Read, and written again'))('%s, written again', async (written, expected) => {
  const bytes = encoded(written!);
  expect((await php.one('unserialize', bytes)).bytes).toEqual(bytes);
  expect(Buffer.from(serialize(unserialize(bytes)))).toEqual(bytes);
  expect(theirs(() => theirUnserialize(bytes, {}, { strict: false }))).toEqual(outcome(expected!));
  expect(outcome(expected!)).not.toEqual(bytes);
});

test.each(rows('New values'))('%s, new', async (code, expected, ours) => {
  expect(theirs(() => evaluate(code!))).toEqual(outcome(expected!));
  if (ours!.startsWith('ERR')) {
    expect(() => serialize(evaluate(code!))).toThrow(expect.objectContaining({ code: ours }));
  } else {
    const bytes = encoded(ours!);
    expect(Buffer.from(serialize(evaluate(code!)))).toEqual(bytes);
    expect((await php.one('unserialize', bytes)).bytes).toEqual(bytes);
  }
});

test.each(rows('What is refused'))('%s, refused', async (written, expected) => {
  const bytes = encoded(written!);
  expect((await php.one('unserialize', bytes)).ok).toBe(false);
  expect(() => unserialize(bytes)).toThrow(expect.objectContaining({ code: 'ERR_PHP_SYNTAX' }));
  expect(theirUnserialize(bytes, {}, { strict: false })).toEqual(evaluate(expected!));
});

test('its examples', async () => {
  const [price, classes] = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code!);
  const [, expected] = price!.match(/^const bytes = .*\/\/ (.*)$/m)!;
  expect(Buffer.from(run(price!, 'bytes') as Uint8Array).toString()).toBe(expected);
  const bytes = Buffer.from(run(classes!, 'bytes') as Uint8Array);
  expect((await php.one('unserialize', bytes)).bytes).toEqual(bytes);
  expect(run(classes!, 'again')).toEqual({ name: 'Steel Brain', age: 17 });
});

/** Runs a module that imports the codec, and gives one of its variables. */
function run(code: string, variable: string): unknown {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(`${code}\nexport const result = ${variable};`, { compilerOptions });
  const exports: { result?: unknown } = {};
  runInNewContext(`(function (exports, require, Buffer) {${outputText}})`)(exports, () => codec, Buffer);
  return exports.result;
}

/** The rows of the table under a heading, without the backticks in their cells. */
function rows(heading: string): string[][] {
  const [, section] = page.split(`\n## ${heading}\n`);
  const lines = section!.split('\n## ')[0]!.match(/^\| `.*$/gm)!;
  return lines
    .map((line) => line.split('|').map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')))
    .map((row) => row.slice(1));
}

/** Bytes that the page shows as text. */
function encoded(text: string): Buffer {
  const bytes = Buffer.from(text).toString('latin1');
  const escapes = /\\(0|x[0-9a-f]{2})/g;
  return Buffer.from(
    bytes.replace(escapes, (_, code) => String.fromCharCode(Number(`0${code}`))),
    'latin1',
  );
}

const outcome = (cell: string): Buffer | string => (cell === 'throws' ? cell : encoded(cell));

/** What php-serialize writes, in UTF-8 as it does by default, or that it throws. */
function theirs(make: () => unknown): Buffer | string {
  try {
    return Buffer.from(theirSerialize(make()));
  } catch {
    return 'throws';
  }
}

function evaluate(code: string): unknown {
  return runInNewContext(`(${code})`, { Date, Map, Uint8Array });
}
