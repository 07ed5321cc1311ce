import { isDeepStrictEqual } from 'node:util';
import { fc, test } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import { fromPhpSerialize } from '../../src/codec/igbinary/from-php-serialize.ts';
import { toPhpSerialize } from '../../src/codec/igbinary/to-php-serialize.ts';
import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../src/codec/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { names, scalars } from '../helpers/arbitraries.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// Sessions that are like JSON are read and written in a quicker way. Here it is compared with the way by php_serialize.

const format = 'php_serialize';
const limits = { maxBytes: 16_777_216, maxDepth: 4096, maxElements: 1_048_576 };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.constantFrom(0.5, 3, -0, 1e300, 255, 256, 65536, -4294967296, 'a', 'b', '', [], {}),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(names, fc.constantFrom('0', '1', '7', 'a')), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;
const sessions = fc.dictionary(
  names.filter((name) => !/^-?\d+$/.test(name)),
  values,
  { maxKeys: 5, noNullPrototype: true },
) as fc.Arbitrary<SessionData>;

/** Changes something somewhere. */
function change(value: unknown, way: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const holder = value as Record<string, unknown>;
  const keys = Object.keys(holder);
  const key = keys[way % (keys.length + 1)];
  const next = Math.floor(way / 7);
  if (key === undefined) holder.added = way;
  else if (way % 3 > 0 && typeof holder[key] === 'object' && holder[key] !== null) change(holder[key], next);
  else if (way % 5 === 0) delete holder[key];
  else if (typeof holder[key] === 'number') holder[key] += 1;
  else holder[key] = ['x', 1];
}

const written = (run: () => Uint8Array): string => {
  try {
    return hex(run());
  } catch (error) {
    return `${(error as { code: string }).code}`;
  }
};

/** Reads a session in both ways, and changes it. */
function compare(data: Uint8Array, way: number, isDeep: boolean): void {
  const { text } = toPhpSerialize(data, limits);
  const read = () => [decodeSession(data, { format: igbinary }), decodeSession(text, { format })] as const;
  const [first, second] = read();
  expect(isDeepStrictEqual({ ...first }, { ...second })).toBe(true);
  const [one, other] = read(); // nobody has looked at these
  expect(Object.keys(one)).toEqual(Object.keys(other));
  expect(hex(encodeSession(one))).toBe(hex(data));
  if (isDeep) for (const session of [one, other]) void Object.values(session);
  change(one, way);
  change(other, way);
  const outcome = (session: object) => written(() => encodeSession(session, { format }));
  expect(outcome(one)).toBe(outcome(other));
}

describe('igbinary', () => {
  test.prop([sessions])('new sessions are written as by way of php_serialize', (session) => {
    const direct = written(() => encodeSession(session, { format: igbinary }));
    expect(direct).toBe(written(() => fromPhpSerialize(encodeSession(session, { format }), limits)));
  });

  test.prop([sessions, fc.nat(), fc.boolean()])(
    'sessions are read as by way of php_serialize, and changed',
    (session, way, isDeep) => {
      let data: Uint8Array;
      try {
        data = encodeSession(session, { format: igbinary });
      } catch {
        return;
      }
      compare(data, way, isDeep);
    },
  );

  test.prop([fc.integer(), fc.nat(), fc.boolean()])('sessions with references and objects too', (seed, way, isDeep) => {
    let data: Uint8Array;
    try {
      const exact = decodeSession(new RandomPhp(seed).session(format), { format, view: 'exact' });
      data = encodeSession(exact, { format: igbinary });
    } catch (error) {
      if (error instanceof PhpSessionError) return;
      throw error;
    }
    compare(data, way, isDeep);
  });
});
