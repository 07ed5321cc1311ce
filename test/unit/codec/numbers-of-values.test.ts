import { describe, expect, test } from '@jest/globals';
import { PhpFloat, PhpObject } from '../../../src/codec/index.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';
import { phpString, Rules } from '../../helpers/rules.ts';

const rules = new Rules();

// `r:` names an object by its number among all values. So all values before it must be counted like in PHP.

describe('an object after a new value has the number that PHP gives it', () => {
  test.each<[value: string, php: string, value: unknown, numbers: number]>([
    ['null', 'null', null, 1],
    ['a bool', 'true', true, 1],
    ['an int', '5', 5, 1],
    ['a negative int', '-1', -1, 1],
    ['a float', '0.5', 0.5, 1],
    ['minus zero', '-0.0', -0, 1],
    ['a string', '"text"', 'text', 1],
    ['bytes', phpString('\xff'), latin1Bytes('\xff'), 1],
    ['an empty array', '[]', [], 1],
    ['a list of each', '[null, true, 1, 0.5, "x", []]', [null, true, 1, 0.5, 'x', []], 7],
    [
      'a map of each',
      '[7 => 7, "a" => null, "b" => false, "c" => -1, "d" => -0.0, "e" => "é", "f" => []]',
      { 7: 7, a: null, b: false, c: -1, d: -0, e: 'é', f: {} },
      8,
    ],
    ['lists in lists', '[[1, [2, 3]], [[]], 4]', [[1, [2, 3]], [[]], 4], 9],
    ['maps in maps', '["a" => ["b" => ["c" => 1], "d" => 2]]', { a: { b: { c: 1 }, d: 2 } }, 5],
    ['a list with a PhpFloat', '[1.0, 2]', [new PhpFloat(1), 2], 3],
  ])('%s', async (_name, php, value, numbers) => {
    const code = `$o = new stdClass; $_SESSION = ['v' => ${php}, 'o' => $o, 'p' => $o];`;
    const one = new PhpObject('stdClass');
    const written = await rules.phpWrites(code);
    expect(written.endsWith(`p|r:${numbers + 1};`)).toBe(true);
    await rules.bothWrite(code, { v: value, o: one, p: one }, written, { classes: ['stdClass'] });
  });
});
