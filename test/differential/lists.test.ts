import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { asList, asMap, decodeSession, encodeSession } from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// asList() is what array_values() is in PHP; asMap() changes nothing that PHP could see.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const arrays: [name: string, code: string][] = [
  ['a list', '$v = [1, 2.0, "x"];'],
  ['an empty array', '$v = [];'],
  ['a list after unset()', '$v = [1.0, 2.0, 3.0]; unset($v[1]);'],
  ['a list whose first element is gone', '$v = ["a", "b"]; unset($v[0]);'],
  ['after array_filter()', '$v = array_filter([0, 1.0, null, "a", []]);'],
  ['keys in an order of their own', '$v = [3 => "c", 1 => 1.0, "x" => 2, 2 => "b"];'],
  ['a list in another order', '$v = [1 => 1.0, 0 => 2];'],
  ['equal elements in another order', '$v = [1 => 1, 0 => 1];'],
  ['negative and huge keys', '$v = [-5 => 1.0, PHP_INT_MAX => 2, "9223372036854775808" => 3];'],
  ['arrays in it', '$v = ["a" => [5 => 1.0], "b" => []];'],
  ['bytes and floats', '$v = ["\xff" => "\xff", "é" => -0.0, "n" => NAN, "i" => 9007199254740993];'],
  ['an object', '$v = ["o" => new ArrayObject([1.0]), "p" => 1];'],
  ['one object twice', '$o = new stdClass; $v = ["o" => $o, "p" => $o, "q" => [$o]];'],
  ['references', '$x = 1.5; $v = ["p" => &$x, "n" => 1, "q" => &$x];'],
  ['a reference to an array', '$x = [1 => 1.0]; $v = [5 => &$x, 7 => &$x];'],
  ['a reference that only one element holds', '$x = 1; $v = ["p" => &$x]; unset($x);'],
];

test.each(arrays)('%s', async (_name, code) => {
  const [read, values] = await php.ask([
    { operation: 'eval', argument: `${code} $_SESSION = ["v" => $v, "after" => 1];` },
    { operation: 'eval', argument: `${code} $_SESSION = ["v" => array_values($v), "after" => 1];` },
  ]);
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  const session = decodeSession<{ v: object }>(read!.session);
  session.v = asList(session.v);
  expect(latin1(encodeSession(session))).toBe(latin1(values!.session));

  const other = decodeSession<{ v: object }>(read!.session);
  other.v = asMap(other.v);
  expect(latin1(encodeSession(other))).toBe(latin1(read!.session));
});
