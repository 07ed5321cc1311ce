import { test } from '@fast-check/jest';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { decodeSession, encodeSession, isPhpArray, isPhpFloat, PhpFloat, PhpObject } from '../../src/codec/index.ts';
import { plainSessions } from '../helpers/arbitraries.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

// PHP code that fills a session, and what an application sees of it.
const written: [code: string, plain: Record<string, unknown>][] = [
  ["$_SESSION = ['count' => 5, 'foo' => 'bar'];", { count: 5, foo: 'bar' }],
  [
    "$_SESSION['a'] = null; $_SESSION['b'] = true; $_SESSION['c'] = PHP_INT_MAX;",
    { a: null, b: true, c: 2n ** 63n - 1n },
  ],
  ["$_SESSION['a'] = PHP_INT_MIN; $_SESSION['b'] = -1;", { a: -(2n ** 63n), b: -1 }],
  ["$_SESSION['a'] = 1.0; $_SESSION['b'] = -0.0; $_SESSION['c'] = 0.1 + 0.2;", { a: 1, b: -0, c: 0.1 + 0.2 }],
  [
    "$_SESSION['a'] = [NAN, INF, -INF, 1e100, PHP_FLOAT_MIN];",
    { a: [Number.NaN, Infinity, -Infinity, 1e100, 2 ** -1022] },
  ],
  ["$_SESSION['a'] = ['b' => 1, 10 => 2, 9 => 3];", { a: { b: 1, 10: 2, 9: 3 } }],
  ["$_SESSION['a'] = [1, [2, []], ['x' => []]];", { a: [1, [2, []], { x: [] }] }],
  ["$_SESSION['a'] = [1, 2, 3]; unset($_SESSION['a'][1]);", { a: { 0: 1, 2: 3 } }],
  ["$_SESSION['a'] = 'x|y;}\"'; $_SESSION['é'] = \"\\xff\\0\";", { a: 'x|y;}"', é: new Uint8Array([0xff, 0]) }],
  ["$_SESSION['a'] = ['__proto__' => 1, '05' => 2, '-0' => 3];", { a: { ['__proto__']: 1, '05': 2, '-0': 3 } }],
  ["$_SESSION[''] = 1; $_SESSION['!'] = 2;", { '': 1, '!': 2 }],
  ["$a = [1]; $_SESSION['a'] = &$a; $_SESSION['b'] = &$a;", { a: [1], b: [1] }],
];

// PHP code that fills a session with objects and references: compared by bytes.
const exact = [
  "$_SESSION['a'] = new DateTime('2020-01-02 03:04:05.678901', new DateTimeZone('Europe/Paris')); $_SESSION['b'] = 1;",
  "$_SESSION['a'] = new ArrayObject([1, 2]); $_SESSION['b'] = &$_SESSION['a']; $_SESSION['c'] = 5; $_SESSION['d'] = &$_SESSION['c'];",
  "$o = new SplObjectStorage(); $o[new stdClass] = 5; $_SESSION['a'] = $o; $_SESSION['b'] = $o;",
  "class P1 { private $x = 1.0; protected $y = [2]; public $z; } class P2 extends P1 { private $x = 'own'; } $_SESSION['p'] = new P2();",
  "class L1 { function __serialize(): array { return [1, ['x' => 2.0], 'k' => null]; } function __unserialize(array $d): void {} } $_SESSION['l'] = new L1();",
  "class C1 implements Serializable { function serialize() { return 'i:5;}\\0|'; } function unserialize($d) {} function z() {} } $_SESSION['c'] = new C1(); $_SESSION['d'] = 1;",
  "enum S1: string { case Hearts = 'H'; } $_SESSION['a'] = S1::Hearts; $_SESSION['b'] = S1::Hearts; $_SESSION['c'] = 1; $_SESSION['d'] = &$_SESSION['c'];",
  "$o = new stdClass; $o->self = $o; $o->list = [&$o->list, 1]; $_SESSION['o'] = $o; $_SESSION['p'] = [$o, &$o->self];",
  "$_SESSION['a']['s'] = &$_SESSION['a'];",
  "$x = 1; $_SESSION['a'] = ['k' => &$x, 'l' => [&$x]]; $_SESSION['b'] = &$x;",
];

describe('what PHP writes', () => {
  test.each(written)('%s', async (code, plain) => {
    const { ok, session } = await php.one('eval', code);
    expect(ok).toBe(true);
    const read = decodeSession(session);
    expect({ ...read }).toEqual(plain);
    expect(text(encodeSession(read))).toBe(text(session));
  });

  test.each(exact)('%s', async (code) => {
    const { ok, session } = await php.one('eval', code);
    expect(ok).toBe(true);
    const read = decodeSession(session);
    Object.values(read);
    expect(text(encodeSession(read))).toBe(text(session));
    expect(text(encodeSession(decodeSession(session, { view: 'exact' })))).toBe(text(session));
    // With a key before them all numbers change: PHP says how. (Another PHP, as a class can be declared only once.)
    const other = new PhpOracle();
    const moved = await other.one('eval', `$_SESSION['new'] = [0, 1]; ${code}`).finally(() => other.close());
    const again = decodeSession(moved.session);
    delete again.new;
    expect(text(encodeSession(again))).toBe(text(session));
  });
});

describe('what we write', () => {
  test.prop([plainSessions], { numRuns: 500 })(
    'PHP reads to the same value, and writes to the same bytes',
    async (session) => {
      const bytes = encodeSession(session);
      const [kept, seen] = await php.ask([
        { operation: 'session', argument: bytes },
        { operation: 'describe', argument: bytes },
      ]);
      expect([kept!.ok, text(kept!.bytes)]).toEqual([true, text(bytes)]);
      expect(seen!.value).toEqual(described(decodeSession(bytes, { view: 'exact' })));
    },
  );

  test('floats have the text that PHP gives them', async () => {
    const random = new DataView(new ArrayBuffer(8));
    const floats: number[] = [];
    while (floats.length < 20_000) {
      for (let i = 0; i < 8; i++) random.setUint8(i, Math.floor(Math.random() * 256));
      const any = random.getFloat64(0);
      const near = Math.round((Math.random() - 0.5) * 2 ** 54) / 2 ** Math.floor(Math.random() * 60);
      floats.push(any, near, Number(near.toPrecision(5)));
    }
    const values = floats.map((value) => new PhpFloat(value));
    for (const serializePrecision of [-1, 17] as const) {
      const bytes = encodeSession({ a: values }, { serializePrecision });
      const answer = await php.one('session', bytes, { serialize_precision: String(serializePrecision) });
      expect(answer.ok).toBe(true);
      expect(firstDifference(text(answer.bytes), text(bytes))).toBeUndefined();
    }
  });

  test('an object of a registered class', async () => {
    const bytes = encodeSession(
      {
        a: new PhpObject('ArrayObject', [
          [0, 0],
          [1, [1]],
          [2, []],
          [3, null],
        ]),
      },
      { classes: ['ArrayObject'] },
    );
    const answer = await php.one('session', bytes);
    expect([answer.ok, text(answer.bytes)]).toEqual([true, text(bytes)]);
  });
});

/** As describe() in oracle.php sees a value. */
function described(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && isPhpArray(value)) {
    const key = (k: unknown) => (typeof k === 'string' ? `s${Buffer.from(k).toString('base64')}` : `i${k}`);
    return ['a', Array.from(value, ([k, element]) => [key(k), described(element)])];
  }
  if (typeof value === 'object' && value !== null && isPhpFloat(value)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value.value);
    return ['d', bytes.toString('base64')];
  }
  if (typeof value === 'string') return ['s', Buffer.from(value).toString('base64')];
  if (typeof value === 'number' || typeof value === 'bigint') return ['i', String(value)];
  return value;
}

function firstDifference(a: string, b: string): string | undefined {
  const [left, right] = [a.split(';'), b.split(';')];
  const at = left.findIndex((token, index) => token !== right[index]);
  return at < 0 && left.length === right.length ? undefined : `${left[at]} against ${right[at]}`;
}
