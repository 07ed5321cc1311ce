import { describe, expect, test } from '@jest/globals';
import { encodeSession, PhpArray, PhpObject, PhpSessionError } from '../../../src/codec/index.ts';

/** What cannot be written, whatever is around it. */
const wrong = () => undefined;

function failure(session: object): PhpSessionError {
  try {
    encodeSession(session as Record<string, unknown>, { classes: ['Cart'] });
  } catch (error) {
    if (error instanceof PhpSessionError) return error;
    throw error;
  }
  throw new Error('It was written');
}

/** Where an error says that it is, and its path. */
function place(session: object): [string | undefined, unknown] {
  const { message, path } = failure(session);
  return [/ \(at: (.*)\)$/.exec(message)?.[1], path];
}

describe('the place of a value that cannot be written', () => {
  test.each<[string, object, string, string[]]>([
    ['a variable', { a: 1, b: wrong }, '2nd variable', ['b']],
    ['an element', { a: [1, 2, wrong] }, '1st variable > 3rd element', ['a', '2']],
    ['an entry', { a: { b: 1, c: wrong } }, '1st variable > 2nd entry', ['a', 'c']],
    ['an entry of an array', { a: new PhpArray([['b', wrong]]) }, '1st variable > 1st entry', ['a', 'b']],
    ['a property', { a: new PhpObject('Cart', [['b', wrong]]) }, '1st variable > 1st property', ['a', 'b']],
    [
      'all of them',
      { z: 0, a: [[new PhpObject('Cart', [['b', { c: wrong }]])]] },
      '2nd variable > 1st element > 1st element > 1st property > 1st entry',
      ['a', '0', '0', 'b', 'c'],
    ],
  ])('%s', (_, session, steps, path) => {
    expect(place(session)).toEqual([steps, path]);
  });

  test.each([
    [1, '1st'],
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [9, '9th'],
    [10, '10th'],
    [11, '11th'],
    [12, '12th'],
    [13, '13th'],
    [14, '14th'],
    [20, '20th'],
    [21, '21st'],
    [22, '22nd'],
    [23, '23rd'],
    [24, '24th'],
    [101, '101st'],
    [110, '110th'],
    [111, '111th'],
    [112, '112th'],
    [113, '113th'],
    [114, '114th'],
  ])('element %d is the %s', (n, ordinal) => {
    const list: unknown[] = new Array(n).fill(0);
    list[n - 1] = wrong;
    expect(place({ list })[0]).toBe(`1st variable > ${ordinal} element`);
  });

  /** `steps` steps from the session to the value. */
  const deep = (steps: number): object => (steps === 1 ? { a: wrong } : { a: listOf(steps - 1) });
  const listOf = (steps: number): unknown[] => [0, steps === 1 ? wrong : listOf(steps - 1)];

  test('up to eight steps are shown', () => {
    for (let steps = 1; steps <= 8; steps++) {
      const shown = ['1st variable', ...new Array(steps - 1).fill('2nd element')];
      expect(place(deep(steps))).toEqual([shown.join(' > '), ['a', ...new Array(steps - 1).fill('1')]]);
    }
  });

  test.each([9, 10, 20])('of %d steps both ends are shown, and the path has all', (steps) => {
    const four = new Array(4).fill('2nd element');
    const shown = ['1st variable', ...four.slice(1), `${steps - 8} more levels`, ...four];
    expect(place(deep(steps))).toEqual([shown.join(' > '), ['a', ...new Array(steps - 1).fill('1')]]);
  });
});

describe('what cannot be written', () => {
  class Basket {}
  test.each<[string, object, string]>([
    ['an instance', new Basket(), 'An instance of Basket, for which the option `classes` has no mapping,'],
    ['a list with a name', Object.assign([1], { total: 2 }), 'A list with named properties'],
    ['an object without a class', Object.create(Object.create(null)), 'An object of this kind'],
    ['an object whose class has no name', Object.create({ constructor: { name: 1 } }), 'An object of this kind'],
  ])('%s', (_, value, start) => {
    const { code, message } = failure({ value });
    expect([code, message.slice(0, start.length)]).toEqual(['ERR_PHP_UNREPRESENTABLE', start]);
  });

  test('a key that the format has no place for', () => {
    const { code, message, path } = failure({ good: 1, 'a|b': 2 });
    expect([code, path]).toEqual(['ERR_PHP_KEY', ['a|b']]);
    expect(message).toMatch(/^The format php cannot write .* at the top level of a session: PHP would lose data; /);
    expect(message).toMatch(/nothing was written \(at: 2nd variable\)$/);
    expect(message).not.toContain('a|b');
  });
});
