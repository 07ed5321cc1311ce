import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../src/codec/index.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

// What an application does to a session in JavaScript, beside what does the same in PHP: both must write the same bytes.

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

let php: PhpOracle;
beforeAll(async () => {
  php = new PhpOracle();
  await php.one(
    'eval',
    `class Account {
       public $name = 'Ann'; protected $level = 2; private $score = 1.0; public $tags = ['a' => 1.0];
       function rise($by) { $this->level += $by; $this->score += $by; }
     }`,
  );
});
afterAll(() => php.close());

/** What `$v` is, `$_SESSION['v']`, and what PHP and Node do to it; in Node `s` is the session. */
type Row = [name: string, value: string, php: string, node: (s: Any) => unknown];

async function compare([, value, edit, change]: Row): Promise<[node: string, php: string]> {
  const build = `$_SESSION = ['first' => 1, 'v' => ${value}, 'last' => 2.0]; $v = &$_SESSION['v'];`;
  const finish = 'unset($v);';
  const [before, after] = await php.ask([
    { operation: 'eval', argument: build + finish },
    { operation: 'eval', argument: build + edit + finish },
  ]);
  const session = decodeSession(before!.session);
  change(session);
  return [Buffer.from(encodeSession(session)).toString('latin1'), after!.session.toString('latin1')];
}

/** As lodash's: into the target, deeply. */
function merge(target: Any, source: Any): Any {
  for (const [key, value] of Object.entries(source)) {
    if (typeof value === 'object' && value !== null && typeof target[key] === 'object') merge(target[key], value);
    else target[key] = value;
  }
  return target;
}

const clone = (value: unknown) => JSON.parse(JSON.stringify(value));

const shop = `['z' => 12.0, 'items' => ['tea' => ['price' => 2.0, 'n' => 1], 10 => ['price' => 3.5, 'n' => 2.0]], 'a' => [], 5 => null]`;
const list = '[3, 1, 2]';
const floats = '[3.0, 1.0, 2.0]';

describe('numbers', () => {
  test.each<Row>([
    ['a float gets another value', '12.0', '$v = 13.0;', (s) => (s.v = 13)],
    ['a float is counted up', '["price" => 12.0]', '$v["price"] += 1;', (s) => (s.v.price += 1)],
    [
      'a float becomes zero',
      '["a" => 1.5, "b" => -1.5]',
      '$v["a"] *= 0; $v["b"] *= 0;',
      (s) => {
        s.v.a *= 0;
        s.v.b *= 0;
      },
    ],
    ['a float becomes not finite', '[1.5]', '$v[0] = INF;', (s) => (s.v[0] = Number.POSITIVE_INFINITY)],
    ['an int is counted up', '5', '$v++;', (s) => s.v++],
    ['an int gets a fraction', '7', '$v /= 2;', (s) => (s.v /= 2)],
    ['an int is divided without rest', '8', '$v /= 2;', (s) => (s.v /= 2)],
    ['an int becomes zero from below', '-1', '$v *= 0;', (s) => (s.v *= 0)],
    ['an int beyond 2^53', '["n" => PHP_INT_MAX - 1]', '$v["n"]++;', (s) => s.v.n++],
    ['an int beyond 2^53 that becomes small', '9007199254740993', '$v -= 9007199254740993;', (s) => (s.v -= s.v)],
    ['the smallest int', 'PHP_INT_MIN', '$v += 1;', (s) => (s.v += 1n)],
    ['a float beyond 2^53', '1e17', '$v *= 10;', (s) => (s.v *= 10)],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

describe('strings and bytes', () => {
  test.each<Row>([
    ['text is added', '"é"', '$v .= "ü";', (s) => (s.v += 'ü')],
    ['a byte changes', '"\\xff\\xfe"', '$v[1] = "A";', (s) => (s.v[1] = 65)],
    ['bytes become text', '"\\xff"', '$v = "y";', (s) => (s.v = 'y')],
    ['text becomes bytes', '["t" => "y"]', '$v["t"] = "\\xff";', (s) => (s.v.t = new Uint8Array([255]))],
    [
      'bytes are moved',
      '["t" => "\\xff"]',
      '$v["u"] = $v["t"]; unset($v["t"]);',
      (s) => {
        s.v.u = s.v.t;
        delete s.v.t;
      },
    ],
    ['part of them', '"a\\xffb"', '$v = substr($v, 1);', (s) => (s.v = s.v.subarray(1))],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

describe('keys', () => {
  test.each<Row>([
    ['a new one goes last', shop, '$v["b"] = 1;', (s) => (s.v.b = 1)],
    ['an int key too', shop, '$v[1] = 1;', (s) => (s.v[1] = 1)],
    ['an empty array gains names', shop, '$v["a"]["x"] = 1.5;', (s) => (s.v.a.x = 1.5)],
    ['an empty array gains elements', shop, '$v["a"][] = 1;', (s) => s.v.a.push(1)],
    ['a list gains a name', list, '$v["x"] = 1;', (s) => (s.v.x = 1)],
    ['a list gains a far index', list, '$v[7] = 1;', (s) => (s.v[7] = 1)],
    ['one is deleted', shop, 'unset($v["items"]["tea"]);', (s) => delete s.v.items.tea],
    [
      'all are deleted',
      shop,
      'foreach ($v as $k => $_) unset($v[$k]);',
      (s) => {
        for (const key of Object.keys(s.v)) delete s.v[key];
      },
    ],
    ['an element of a list is deleted', list, 'unset($v[0]);', (s) => delete s.v[0]],
    ['the last element of a list', list, 'array_pop($v);', (s) => s.v.pop()],
    ['a variable is deleted', list, 'unset($_SESSION["first"]);', (s) => delete s.first],
    [
      'one is renamed',
      shop,
      '$v["items"]["cup"] = $v["items"]["tea"]; unset($v["items"]["tea"]);',
      (s) => {
        s.v.items.cup = s.v.items.tea;
        delete s.v.items.tea;
      },
    ],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

describe('arrays', () => {
  test.each<Row>([
    ['nothing changes', shop, '', (s) => Object.assign(s.v.items.tea, { ...s.v.items.tea })],
    ['spread into a new one', shop, '$v["z"] = 13.0; $v["b"] = 1;', (s) => (s.v = { ...s.v, z: 13, b: 1 })],
    ['spread before new keys', shop, '$v["b"] = 1;', (s) => (s.v = { b: 1, ...s.v })],
    [
      'spread at two levels',
      shop,
      '$v["items"]["tea"]["price"] = 4.0;',
      (s) => {
        const { items } = s.v;
        s.v = { ...s.v, items: { ...items, tea: { ...items.tea, price: 4 } } };
      },
    ],
    [
      'without one key',
      shop,
      'unset($v["items"]);',
      (s) => {
        const { items: _, ...rest } = s.v;
        s.v = rest;
      },
    ],
    [
      'entries that are changed',
      '["b" => 1.0, "a" => 2, 9 => 3.0]',
      'foreach ($v as &$e) $e *= 2; unset($e);',
      (s) => {
        s.v = Object.fromEntries(Object.entries(s.v as Record<string, number>).map(([key, value]) => [key, value * 2]));
      },
    ],
    [
      'through JSON, where all are maps',
      shop,
      '$v["items"]["tea"]["n"] = 5;',
      (s) => {
        s.v = clone(s.v);
        s.v.items.tea.n = 5;
      },
    ],
    ['a part through JSON', shop, '', (s) => (s.v.items = clone(s.v.items))],
    [
      'a list of ints through JSON',
      '[[1, [2]], "é", null, true, ["b" => 1, "a" => 1.5]]',
      '',
      (s) => (s.v = clone(s.v)),
    ],
    [
      'structuredClone',
      shop,
      '$v["z"]++;',
      (s) => {
        s.v = structuredClone(s.v);
        s.v.z++;
      },
    ],
    [
      'a deep merge',
      shop,
      '$v = array_replace_recursive($v, ["items" => ["tea" => ["n" => 9], "cup" => ["price" => 1.5]], "a" => ["x" => 1], "z" => 1.0]);',
      (s) => merge(s.v, { items: { tea: { n: 9 }, cup: { price: 1.5 } }, a: { x: 1 }, z: 1 }),
    ],
    [
      'a deep merge into a copy',
      shop,
      '$v["items"]["tea"]["n"] = 9;',
      (s) => {
        s.v = merge(structuredClone(s.v), { items: { tea: { n: 9 } } });
      },
    ],
    [
      'a deep merge into a new object',
      shop,
      '$v["items"]["tea"]["n"] = 9;',
      (s) => {
        s.v = merge(merge({}, s.v), { items: { tea: { n: 9 } } });
      },
    ],
    ['Object.assign', shop, '$v["z"] = 1.0; $v["q"] = 2;', (s) => Object.assign(s.v, { z: 1, q: 2 })],
    [
      'moved to another variable',
      shop,
      '$_SESSION["w"] = $v; unset($_SESSION["v"]);',
      (s) => {
        s.w = s.v;
        delete s.v;
      },
    ],
    ['moved down', shop, '$v = ["in" => $v];', (s) => (s.v = { in: s.v })],
    ['moved up', shop, '$v = $v["items"];', (s) => (s.v = s.v.items)],
    ['copied', shop, '$_SESSION["w"] = [$v, $v["items"]];', (s) => (s.w = [s.v, s.v.items])],
    ['two change places', `[${shop}, ${list}]`, '[$v[0], $v[1]] = [$v[1], $v[0]];', (s) => s.v.reverse()],
    [
      'from one list to another',
      '["a" => [[1.0], ["x" => 2.0]], "b" => []]',
      '$v["b"][] = array_shift($v["a"]);',
      (s) => s.v.b.push(s.v.a.shift()),
    ],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

describe('lists', () => {
  const rows = '[["n" => 1.0, "m" => "b"], ["n" => 2, "m" => "a"]]';
  test.each<Row>([
    [
      'push and pop',
      list,
      '$v[] = 4; $v[] = 5; array_pop($v);',
      (s) => {
        s.v.push(4, 5);
        s.v.pop();
      },
    ],
    [
      'shift and unshift',
      list,
      'array_shift($v); array_unshift($v, 7, 8);',
      (s) => {
        s.v.shift();
        s.v.unshift(7, 8);
      },
    ],
    ['splice', list, 'array_splice($v, 1, 1, ["x", "y"]);', (s) => s.v.splice(1, 1, 'x', 'y')],
    ['sorted', list, 'sort($v);', (s) => s.v.sort()],
    ['reversed', list, '$v = array_reverse($v);', (s) => s.v.reverse()],
    [
      'filter',
      list,
      '$v = array_values(array_filter($v, fn($n) => $n > 1));',
      (s) => {
        s.v = s.v.filter((n: number) => n > 1);
      },
    ],
    ['map', list, '$v = array_map(fn($n) => $n * 2, $v);', (s) => (s.v = s.v.map((n: number) => n * 2))],
    ['spread', list, '$v = [0, ...$v, 4];', (s) => (s.v = [0, ...s.v, 4])],
    ['concat', list, '$v = array_merge($v, ["a"]);', (s) => (s.v = s.v.concat('a'))],
    ['emptied', list, '$v = [];', (s) => (s.v.length = 0)],
    ['floats grow', floats, '$v[] = 4.0;', (s) => s.v.push(4)],
    ['floats sorted', floats, 'sort($v);', (s) => s.v.sort()],
    ['floats shifted', floats, 'array_shift($v);', (s) => s.v.shift()],
    ['floats spliced', floats, 'array_splice($v, 0, 1, [7.0, 8.5]);', (s) => s.v.splice(0, 1, 7, 8.5)],
    ['one of mixed numbers', '[1, 2.0, 3]', '$v[2] = 4;', (s) => (s.v[2] = 4)],
    [
      'maps in it sorted',
      rows,
      'usort($v, fn($a, $b) => strcmp($a["m"], $b["m"]));',
      (s) => s.v.sort((a: Any, b: Any) => (a.m < b.m ? -1 : 1)),
    ],
    [
      'maps in it filtered',
      rows,
      '$v = array_values(array_filter($v, fn($e) => $e["m"] === "b"));',
      (s) => {
        s.v = s.v.filter((e: Any) => e.m === 'b');
      },
    ],
    [
      'maps in it mapped',
      rows,
      'foreach ($v as &$e) $e["k"] = 1; unset($e);',
      (s) => {
        s.v = s.v.map((e: Any) => Object.assign(e, { k: 1 }));
      },
    ],
    [
      'maps in it found and changed',
      rows,
      '$v[1]["n"] = 9;',
      (s) => {
        s.v.find((e: Any) => e.m === 'a').n = 9;
      },
    ],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

describe('objects', () => {
  test.each<Row>([
    ['one property changes', 'new Account', '$v->name = "Bob";', (s) => s.v.set('name', 'Bob')],
    [
      'protected and private ones',
      'new Account',
      '$v->rise(2);',
      (s) => s.v.set('level', s.v.get('level') + 2).set('score', s.v.get('score') + 2),
    ],
    [
      'an array in it',
      'new Account',
      '$v->tags["a"] = 2.0; $v->tags[] = "x";',
      (s) => Object.assign(s.v.get('tags'), { a: 2, 0: 'x' }),
    ],
    ['a new one of stdClass', '(object) ["a" => 1]', '$v->b = 2;', (s) => s.v.set('b', 2)],
    ['one is deleted', '(object) ["a" => 1, "b" => 2]', 'unset($v->a);', (s) => s.v.delete('a')],
    [
      'one that looks like an int',
      '(object) ["5" => 1]',
      '$v->{"5"} = 2; $v->{"6"} = 3;',
      (s) => s.v.set('5', 2).set('6', 3),
    ],
    ['the object in a second place', 'new Account', '$_SESSION["w"] = [$v];', (s) => (s.w = [s.v])],
    [
      'and changed there',
      '["a" => ["o" => new Account], "b" => 1]',
      '$v["b"] = $v["a"]["o"]; $v["b"]->name = "x";',
      (s) => {
        s.v.b = s.v.a.o;
        s.v.b.set('name', 'x');
      },
    ],
    ['the object inside itself', '(object) ["a" => []]', '$v->a[] = $v;', (s) => s.v.get('a').push(s.v)],
    [
      'the first of two places goes',
      '(function () { $o = new Account; return [$o, [$o]]; })()',
      'unset($v[0]);',
      (s) => {
        delete s.v[0];
      },
    ],
    [
      'objects sorted',
      '(function () { $o = (object) ["n" => 2]; return [$o, (object) ["n" => 1], $o]; })()',
      'usort($v, fn($a, $b) => $a->n - $b->n);',
      (s) => s.v.sort((a: Any, b: Any) => a.get('n') - b.get('n')),
    ],
    ['moved out of an array', '["o" => new Account]', '$v = $v["o"];', (s) => (s.v = s.v.o)],
    ['a cast of PHP stays', '(object) ["a" => 1.0]', '$v = (array) $v; $v = (object) $v;', () => {}],
  ])('%s', async (...row) => {
    const [node, php] = await compare(row);
    expect(node).toBe(php);
  });
});

// JavaScript cannot express these; docs/values.md has the rules. Each is a valid session with the same values for `==`.
describe('what differs', () => {
  test.each<[...Row, node: string]>([
    [
      'a new list of floats without fractions: its numbers are ints',
      '[1.0, 2.5]',
      '$v = array_map(fn($n) => $n, $v);',
      (s) => (s.v = [...s.v]),
      'a:2:{i:0;i:1;i:1;d:2.5;}',
    ],
    [
      'and so are those of objects in a new list, as JSON makes them',
      '[["n" => 1.0, "m" => 1.5]]',
      '$v = json_decode(json_encode($v, JSON_PRESERVE_ZERO_FRACTION), true);',
      (s) => {
        s.v = clone(s.v);
      },
      'a:1:{i:0;a:2:{s:1:"n";i:1;s:1:"m";d:1.5;}}',
    ],
    [
      'a moved float in a list of mixed numbers: it is an int',
      '[1.0, 2]',
      '$v = array_reverse($v);',
      (s) => s.v.reverse(),
      'a:2:{i:0;i:2;i:1;i:1;}',
    ],
    [
      'a key that was deleted and set again: it keeps its place',
      '["a" => 1, "b" => 2]',
      'unset($v["a"]); $v["a"] = 3;',
      (s) => {
        delete s.v.a;
        s.v.a = 3;
      },
      'a:2:{s:1:"a";i:3;s:1:"b";i:2;}',
    ],
    [
      'an int that grows beyond 2^53 as a number: it is a float',
      '9007199254740991',
      '$v++;',
      (s) => s.v++,
      'd:9007199254740992;',
    ],
    [
      'a float under a key that gets an int: it is a float',
      '["a" => 1.0]',
      '$v["a"] = 2;',
      (s) => (s.v.a = 2),
      'a:1:{s:1:"a";d:2;}',
    ],
  ])('%s', async (name, value, edit, change, expected) => {
    const [node, theirs] = await compare([name, value, edit, change]);
    expect(node).toBe(`first|i:1;v|${expected}last|d:2;`);
    expect(node).not.toBe(theirs);
    const code = `return unserialize('${expected}') == unserialize('${theirs.slice('first|i:1;v|'.length, -'last|d:2;'.length)}');`;
    expect((await php.one('eval', code)).bytes.toString()).toBe('b:1;');
  });

  test('a variable that was deleted and set again: it keeps its place', async () => {
    const [node, theirs] = await compare([
      '',
      '5',
      'unset($_SESSION["first"]); $_SESSION["first"] = 3;',
      (s) => {
        delete s.first;
        s.first = 3;
      },
    ]);
    expect(node).toBe('first|i:3;v|i:5;last|d:2;');
    expect(theirs).toBe('v|i:5;last|d:2;first|i:3;');
  });
});
