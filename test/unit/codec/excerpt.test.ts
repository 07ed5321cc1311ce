import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { decodeSession, unserialize } from '../../../src/codec/index.ts';
import { latin1Bytes } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

const data = `user|s:6:"secret";n|i:1;b|s:500:"abc";c|a:1:{i:0;s:30:"${'x'.repeat(30)}";}`;
const excerpt = '...|s:6:"secret";n|i:1;b|s: <here> 500:"abc";c|a:1:{i:0;s:3...';

describe('excerpts: the bytes that an error is about', () => {
  test('are there if a developer asks for them, and are not enumerable', () => {
    const error = failure(() => decodeSession(latin1Bytes(data), { excerpts: true }));
    expect([error.code, error.offset, error.excerpt]).toEqual(['ERR_PHP_SYNTAX', 28, excerpt]);
    expect(error.message).toBe(`${failure(() => decodeSession(latin1Bytes(data))).message}: ${error.excerpt}`);
    expect(Object.keys(error).sort()).toEqual(['code', 'offset']);
    expect(JSON.stringify(error)).not.toContain('abc');
  });

  test.each([{}, { excerpts: false }])('are not there else: %j', (options) => {
    const error = failure(() => decodeSession(latin1Bytes(data), options));
    expect(error.offset).toBe(28);
    expect(error).not.toHaveProperty('excerpt');
    for (const shown of [error.message, error.stack, inspect(error, { showHidden: true })]) {
      expect(shown).not.toMatch(/secret|abc|user/);
    }
  });

  test('have \\xff for what is no printable ASCII, and for the backslash itself', () => {
    const error = failure(() => decodeSession(latin1Bytes('a|s:1:"\0\xe9\\\n";'), { excerpts: true }));
    expect(error.excerpt).toBe('a|s:1:"\\x00 <here> \\xe9\\x5c\\x0a";');
  });

  test.each([
    ['a value', () => unserialize(latin1Bytes('i:1;x'), { excerpts: true }), 'i:1; <here> x'],
    ['the end', () => unserialize(latin1Bytes('a:1:{i:0;'), { excerpts: true }), 'a:1:{i:0; <here> '],
    ['the start', () => decodeSession(latin1Bytes('x'), { excerpts: true }), ' <here> x'],
    [
      'a limit',
      () => unserialize(latin1Bytes('a:1:{i:0;a:1:{i:0;N;}}'), { maxDepth: 1, excerpts: true }),
      'a:1:{i:0; <here> a:1:{i:0;N;}}',
    ],
    ['a reference', () => decodeSession(latin1Bytes('a|R:5;'), { view: 'exact', excerpts: true }), 'a| <here> R:5;'],
  ])('%s', (_name, read, shown) => {
    expect(failure(read).excerpt).toBe(shown);
  });
});
