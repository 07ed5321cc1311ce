import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
  serialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

// What an application puts onto one of PHP's values, where PHP has no place for it, is an error when the session is written: as
// sloppy code does it too, in which nothing else would tell.

// biome-ignore lint/suspicious/noExplicitAny: what TypeScript would not allow
type Any = any;

/** As a CommonJS file without 'use strict' does it. */
const sloppy = (code: string, v: unknown) => new Function('v', code)(v);

const unrepresentable = 'ERR_PHP_UNREPRESENTABLE';
const data = {
  object: 'O:7:"Account":1:{s:4:"name";s:3:"Ann";}',
  enum: 'E:11:"Suit:Hearts";',
  custom: 'C:5:"Token":3:{abc}',
};
const pad = `pad|s:2000:"${'x'.repeat(2000)}";`;

const ways: [code: string, value: keyof typeof data, error: string, path: string[]][] = [
  ["v.name = 'x'", 'object', unrepresentable, ['name']],
  ["Object.assign(v, { role: 'x' })", 'object', unrepresentable, ['role']],
  ["v.properties.name = 'x'", 'object', unrepresentable, ['name']],
  ['v.properties = { name: 1 }', 'object', unrepresentable, ['properties']],
  ['v.properties = undefined', 'object', unrepresentable, ['properties']],
  ['delete v.properties', 'object', unrepresentable, ['properties']],
  ["Object.defineProperty(v, 'x', { get: () => 1, enumerable: true })", 'object', unrepresentable, ['x']],
  ["v.className = 'Admin'", 'object', 'ERR_PHP_CLASS', []],
  ["Object.freeze(v.properties); v.className = 'Admin'", 'object', 'ERR_PHP_CLASS', []],
  ['v.className = 5', 'object', 'ERR_PHP_CLASS', []],
  ['delete v.className', 'object', 'ERR_PHP_CLASS', []],
  ['Object.setPrototypeOf(v, {})', 'object', unrepresentable, []],
  ["v.caseName = 'Spades'", 'enum', 'ERR_PHP_CLASS', []],
  ["v.className = 'Other'", 'enum', 'ERR_PHP_CLASS', []],
  ["v.name = 'Spades'", 'enum', unrepresentable, ['name']],
  ['Object.setPrototypeOf(v, {})', 'enum', unrepresentable, []],
  ["v.className = 'Other'", 'custom', 'ERR_PHP_CLASS', []],
  ["v.text = 'x'", 'custom', unrepresentable, ['text']],
];

describe.each(ways)('%s', (code, kind, error, path) => {
  const value = data[kind];

  test.each([
    ['a small session', `v|${value}`, 'plain', (s: Any) => s.v, ['v']],
    ['a variable that is built later', `v|a:1:{s:1:"o";${value}}${pad}`, 'plain', (s: Any) => s.v.o, ['v', 'o']],
    ['a list', `v|a:2:{i:0;${value}i:1;${value}}`, 'plain', (s: Any) => s.v[1], ['v', '1']],
    ['an object', `v|O:3:"Foo":1:{s:1:"p";${value}}`, 'plain', (s: Any) => s.v.get('p'), ['v', 'p']],
    ['beside a reference', `a|i:1;b|R:1;v|${value}`, 'plain', (s: Any) => s.v, ['v']],
    ['in a reference', `a|${value}v|R:1;`, 'plain', (s: Any) => s.v, ['a']],
    ['the exact view', `v|${value}`, 'exact', (s: Any) => s.get('v'), ['v']],
  ] as const)('is an error in %s', (_, session, view, find, at) => {
    const read = decodeSession(latin1Bytes(session), { view: view as 'plain' });
    expect(latin1Text(encodeSession(read))).toBe(session);
    sloppy(code, find(read));
    expect(failure(() => encodeSession(read))).toMatchObject({ code: error, path: [...at, ...path] });
    expect(failure(() => encodeSession(read, { format: 'php_serialize' }))).toMatchObject({ code: error });
  });

  test('is an error in a new session', () => {
    const read = decodeSession(latin1Bytes(`v|${value}`));
    sloppy(code, read.v);
    expect(failure(() => encodeSession({ w: [read.v] })).code).toBe(error);
  });
});

describe('values that the application made', () => {
  const classes = ['Foo'];
  const object = () => new PhpObject('Foo', [['a', 1]]);
  const made: [name: string, value: unknown, path: string[]][] = [
    ['a PhpObject', Object.assign(object(), { name: 1 }), ['name']],
    ['of a class that inherits', new (class User extends PhpObject { name = 1; })('Foo'), ['name']], // biome-ignore format: short
    ['its properties', Object.assign(object(), { properties: Object.assign(new Map(), { a: 1 }) }), ['a']],
    ['properties that are a list', Object.assign(object(), { properties: [['a', 1]] }), ['properties']],
    ['a PhpFloat', Object.assign(new PhpFloat(1), { unit: 'kg' }), ['unit']],
    ['a PhpArray', Object.assign(new PhpArray([[0, 1]]), { 1: 2 }), ['1']],
    ['a PhpReference', Object.assign(new PhpReference(1), { name: 2 }), ['name']],
    ['one in another', new PhpReference(Object.assign(new PhpReference(1), { name: 2 })), ['name']],
    ['a PhpEnum', Object.assign(new PhpEnum('Foo', 'A'), { value: 2 }), ['value']],
    ['a PhpCustom', Object.assign(new PhpCustom('Foo', latin1Bytes('a')), { text: 2 }), ['text']],
  ];

  test.each(made)('%s', (_, value, path) => {
    const code = unrepresentable;
    expect(failure(() => encodeSession({ v: { w: value } }, { classes }))).toMatchObject({
      code,
      path: ['v', 'w', ...path],
    });
    expect(failure(() => serialize([value], { classes }))).toMatchObject({ code, path: ['0', ...path] });
    if (value instanceof PhpArray) expect(failure(() => encodeSession(value))).toMatchObject({ code, path });
  });

  test('a name that is none', () => {
    for (const value of [
      new PhpObject(5 as Any),
      new PhpEnum('Foo', 5 as Any),
      new PhpCustom(null as Any, latin1Bytes('')),
    ]) {
      expect(failure(() => encodeSession({ v: value }, { classes }))).toMatchObject({
        code: 'ERR_PHP_CLASS',
        path: ['v'],
      });
    }
  });

  test('a name that PHP has for enums only, as it was read with a backslash', () => {
    const read = decodeSession(latin1Bytes('v|E:6:"\\Foo:A";'));
    read.w = new PhpObject('\\Foo');
    expect(failure(() => encodeSession(read))).toMatchObject({ code: 'ERR_PHP_CLASS', path: ['w'] });
  });
});

describe('what is no stray', () => {
  test('a class that inherits, with methods', () => {
    class User extends PhpObject {
      greet() {
        return `Hi ${this.get('name')}`;
      }
    }
    const user = new User('User', [['name', 'Ann']]);
    expect(latin1Text(encodeSession({ user }, { classes: ['User'] }))).toBe(
      'user|O:4:"User":1:{s:4:"name";s:3:"Ann";}',
    );
  });

  test('properties that are a Map of another realm', () => {
    const object = new PhpObject('Foo');
    (object as Any).properties = runInNewContext("new Map([['a', 1]])");
    expect(latin1Text(serialize(object, { classes: ['Foo'] }))).toBe('O:3:"Foo":1:{s:1:"a";i:1;}');
  });

  test('other data of a PhpCustom, and what frozen values hold', () => {
    const read = decodeSession<Any>(latin1Bytes('c|C:3:"Foo":1:{a}o|O:3:"Foo":1:{s:1:"a";i:1;}'));
    read.c.data = latin1Bytes('bc');
    Object.freeze(read.o);
    Object.freeze(read.o.properties);
    expect(latin1Text(encodeSession(read))).toBe('c|C:3:"Foo":2:{bc}o|O:3:"Foo":1:{s:1:"a";i:1;}');
  });

  test('what an instance of a mapped class has', () => {
    class Cart {
      items = 1;
    }
    const mapping = {
      ...{ className: 'Cart', class: Cart, fromPhp: () => new Cart() },
      toPhp: (cart: Cart, object: PhpObject) => object.set('items', cart.items),
    };
    const read = decodeSession<Any>(latin1Bytes('v|O:4:"Cart":1:{s:5:"items";i:1;}'), { classes: [mapping] });
    Object.assign(read.v, { items: 2, cache: [] });
    expect(latin1Text(encodeSession(read))).toBe('v|O:4:"Cart":1:{s:5:"items";i:2;}');
  });
});

test('toPhp that assigns instead of set(), and an object that was kept by fromPhp', () => {
  class Cart {}
  let kept: Any;
  const mapping = (toPhp: (cart: Cart, object: Any) => void) => ({
    ...{ className: 'Cart', class: Cart, toPhp },
    fromPhp: (object: PhpObject) => {
      kept = object;
      return new Cart();
    },
  });
  const read = (toPhp: (cart: Cart, object: Any) => void) => {
    const session = decodeSession<Any>(latin1Bytes('v|O:4:"Cart":1:{s:5:"items";i:1;}'), { classes: [mapping(toPhp)] });
    expect(session.v).toBeInstanceOf(Cart);
    return session;
  };
  const path = ['v', 'items'];
  const assigns = read((_, object) => void Object.assign(object, { items: 2 }));
  expect(failure(() => encodeSession(assigns))).toMatchObject({ code: unrepresentable, path });
  const keeps = read(() => {});
  kept.items = 2;
  expect(failure(() => encodeSession(keeps))).toMatchObject({ code: unrepresentable, path });
});

test('an object that was given another prototype is no plain object any more', () => {
  class Cart {}
  const read = decodeSession<Any>(latin1Bytes('v|a:1:{s:1:"a";i:1;}'));
  Object.setPrototypeOf(read.v, Cart.prototype);
  expect(failure(() => encodeSession(read))).toMatchObject({ code: unrepresentable, path: ['v'] });
  Object.setPrototypeOf(read.v, { inherited: 1 });
  expect(failure(() => encodeSession(read))).toMatchObject({ code: unrepresentable, path: ['v'] });
  Object.setPrototypeOf(read.v, Object.prototype);
  expect(latin1Text(encodeSession(read))).toBe('v|a:1:{s:1:"a";i:1;}');
  Object.setPrototypeOf(read, { inherited: 1 });
  expect(() => encodeSession(read)).toThrow(TypeError);
});

describe('what JavaScript does not show, on the session itself', () => {
  const sessions: [string, () => Record<PropertyKey, unknown>][] = [
    ['small', () => decodeSession(latin1Bytes('a|i:1;'))],
    ['large, not read', () => decodeSession(latin1Bytes(`a|i:1;${pad}`))],
    [
      'large, read',
      () => {
        const session = decodeSession(latin1Bytes(`a|i:1;b|a:1:{s:1:"x";s:200:"${'x'.repeat(200)}";}${pad}`));
        expect(session.pad).toHaveLength(2000);
        return session;
      },
    ],
    ['new', () => ({ a: 1 })],
  ];

  test.each(sessions)('%s: a symbol, a property that is not enumerable', (_, make) => {
    expect(encodeSession(make()).length).toBeGreaterThan(0);
    const [one, other, third] = [make(), make(), make()];
    one[Symbol('secret')] = 1;
    expect(failure(() => encodeSession(one))).toMatchObject({ code: unrepresentable, path: [] });
    Object.defineProperty(other, 'user', { value: 'x' });
    expect(failure(() => encodeSession(other))).toMatchObject({ code: unrepresentable, path: ['user'] });
    Object.defineProperty(third, 'a', { value: 2, enumerable: false });
    expect(failure(() => encodeSession(third))).toMatchObject({ code: unrepresentable, path: ['a'] });
    Object.defineProperty(third, 'a', { value: 2, enumerable: true });
    expect(latin1Text(encodeSession(third))).toContain('a|i:2;');
  });
});
