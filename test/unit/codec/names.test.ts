import { expect, test } from '@jest/globals';
import { readKey, readText, writeKey } from '../../../src/codec/php/text.ts';
import { changed, touched } from './helpers.ts';

// Names that come again and again are remembered. A name that is like a remembered one must not be taken for it.

const room = Buffer.alloc(300);

/** The bytes that the name of these bytes is written as. */
function writtenAgain(name: Buffer): string {
  const end = writeKey(room, 0, readKey(name, 0, name.length));
  return room.toString('latin1', 0, end);
}

/** Reads these names in this order, and each twice. */
function check(names: Iterable<string>): void {
  for (const raw of names) {
    const name = Buffer.from(raw, 'latin1');
    for (let times = 0; times < 2; times++) {
      if (writtenAgain(name) !== raw) throw new Error(`${JSON.stringify(raw)} is read as another name`);
    }
  }
}

test('the beginning of a name is another name', () => {
  check(
    (function* () {
      for (let number = 0; number < 3000; number++) {
        const name = `${number * 7919}field${number}`;
        for (let size = name.length; size > 0; size--) yield name.slice(0, size);
      }
    })(),
  );
});

test('so is one of the same size', () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyz012345'];
  check(letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c))));
  check(Array.from({ length: 20_000 }, (_, number) => `user_${number}`));
});

test('so is the same text in Latin-1, and any other bytes that are no UTF-8', () => {
  const high = Array.from({ length: 64 }, (_, index) => String.fromCharCode(0x80 + index * 2));
  const pairs = high.flatMap((a) => high.map((b) => a + b));
  const latin1 = (name: string) => Buffer.from(name).toString('latin1');
  check([...high, ...pairs].flatMap((name) => [latin1(name), name, latin1(name)]));
  check(pairs.flatMap((name) => [`x${name}`, name, latin1(`x${name}`)]));
});

test('names and texts are read up to their end, and not farther', () => {
  const read = (text: string, end: number) => readText(Buffer.from(text), 0, end);
  for (let size = 0; size <= 60; size++) {
    const name = 'abcdefghij'.repeat(6);
    expect(read(name, size)).toBe(name.slice(0, size));
    expect(readKey(Buffer.from(name), 0, size)).toBe(name.slice(0, size));
  }
});

test.each([
  ['ASCII', 'abc', 'abd'],
  ['one character', 'a', 'b'],
  ['DEL', '\x7f', '~'],
  ['two bytes a character', 'é', 'è'],
  ['a long one', `${'x'.repeat(200)}a`, `${'x'.repeat(200)}b`],
])('a string of the same size is a change: %s', (_what, before, after) => {
  const raw = (value: string) => Buffer.from(value).toString('latin1');
  const string = (value: string) => `s:${raw(value).length}:"${raw(value)}";`;
  for (const data of [
    `a|${string(before)}b|i:1;`,
    `a|a:2:{s:1:"k";${string(before)}i:0;N;}b|i:1;`,
    `a|a:2:{i:0;${string(before)}i:1;N;}b|i:1;`,
  ]) {
    const set = (read: Record<string, unknown>) => {
      if (typeof read.a === 'string') read.a = after;
      else if (Array.isArray(read.a)) read.a[0] = after;
      else Object.assign(read.a as object, { k: after });
    };
    expect(changed(data, set)).toBe(data.replace(string(before), string(after)));
    expect(touched(data)).toBe(data);
  }
});

test('text in the place of its bytes in Latin-1 is a change', () => {
  for (const data of ['a|s:1:"\xe9";', 'a|a:1:{i:0;s:1:"\xe9";}', 'a|a:2:{i:0;s:2:"\xe9x";i:1;N;}']) {
    const set = (read: Record<string, unknown>) => {
      if (Array.isArray(read.a)) read.a[0] = data.includes('x') ? 'éx' : 'é';
      else read.a = 'é';
    };
    expect(changed(data, set)).toBe(
      data.replace('s:2:"\xe9x"', 's:3:"\xc3\xa9x"').replace('s:1:"\xe9"', 's:2:"\xc3\xa9"'),
    );
  }
});
