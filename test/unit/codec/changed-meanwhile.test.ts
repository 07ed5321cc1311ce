import { describe, expect, test } from '@jest/globals';
import { encodeSession, PhpObject, serialize } from '../../../src/codec/index.ts';
import { latin1Text } from '../../helpers/latin1.ts';
import { encoded, failure } from './helpers.ts';

// Getters and `toPhp` are code of the application, which runs while a session is written. Whatever it does, the numbers of
// elements are those of the elements: PHP destroys a session in which they are not.

class Item {
  list: unknown[] = [];
}
const mapping = (change: (list: unknown[]) => void) => ({
  className: 'Item',
  class: Item,
  fromPhp: () => new Item(),
  toPhp: ({ list }: Item) => void change(list),
});
function inList(more: unknown[], change: (list: unknown[]) => void) {
  const item = new Item();
  item.list.push(item, ...more);
  return latin1Text(serialize(item.list, { classes: [mapping(change)] }));
}

describe('a list that is changed while it is written', () => {
  test('has the elements that it had when it was begun', () => {
    expect(inList([], (list) => list.push(7))).toBe('a:1:{i:0;O:4:"Item":0:{}}');
    expect(inList([1], (list) => list.unshift(7))).toBe('a:2:{i:0;O:4:"Item":0:{}i:1;r:2;}');
  });

  test('is an error if they are gone', () => {
    expect(failure(() => inList([1], (list) => list.pop())).code).toBe('ERR_PHP_UNREPRESENTABLE');
  });

  test('by a getter', () => {
    for (const other of [2, 2n]) {
      const list: unknown[] = [1, other];
      let isFirst = true;
      Object.defineProperty(list, 0, {
        get() {
          if (!isFirst) list.push(3);
          isFirst = false;
          return 1;
        },
        enumerable: true,
      });
      const written = latin1Text(serialize(list));
      const [, count] = /^a:(\d+):/.exec(written)!;
      expect(written.match(/i:\d+;i:\d+;/g)).toHaveLength(Number(count));
    }
  });
});

describe('another session that is written in between', () => {
  test('has memory of its own', () => {
    let inner = '';
    const outer = {
      before: 'x',
      get value() {
        inner = encoded({ a: 'inner' });
        return 'outer';
      },
      after: new PhpObject('Foo'),
    };
    expect(latin1Text(encodeSession(outer, { classes: ['Foo'] }))).toBe(
      'before|s:1:"x";value|s:5:"outer";after|O:3:"Foo":0:{}',
    );
    expect(inner).toBe('a|s:5:"inner";');
  });

  test('may fail, and the next one is written all the same', () => {
    const first = encodeSession({ a: 1 });
    expect(failure(() => encodeSession({ a: 'x'.repeat(100), b: Symbol() })).code).toBe('ERR_PHP_UNREPRESENTABLE');
    expect(encoded({ b: 2 })).toBe('b|i:2;');
    expect(latin1Text(first)).toBe('a|i:1;');
  });
});
