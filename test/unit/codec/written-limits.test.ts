import { describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  type SessionFormatName,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { merge } from '../../../src/session/merge.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

// What is over a limit would be written, and then never be read again: each page of that visitor would be an error.

const formats: SessionFormatName[] = ['php', 'php_binary', 'php_serialize'];

describe.each(formats)('%s', (format) => {
  test('maxBytes: the last byte that is possible', () => {
    for (const write of [
      (size: number) => encodeSession({ v: 'x'.repeat(size) }, { format, maxBytes: 65_536 }),
      (size: number) => {
        const read = decodeSession(encodeSession({ n: 1 }, { format }), { format, maxBytes: 65_536 });
        delete read.n;
        read.v = 'x'.repeat(size);
        return encodeSession(read); // by the limits that it was read within
      },
    ]) {
      const most = 65_536 - write(10_000).length + 10_000;
      expect(decodeSession(write(most), { format, maxBytes: 65_536 }).v).toHaveLength(most);
      expect(failure(() => write(most + 1))).toMatchObject({
        code: 'ERR_PHP_LIMIT',
        message: expect.stringContaining('maxBytes, 65536,') as unknown,
      });
    }
  });

  test('maxElements: of a new session, of one that was changed, and of one that was not', () => {
    const write = (session: object) => encodeSession(session, { format, maxElements: 3 });
    expect(decodeSession(write({ a: [1, 2] }), { format, maxElements: 3 })).toEqual({ a: [1, 2] });
    expect(failure(() => write({ a: [1, 2, 3] })).message).toContain('maxElements, 3,');
    const read = decodeSession(encodeSession({ a: [1, 2, 3] }, { format }), { format });
    expect(failure(() => write(read)).message).toContain('maxElements, 3,');
    read.a = [1, 2];
    expect(latin1Text(write(read))).toBe(latin1Text(write({ a: [1, 2] })));
  });

  test('maxDepth, with the path; also of values that were not read', () => {
    const write = (session: object) => encodeSession(session, { format, maxDepth: 3 });
    const fits = format === 'php_serialize' ? { a: { b: [1] } } : { a: { b: [[1]] } };
    expect(decodeSession(write(fits), { format, maxDepth: 3 })).toEqual(fits);
    expect(failure(() => write({ a: { b: [[[1]]] } }))).toMatchObject({
      code: 'ERR_PHP_LIMIT',
      path: format === 'php_serialize' ? ['a', 'b', '0'] : ['a', 'b', '0', '0'],
    });
    const pad = 'x'.repeat(2000);
    const read = decodeSession(encodeSession({ a: [pad, [[[1]]]] }, { format }), { format });
    expect(failure(() => write(read)).message).toContain('maxDepth, 3,');
  });
});

test('what was not changed is written by the limits that it was read within', () => {
  const deep = `v|${'a:1:{i:0;'.repeat(5000)}N;${'}'.repeat(5000)}`;
  const many = `w|a:200:{${Array.from({ length: 200 }, (_, index) => `i:${index};N;`).join('')}}`;
  expect(
    latin1Text(encodeSession(decodeSession(latin1Bytes(deep + many), { maxDepth: 5000, maxElements: 203 + 5000 }))),
  ).toBe(deep + many);
});

test('a value by itself', () => {
  expect(failure(() => serialize('x'.repeat(100), { maxBytes: 100 })).message).toContain('maxBytes, 100,');
  expect(failure(() => serialize([[1]], { maxDepth: 1 }))).toMatchObject({ code: 'ERR_PHP_LIMIT', path: ['0'] });
  expect(failure(() => serialize([1, 2], { maxElements: 1 })).message).toContain('maxElements, 1,');
  const read = unserialize<unknown[]>(latin1Bytes('a:1:{i:0;i:1;}'), { maxElements: 1 });
  read.push(2);
  expect(failure(() => serialize(read)).code).toBe('ERR_PHP_LIMIT');
  expect(latin1Text(serialize(read, { maxElements: 2 }))).toBe('a:2:{i:0;i:1;i:1;i:2;}');
});

test('a limit that is no whole number means the same when it is written and when it is read', () => {
  const within = { maxDepth: 1.5 };
  expect(decodeSession(encodeSession({ a: [[1]] }, within), within)).toEqual({ a: [[1]] });
  const read = decodeSession(latin1Bytes('a|a:1:{i:0;a:1:{i:0;a:1:{i:0;i:1;}}}'));
  expect(failure(() => encodeSession(read, within)).code).toBe('ERR_PHP_LIMIT');
  const moved = decodeSession(latin1Bytes('a|a:1:{i:0;a:1:{i:0;i:1;}}b|i:1;'), { maxDepth: 2.5 });
  moved.a = [[moved.a]];
  expect(failure(() => encodeSession(moved)).code).toBe('ERR_PHP_LIMIT');
});

test('elements are counted however few bytes they take', () => {
  expect(failure(() => encodeSession({ '': null, a: null, b: null }, { maxElements: 2 })).message).toContain(
    'maxElements, 2,',
  );
  const format = 'php_binary';
  expect(failure(() => encodeSession({ '': null, a: null }, { format, maxElements: 1 })).code).toBe('ERR_PHP_LIMIT');
  expect(failure(() => serialize([null, null], { maxElements: 1 })).code).toBe('ERR_PHP_LIMIT');
});

describe('a merge of two sessions that are within the limits', () => {
  const made = (session: object) => encodeSession(session);

  test('and together are not', () => {
    const within = { maxBytes: 60 };
    const mine = made({ a: 'x'.repeat(30) });
    const theirs = made({ b: 'x'.repeat(30) });
    expect(failure(() => merge(made({}), mine, theirs, 'mine', within)).code).toBe('ERR_PHP_LIMIT');
    expect(merge(made({}), mine, theirs, 'mine', { maxBytes: 100 }).data).toHaveLength(80);
  });

  test('that are wider than the defaults: parts of it are compared within them', () => {
    let deep: unknown = 1;
    for (let levels = 5000; levels > 0; levels--) deep = [deep];
    const within = { maxDepth: 5000 };
    const mine = encodeSession({ a: deep }, within);
    const rule = () => 'asked';
    expect(latin1Text(merge(made({ a: 1 }), mine, made({ a: 2 }), rule, within).data)).toBe('a|s:5:"asked";');
  });
});
