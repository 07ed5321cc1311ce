import { describe, expect, test } from '@jest/globals';
import { encodeSession } from '../../../src/codec/index.ts';
import { type ConflictRule, type MergeConflict, merge } from '../../../src/session/merge.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';

function merged(base: string, mine: string, theirs: string, rule: ConflictRule = 'error'): string {
  const { data } = merge(latin1Bytes(base), latin1Bytes(mine), latin1Bytes(theirs), rule, { format: 'php' });
  return Buffer.from(data).toString('latin1');
}

describe('changes of different parts', () => {
  test('different keys', () => {
    expect(merged('a|i:1;b|i:1;', 'a|i:2;b|i:1;', 'a|i:1;b|i:3;')).toBe('a|i:2;b|i:3;');
  });

  test('keys that either side has added, and removed', () => {
    expect(merged('a|i:1;b|i:2;c|i:3;', 'a|i:1;b|i:2;mine|i:4;', 'b|i:2;c|i:3;theirs|i:5;')).toBe(
      'b|i:2;theirs|i:5;mine|i:4;',
    );
  });

  test('different keys of one map, as Symfony keeps them', () => {
    expect(
      merged(
        '_sf2_attributes|a:1:{s:1:"x";i:1;}',
        '_sf2_attributes|a:2:{s:1:"x";i:1;s:1:"m";i:2;}',
        '_sf2_attributes|a:2:{s:1:"x";i:1;s:1:"t";a:0:{}}',
      ),
    ).toBe('_sf2_attributes|a:3:{s:1:"x";i:1;s:1:"t";a:0:{}s:1:"m";i:2;}');
  });

  test('a map that both have made, and one that was empty', () => {
    expect(merged('e|a:0:{}', 'e|a:1:{s:1:"m";i:1;}n|a:1:{s:1:"m";N;}', 'e|a:1:{s:1:"t";i:2;}n|a:1:{s:1:"t";N;}')).toBe(
      'e|a:2:{s:1:"t";i:2;s:1:"m";i:1;}n|a:2:{s:1:"t";N;s:1:"m";N;}',
    );
  });

  test('the same change on both sides is none', () => {
    expect(merged('a|i:1;', 'a|i:2;', 'a|i:2;b|i:1;')).toBe('a|i:2;b|i:1;');
    expect(merged('a|i:1;', '', '')).toBe('');
  });

  test('floats, bytes and big ints stay what they are', () => {
    const theirs = 'a|i:1;f|d:0.1;g|d:12;s|s:2:"\xff\xfe";n|i:9223372036854775807;';
    expect(merged(`${theirs}`, `${theirs.replace('i:1', 'i:2')}`, `${theirs}x|b:1;`)).toBe(
      `${theirs.replace('i:1', 'i:2')}x|b:1;`,
    );
  });

  test('an unknown class, with its private property', () => {
    const object = 'O:3:"Foo":1:{s:6:"\0Foo\0p";i:1;}';
    expect(merged(`a|i:1;`, `a|i:1;o|${object}`, `a|i:2;`)).toBe(`a|i:2;o|${object}`);
  });
});

describe('parts that are one piece', () => {
  const conflict = expect.objectContaining({ code: 'ERR_SESSION_CONFLICT', path: ['x'] });

  test.each([
    ['lists', 'a:1:{i:0;i:1;}', 'a:2:{i:0;i:1;i:1;i:2;}', 'a:2:{i:0;i:1;i:1;i:3;}'],
    ['maps with numbers for keys', 'a:1:{i:7;i:1;}', 'a:2:{i:7;i:1;i:8;i:2;}', 'a:2:{i:7;i:1;i:9;i:3;}'],
    ['objects', 'O:1:"A":1:{s:1:"p";i:1;}', 'O:1:"A":1:{s:1:"p";i:2;}', 'O:1:"A":2:{s:1:"p";i:1;s:1:"q";i:1;}'],
    ['values', 'i:1;', 'i:2;', 'i:3;'],
    ['an int and a float', 'i:1;', 'd:1;', 'i:3;'],
    ['a map that one side has deleted', 'a:1:{s:1:"k";i:1;}', undefined, 'a:1:{s:1:"k";i:2;}'],
  ])('%s', (_, base, mine, theirs) => {
    const session = (value: string | undefined) => (value === undefined ? '' : `x|${value}`);
    expect(() => merged(session(base), session(mine), session(theirs))).toThrow(conflict);
    expect(merged(session(base), session(mine), session(theirs), 'mine')).toBe(session(mine));
    expect(merged(session(base), session(mine), session(theirs), 'theirs')).toBe(session(theirs));
  });

  test('keys that share an object are taken together, and share it afterwards', () => {
    const base = 'a|O:1:"A":1:{s:1:"p";i:1;}b|a:1:{i:0;r:1;}';
    const mine = 'a|O:1:"A":1:{s:1:"p";i:1;}b|a:2:{i:0;r:1;i:1;i:5;}';
    const theirs = `new|i:0;${base.replace('r:1', 'r:2')}`;
    expect(merged(base, mine, theirs)).toBe('new|i:0;a|O:1:"A":1:{s:1:"p";i:1;}b|a:2:{i:0;r:2;i:1;i:5;}');
    // One changed a, the other b: as both hold the object, that is a conflict.
    expect(() => merged(base, mine, base.replace('i:1;}b', 'i:9;}b'))).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' }),
    );
  });

  test('keys that share a value by a PHP reference', () => {
    expect(merged('a|i:1;b|R:1;', 'a|i:2;b|R:1;', 'z|i:0;a|i:1;b|R:2;')).toBe('z|i:0;a|i:2;b|R:2;');
    expect(() => merged('a|i:1;b|R:1;', 'a|i:2;b|R:1;', 'a|i:3;b|R:1;')).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' }),
    );
  });

  test('an object that contains itself', () => {
    const cycle = 'a|O:1:"A":1:{s:1:"p";r:1;}';
    expect(merged(cycle, `${cycle}m|i:1;`, `t|i:1;${cycle.replace('r:1', 'r:2')}`)).toBe(
      't|i:1;a|O:1:"A":1:{s:1:"p";r:2;}m|i:1;',
    );
  });
});

describe('a function that decides', () => {
  test('gets what both sides have, and returns the value', () => {
    const asked: MergeConflict[] = [];
    const rule = (conflict: MergeConflict) => {
      asked.push(conflict);
      return Number(conflict.mine) + Number(conflict.theirs) - Number(conflict.base);
    };
    expect(merged('n|a:1:{s:1:"c";i:5;}', 'n|a:1:{s:1:"c";i:6;}', 'n|a:1:{s:1:"c";i:8;}', rule)).toBe(
      'n|a:1:{s:1:"c";i:9;}',
    );
    expect(asked).toEqual([{ path: ['n', 'c'], base: 5, mine: 6, theirs: 8 }]);
  });

  test('is asked for the same change too, as counters make it', () => {
    const add = ({ base, mine, theirs }: MergeConflict) => Number(mine) + Number(theirs) - Number(base);
    expect(merged('n|i:5;x|i:1;', 'n|i:6;x|i:1;', 'n|i:6;x|i:2;', add)).toBe('n|i:7;x|i:2;');
    expect(merged('n|i:5;', 'n|i:6;', 'n|i:6;', 'error')).toBe('n|i:6;');
  });

  test('returns a side as it is', () => {
    const object = 'O:1:"A":1:{s:1:"p";d:2;}';
    expect(merged('x|i:1;', `x|${object}`, 'x|i:3;', ({ mine }) => mine)).toBe(`x|${object}`);
    expect(merged('x|i:1;', 'x|i:3;', `x|${object}`, ({ theirs }) => theirs)).toBe(`x|${object}`);
  });

  test('deletes', () => {
    expect(merged('x|i:1;', 'x|i:2;', 'x|i:3;y|i:1;', () => undefined)).toBe('y|i:1;');
  });
});

test('reports the conflicts', () => {
  const { conflicts } = merge(
    latin1Bytes('a|i:1;b|i:1;'),
    latin1Bytes('a|i:2;b|i:2;'),
    latin1Bytes('a|i:3;b|i:2;'),
    'mine',
    {},
  );
  expect(conflicts).toEqual([['a']]);
});

test.each(['php', 'php_binary', 'php_serialize'] as const)('the format %s', (format) => {
  const encode = (session: object) => encodeSession(session, { format });
  const { data } = merge(encode({ a: 1 }), encode({ a: 1, m: 2 }), encode({ a: 1, t: 3 }), 'error', { format });
  expect(Buffer.from(data)).toEqual(Buffer.from(encode({ a: 1, t: 3, m: 2 })));
});
