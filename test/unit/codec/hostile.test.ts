import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpObject,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { shapes } from '../../helpers/hostile-shapes.mjs';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { changed, failure, session } from './helpers.ts';

// The row is not trusted: an attacker who can write it can neither crash nor stall the server, nor change its prototypes.

describe('100,000 arrays inside each other', () => {
  const nested = latin1Bytes(`a|${'a:1:{i:0;'.repeat(100_000)}N;${'}'.repeat(100_000)}`);

  test('are over the limit', () => {
    expect(failure(() => decodeSession(nested)).code).toBe('ERR_PHP_LIMIT');
    expect(failure(() => unserialize(nested.subarray(2))).code).toBe('ERR_PHP_LIMIT');
  });

  test.each(['plain', 'exact'] as const)('are read where they are allowed, %s; and never written', (view) => {
    const read = decodeSession(nested, { view, maxDepth: 100_000 } as { maxDepth: number });
    const value = view === 'plain' ? read.a : (read as unknown as Map<string, unknown>).get('a');
    let depth = 0;
    for (let inner = value; inner !== null; depth++) {
      inner = view === 'plain' ? (inner as unknown[])[0] : (inner as Map<number, unknown>).get(0);
    }
    expect(depth).toBe(100_000);
    // PHP could not read it again.
    expect(failure(() => encodeSession({ a: value })).code).toBe('ERR_PHP_LIMIT');
  });

  test('built by the application are an error too', () => {
    let value: unknown = null;
    for (let i = 0; i < 100_000; i++) value = [value];
    expect(failure(() => serialize(value)).code).toBe('ERR_PHP_LIMIT');
  });
});

describe('a count that lies', () => {
  // The first takes down the process of two packages that read PHP's data.
  test.each([
    's:4294967299:"abc";',
    's:2147483647:"abc";',
    's:18446744073709551615:"abc";',
    'S:2147483647:"abc";',
    'a:2147483647:{i:0;N;}',
    'a:18446744073709551615:{}',
    'a:1073741823:{',
    'O:8:"stdClass":2147483647:{}',
    'O:8:"stdClass":18446744073709551617:{}',
    'O:2147483647:"A":0:{}',
    'C:1:"A":2147483647:{x}',
    'E:2147483647:"A:B";',
    `a:${'9'.repeat(100)}:{}`,
    `s:${'9'.repeat(100)}:"";`,
  ])('%s', (token) => {
    expect(failure(() => unserialize(latin1Bytes(token))).code).toBe('ERR_PHP_SYNTAX');
    expect(failure(() => session(`a|i:1;b|${token}`)).code).toBe('ERR_PHP_SYNTAX');
  });
});

test('semicolons after a "|" are no work: another package needs a time that doubles with each', () => {
  const data = `a|s:41:"|${';'.repeat(40)}";b|s:4:"x|y;";`;
  expect({ ...session(data) }).toEqual({ a: `|${';'.repeat(40)}`, b: 'x|y;' });
  expect(failure(() => session(data.slice(0, -1))).code).toBe('ERR_PHP_SYNTAX');
});

// That time is linear in the size is measured by `node bench/hostile.mjs`. At one megabyte what grows with the square would be over the time.
describe('a megabyte of the worst shapes: read, all looked at, changed and written', () => {
  test.each(Object.entries(shapes))(
    '%s',
    (_, shape) => {
      const read = decodeSession(latin1Bytes(shape(1_000_000)));
      const keys = Object.keys(read);
      for (const key of keys) read[key];
      read.new = 1;
      const again = decodeSession(encodeSession(read));
      // As texts: Jest compares a million of keys for seconds.
      expect(Object.keys(again).join('\n') === [...keys, 'new'].join('\n')).toBe(true);
      expect(again.new).toBe(1);
    },
    120_000,
  );
});

test('variables count as elements', () => {
  const limited = (data: string, format: SessionFormatName) =>
    decodeSession(latin1Bytes(data), { format, maxElements: 3 });
  const sessions = { php: 'a|N;', php_binary: '\x01aN;', php_serialize: 'i:1;N;' };
  for (const [name, variable] of Object.entries(sessions)) {
    const format = name as SessionFormatName;
    const framed = (count: number) =>
      format === 'php_serialize' ? `a:${count}:{${variable.repeat(count)}}` : variable.repeat(count);
    expect(Object.keys(limited(framed(3), format))).toHaveLength(1);
    expect(failure(() => limited(framed(4), format)).code).toBe('ERR_PHP_LIMIT');
  }
});

test('by default there may be 1,048,576 of them', () => {
  expect(failure(() => session('|N;'.repeat(1_048_577))).code).toBe('ERR_PHP_LIMIT');
});

test('what is read has the keys that it has in PHP, and inherits none', () => {
  const read = session('map|a:1:{s:1:"x";a:1:{s:1:"y";N;}}') as { map: { x: object } };
  for (const object of [read, read.map, read.map.x]) {
    for (const name of [...Reflect.ownKeys(Object.prototype), 'prototype', 'then', 'toJSON']) {
      if (name in object) throw new Error(String(name));
    }
  }
});

describe('names that JavaScript has itself', () => {
  const plainProperty = { writable: true, enumerable: true, configurable: true };
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    'then',
    'length',
  ];

  test.each(names)('%s replaces no prototype, wherever it stands', (name) => {
    const string = `s:${name.length}:"${name}";`;
    const evil = 'a:1:{s:7:"isAdmin";b:1;}';
    const map = `a:2:{${string}${evil}s:1:"x";i:1;}`;
    const object = `O:${name.length}:"${name}":2:{${string}${evil}s:1:"x";i:1;}`;
    const data = `${name}|${evil}map|${map}object|${object}list|a:1:{i:0;${map}}`;
    const prototypes = [Object.prototype, Array.prototype, Map.prototype, PhpObject.prototype];
    const before = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

    const read = session(data);
    const inner = read.map as Record<string, { isAdmin: unknown }>;
    const php = read.object as PhpObject;
    expect(Object.keys(read)).toEqual([name, 'map', 'object', 'list']);
    expect(Object.keys(inner)).toEqual([name, 'x']);
    expect(Object.hasOwn(inner, name)).toBe(true);
    expect(inner[name]).toEqual({ isAdmin: true });
    expect(php.className).toBe(name);
    expect(php.get(name)).toEqual({ isAdmin: true });
    for (const value of [read, inner, php, {}, []]) expect((value as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect(prototypes.map((prototype) => Reflect.ownKeys(prototype).length)).toEqual(before);
    expect(php).toBeInstanceOf(PhpObject);

    // It is an ordinary key: it can be changed, goes back, and can be deleted.
    expect(changed(data, (it) => void Object.values(it))).toBe(data);
    const change = (it: Record<string, unknown>) => Object.defineProperty(it.map, name, { ...plainProperty, value: 5 });
    expect(changed(data, change)).toBe(data.replace(`map|a:2:{${string}${evil}`, `map|a:2:{${string}i:5;`));
    expect(changed(data, (it) => delete it[name])).toBe(data.slice(data.indexOf('map|')));

    // Nor in the exact view, or as the property of an object in JSON.
    expect(latin1Text(encodeSession(decodeSession(latin1Bytes(data), { view: 'exact' })))).toBe(data);
    expect(Object.hasOwn(JSON.parse(JSON.stringify(php)) as object, name)).toBe(true);
  });
});
