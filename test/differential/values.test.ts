import { test } from '@fast-check/jest';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { decodeSession, encodeSession, isPhpArray, isPhpFloat, PhpFloat, PhpObject } from '../../src/codec/index.ts';
import { plainSessions } from '../helpers/arbitraries.ts';
import { latin1Text } from '../helpers/latin1.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

describe('what we write', () => {
  test.prop([plainSessions], { numRuns: 500 })(
    'PHP reads to the same value, and writes to the same bytes',
    async (session) => {
      const bytes = encodeSession(session);
      const [kept, seen] = await php.ask([
        { operation: 'session', argument: bytes },
        { operation: 'describe', argument: bytes },
      ]);
      expect([kept!.ok, latin1Text(kept!.bytes)]).toEqual([true, latin1Text(bytes)]);
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
      expect(firstDifference(latin1Text(answer.bytes), latin1Text(bytes))).toBeUndefined();
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
    expect([answer.ok, latin1Text(answer.bytes)]).toEqual([true, latin1Text(bytes)]);
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
