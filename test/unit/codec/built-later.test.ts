import { describe, expect, test } from '@jest/globals';
import { decodeSession, type PhpObject, type SessionData } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { encoded, failure, session } from './helpers.ts';

// What is built when a session is read, and what when it is looked at. All is checked when it is read.

const isLater = (read: object, key: string) => Object.getOwnPropertyDescriptor(read, key)?.get !== undefined;

/** A string of so many bytes, its token included. */
function stringOf(size: number): string {
  const length = size - `s:${size}:"";`.length;
  for (const digits of [length, length + 1]) {
    const token = `s:${digits}:"${'x'.repeat(digits)}";`;
    if (token.length === size) return token;
  }
  throw new Error(`No string has ${size} bytes`);
}

/** A variable of so many bytes, its name included. */
const pad = (size: number) => `pad|${stringOf(size - 4)}`;

describe('when a value is built', () => {
  const value = `value|${stringOf(200)}`;

  test('a session of up to 1,024 bytes is built at once', () => {
    const sized = (size: number) => value + pad(size - value.length);
    expect(isLater(session(sized(1024)), 'value')).toBe(false);
    expect(isLater(session(sized(1025)), 'value')).toBe(true);
  });

  test('of a larger one, values of up to 128 bytes are', () => {
    const read = session(`tiny|i:1;small|${stringOf(128)}large|${stringOf(129)}${pad(1200)}`);
    expect(['tiny', 'small', 'large', 'pad'].filter((key) => isLater(read, key))).toEqual(['large', 'pad']);
  });

  test('where there are references, no value is, as they depend on each other', () => {
    const read = session(`tiny|i:1;again|R:1;${pad(1200)}`);
    expect(Object.keys(read).filter((key) => isLater(read, key))).toEqual(['tiny', 'again', 'pad']);
  });

  test('where classes are mapped, only what holds no object is: fromPhp is called where the value is looked at', () => {
    class Cart {}
    const made: string[] = [];
    const fromPhp = (object: PhpObject) => {
      made.push(String(object.get('id')));
      return new Cart();
    };
    const cart = (id: number) => `O:4:"Cart":1:{s:2:"id";i:${id};}`;
    const data = `count|i:1;name|${stringOf(300)}none|N;list|a:1:{i:0;${cart(1)}}cart|${cart(2)}`;
    const read = decodeSession(latin1Bytes(data), {
      classes: [{ className: 'Cart', class: Cart, fromPhp, toPhp: () => {} }],
    });
    expect(Object.keys(read).filter((key) => isLater(read, key))).toEqual(['list', 'cart']);
    expect(made).toEqual([]);
    expect([read.list, read.cart]).toEqual([[new Cart()], new Cart()]);
    expect(made).toEqual(['1', '2']);
  });
});

describe('what is not built yet is checked all the same', () => {
  const later = (value: string, options: object, format: 'php' | 'php_serialize' = 'php') => {
    const inner = `a:2:{i:0;${stringOf(1200)}i:1;${value}}`;
    const data = format === 'php' ? `a|${inner}` : `a:1:{s:1:"a";${inner}}`;
    return decodeSession(latin1Bytes(data), { format, ...options });
  };
  const nested = (levels: number) => 'a:1:{i:0;'.repeat(levels) + 'N;' + '}'.repeat(levels);

  test('how deep it is, and the array around php_serialize is a level', () => {
    for (const [format, around] of [
      ['php', 1],
      ['php_serialize', 2],
    ] as const) {
      for (const levels of [1, 2, 5]) {
        expect(isLater(later(nested(levels), { maxDepth: around + levels }, format), 'a')).toBe(true);
        const tooDeep = () => later(nested(levels), { maxDepth: around + levels - 1 }, format);
        expect(failure(tooDeep).code).toBe('ERR_PHP_LIMIT');
      }
    }
  });

  test('an empty array is no level, an empty object is one', () => {
    expect(isLater(later('a:0:{}', { maxDepth: 1 }), 'a')).toBe(true);
    expect(failure(() => later('O:3:"Foo":0:{}', { maxDepth: 1 })).code).toBe('ERR_PHP_LIMIT');
  });

  test('that a string ends where its length says, as the bytes after it may look like a name', () => {
    const data = `a|${stringOf(200)}b|i:1;${pad(1200)}`;
    expect(Object.keys(session(data))).toEqual(['a', 'b', 'pad']);
    expect(failure(() => session(data.replace('";', '"x;'))).code).toBe('ERR_PHP_SYNTAX');
  });

  test('how many elements it has', () => {
    const five = 'a:5:{i:0;N;i:1;N;i:2;N;i:3;N;i:4;N;}'; // in two of an array, which is a variable
    expect(isLater(later(five, { maxElements: 8 }), 'a')).toBe(true);
    expect(failure(() => later(five, { maxElements: 7 })).code).toBe('ERR_PHP_LIMIT');
  });
});

describe('a variable that is built later', () => {
  const large = 'x'.repeat(200);
  const stored = `first|i:1;value|s:200:"${large}";${pad(1200)}`;
  const ordinary = { writable: true, enumerable: true, configurable: true };

  test('becomes an ordinary property when it is set', () => {
    const read = session(stored);
    read.value = 5;
    expect(Object.getOwnPropertyDescriptor(read, 'value')).toEqual({ value: 5, ...ordinary });
    read.value = 6;
    expect(Object.keys(read)).toEqual(['first', 'value', 'pad']);
    delete read.value;
    expect(Object.keys(read)).toEqual(['first', 'pad']);
  });

  test('and on an object that inherits from the session', () => {
    const heir: SessionData = Object.create(session(stored));
    heir.value = 5;
    expect(Object.getOwnPropertyDescriptor(heir, 'value')).toEqual({ value: 5, ...ordinary });
  });

  test('can be read through a Proxy that wraps all functions', () => {
    const wrapped = new Proxy(session(stored), {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver);
        return typeof value === 'function' ? (...given: unknown[]) => value(...given) : value;
      },
    });
    expect(wrapped.value).toBe(large);
  });

  test('that a getter deletes while the session is written is not written', () => {
    const read = session(stored);
    const get = () => {
      delete read.value;
      return 2;
    };
    Object.defineProperty(read, 'first', { get, enumerable: true });
    expect(encoded(read)).toBe(`first|i:2;${pad(1200)}`);
  });

  test('is left alone by what reads another one', () => {
    const read = session(stored);
    expect(latin1Text(Buffer.from(String(read.value)))).toBe(large);
    expect(isLater(read, 'pad')).toBe(true);
    expect(encoded(read)).toBe(stored);
  });
});
