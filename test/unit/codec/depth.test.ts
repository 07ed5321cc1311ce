import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpFloat,
  PhpObject,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

// PHP reads 4,096 arrays and objects inside each other (`unserialize_max_depth`). What is deeper is not written, as it would cost
// the session.

const nested = (levels: number, inner: string) => 'a:1:{i:0;'.repeat(levels) + inner + '}'.repeat(levels);

/** So many lists around a value. */
function around(levels: number, value: unknown): unknown {
  let outer = value;
  for (let left = levels; left > 0; left--) outer = [outer];
  return outer;
}

const write = (value: unknown, format: SessionFormatName = 'php') =>
  latin1Text(encodeSession({ v: value }, { format, classes: ['Foo'] }));

describe('the deepest that is written', () => {
  test.each<[SessionFormatName, number]>([
    ['php', 4096],
    ['php_binary', 4096],
    ['php_serialize', 4095],
  ])('a new value in %s: %i levels', (format, most) => {
    expect(write(around(most, 5), format)).toContain(nested(most, 'i:5;'));
    expect(failure(() => write(around(most + 1, 5), format)).code).toBe('ERR_PHP_LIMIT');
  });

  test('an empty array is no level, an empty object is one', () => {
    expect(write(around(4096, []))).toBe(`v|${nested(4096, 'a:0:{}')}`);
    expect(write(around(4095, new PhpObject('Foo')))).toBe(`v|${nested(4095, 'O:3:"Foo":0:{}')}`);
    expect(failure(() => write(around(4096, new PhpObject('Foo')))).code).toBe('ERR_PHP_LIMIT');
    expect(write(around(4096, {}))).toBe(`v|${nested(4096, 'a:0:{}')}`);
  });

  test('what was read keeps its place, and may be moved down as far as there is room', () => {
    for (const [format, most] of [
      ['php', 4096],
      ['php_serialize', 4095],
    ] as const) {
      const read = () => decodeSession(latin1Bytes(`v|${nested(4090, 'i:5;')}n|i:1;`));
      const moved = (levels: number) => {
        const session = read();
        session.v = around(levels, session.v);
        return latin1Text(encodeSession(session, { format }));
      };
      expect(moved(most - 4090)).toContain(nested(most, 'i:5;'));
      expect(failure(() => moved(most - 4089)).code).toBe('ERR_PHP_LIMIT');
    }
  });

  test('so may objects', () => {
    const object = 'O:3:"Foo":1:{s:1:"p";'.repeat(4090) + 'N;' + '}'.repeat(4090);
    const moved = (levels: number) => {
      const session = decodeSession(latin1Bytes(`v|${object}n|i:1;`));
      session.v = around(levels, session.v);
      return latin1Text(encodeSession(session));
    };
    expect(moved(6)).toBe(`v|${nested(6, object)}n|i:1;`);
    expect(failure(() => moved(7)).code).toBe('ERR_PHP_LIMIT');
  });

  test('the array of php_serialize is a level more for values that were not read', () => {
    const read = (levels: number) => decodeSession(latin1Bytes(`v|${nested(levels, 'i:5;')}`));
    expect(latin1Text(encodeSession(read(4096)))).toBe(`v|${nested(4096, 'i:5;')}`);
    expect(latin1Text(encodeSession(read(4095), { format: 'php_serialize' }))).toContain(nested(4095, 'i:5;'));
    expect(failure(() => encodeSession(read(4096), { format: 'php_serialize' })).code).toBe('ERR_PHP_LIMIT');
  });

  test('and for values that were read, arrays and objects', () => {
    const objects = (levels: number) => 'O:3:"Foo":1:{s:1:"p";'.repeat(levels) + 'N;' + '}'.repeat(levels);
    for (const value of [(levels: number) => nested(levels, 'i:5;'), objects]) {
      const looked = (levels: number) => {
        const session = decodeSession(latin1Bytes(`v|${value(levels)}`));
        Object.values(session);
        return session;
      };
      expect(latin1Text(encodeSession(looked(4096)))).toBe(`v|${value(4096)}`);
      expect(latin1Text(encodeSession(looked(4095), { format: 'php_serialize' }))).toContain(value(4095));
      expect(failure(() => encodeSession(looked(4096), { format: 'php_serialize' })).code).toBe('ERR_PHP_LIMIT');
    }
  });

  test('as many are read, if nothing else is said', () => {
    expect(latin1Text(serialize(unserialize(latin1Bytes(nested(4096, 'N;')))))).toBe(nested(4096, 'N;'));
    expect(failure(() => unserialize(latin1Bytes(nested(4097, 'N;')))).code).toBe('ERR_PHP_LIMIT');
  });
});

describe('a value that contains itself', () => {
  // Not after 4,096 times around.
  test('is noticed where it comes again, however deep that is', () => {
    for (let levels = 1; levels <= 70; levels++) {
      for (const start of new Set([0, 1, Math.floor(levels / 2), 32, levels - 1].filter((level) => level < levels))) {
        const lists: unknown[][] = [[new PhpFloat(1)]];
        for (let level = 1; level < levels; level++) {
          const inner: unknown[] = [];
          lists.at(-1)!.push(inner);
          lists.push(inner);
        }
        lists.at(-1)!.push(lists[start]);
        const error = failure(() => write(lists[0]));
        expect([error.code, error.path?.length]).toEqual(['ERR_PHP_UNREPRESENTABLE', levels + 1]);
      }
    }
  });

  test('one that only comes twice is written twice', () => {
    for (const levels of [0, 10, 31, 32, 33, 34, 50]) {
      const twice = [new PhpFloat(1)];
      expect(write(around(levels, [twice, [twice], twice]))).toBe(
        `v|${nested(levels, 'a:3:{i:0;a:1:{i:0;d:1;}i:1;a:1:{i:0;a:1:{i:0;d:1;}}i:2;a:1:{i:0;d:1;}}')}`,
      );
    }
  });
});
