import { describe, expect, test } from '@jest/globals';
import { encoded, session } from './helpers.ts';

// Large values of a large session are built when they are looked at. Until then they are accessors, and nothing that
// JavaScript can do with an accessor may make a difference.

const large = 'x'.repeat(200);
const stored = `filler|s:1200:"${'y'.repeat(1200)}";value|s:200:"${large}";`;
const isAccessor = (object: object, key: string) => Object.getOwnPropertyDescriptor(object, key)?.get !== undefined;

describe('a variable that was not read', () => {
  test('is an accessor, or these tests are about nothing', () => {
    expect(isAccessor(session(stored), 'value')).toBe(true);
  });

  test('can be read and set through a Proxy', () => {
    const read = session(stored);
    const proxy = new Proxy(read, {});
    expect(proxy.value).toBe(large);
    proxy.value = 1;
    expect(proxy.value).toBe(1);
    delete read.filler;
    expect(encoded(read)).toBe('value|i:1;');
  });

  test('can be read through an object that inherits from the session, and is not set by it', () => {
    const read = session(stored);
    const heir = Object.create(read);
    expect(heir.value).toBe(large);
    heir.value = 1;
    expect([heir.value, read.value]).toEqual([1, large]);
    expect(encoded(read)).toBe(stored);
  });

  test('can be read in a copy by descriptors', () => {
    const read = session(stored);
    const copy = Object.create(Object.getPrototypeOf(read), Object.getOwnPropertyDescriptors(read));
    expect(copy.value).toBe(large);
    expect(encoded(copy)).toBe(stored);
  });

  test('can be replaced by a getter of the application', () => {
    const read = session(stored);
    Object.defineProperty(read, 'value', { get: () => 5, enumerable: true });
    delete read.filler;
    expect(encoded(read)).toBe('value|i:5;');
  });

  test('stays readable in a session that is frozen', () => {
    const read: Record<string, unknown> = Object.freeze(session(stored));
    expect(encoded(read)).toBe(stored);
    expect(read.value).toBe(large);
    expect(() => {
      read.value = 1;
    }).toThrow(TypeError);
    expect(encoded(read)).toBe(stored);
  });

  test('belongs to its session: its accessor does not work in another one, nor in another object', () => {
    const descriptor = Object.getOwnPropertyDescriptor(session(stored), 'value')!;
    const others = [{}, session('a|i:1;'), session(stored.replace('value|', 'other|'))];
    for (const other of others) {
      Object.defineProperty(other, 'value', descriptor);
      expect(() => (other as { value: unknown }).value).toThrow(TypeError);
    }
  });

  test('has an accessor that no session owns, as it would keep that session in memory; it is not kept for ever', () => {
    const get = (name: string) => {
      const read = session(`filler|s:1200:"${'y'.repeat(1200)}";${name}|s:200:"${large}";`);
      return Object.getOwnPropertyDescriptor(read, name)?.get;
    };
    const first = get('first name');
    get('second name');
    expect(first).toBeDefined();
    expect(get('first name')).toBe(first);
    // Names may come from outside.
    for (let number = 0; number < 2000; number++) get(`name ${number}`);
    expect(get('first name')).not.toBe(first);
  });

  test('leaves no trace on the session', () => {
    const read = session(stored);
    expect(Object.keys(read)).toEqual(['filler', 'value']);
    expect({ ...read }).toEqual({ filler: 'y'.repeat(1200), value: large });
    expect(Object.getOwnPropertySymbols({ ...read })).toEqual([]);
    expect(structuredClone(read)).toEqual({ ...read });
  });
});
