import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { encodeSession, PhpArray, PhpObject, PhpSessionError, serialize } from '../../src/codec/index.ts';
import { failure } from './codec/helpers.ts';

describe('what is printed of an error', () => {
  test('has the code, in the stack, as text, and in what inspect() makes of it, as with the errors of Node', () => {
    const error = new PhpSessionError('ERR_SESSION_BUSY', 'too many');
    const text = 'PhpSessionError [ERR_SESSION_BUSY]: too many';
    expect(error.stack).toMatch(/^PhpSessionError \[ERR_SESSION_BUSY\]: too many\n {4}at /);
    expect(String(error)).toBe(text);
    expect(inspect(error)).toContain(text);
    expect(`${error.stack}`.split('ERR_SESSION_BUSY')).toHaveLength(2);
    expect(error.name).toBe('PhpSessionError');
    expect(error.message).toBe('too many');
    expect(Object.keys(error)).toEqual(['code']);
  });

  test.each<[string, unknown, string]>([
    ["the driver's code", { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 }, ' (ER_ACCESS_DENIED_ERROR)'],
    ['that of the network', { code: 'ECONNREFUSED', errno: -111 }, ' (ECONNREFUSED)'],
    [
      'a number that the driver has no name for',
      { code: 'UNKNOWN_CODE_PLEASE_REPORT', errno: 31337 },
      ' (error 31337)',
    ],
    ['a number alone', { errno: 1290 }, ' (error 1290)'],
    [
      'the cause of an error of ours',
      new PhpSessionError('ERR_SESSION_BUSY', 'x', { cause: { code: 'EPIPE' } }),
      ' (EPIPE)',
    ],
    ['an error of ours without a cause', new PhpSessionError('ERR_SESSION_BUSY', 'x'), ' (ERR_SESSION_BUSY)'],
    ['what is no name', { code: 'of an application: secret' }, ''],
    ['nothing', {}, ''],
  ])('ends in %s', (_, cause, end) => {
    expect(new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'text', { cause }).message).toBe(`text${end}`);
  });
});

describe('where a value stands that cannot be written', () => {
  const bad = () => undefined;
  const user = new PhpObject('User', [
    ['id', 1],
    ['secret', bad],
  ]);
  const deep = Array.from({ length: 20 }).reduce<unknown>((value) => ({ secret: value }), bad);

  test.each<[string, object, string]>([
    ['a variable', { a: 1, secret: bad }, '2nd variable'],
    ['in a map', { a: 1, b: 2, secret: { x: 1, secret: bad } }, '3rd variable > 2nd entry'],
    ['in a list', { secret: [1, 2, 3, bad] }, '1st variable > 4th element'],
    ['in an object', { secret: { list: [user] } }, '1st variable > 1st entry > 1st element > 2nd property'],
    ['in a PhpArray', { secret: new PhpArray([[7, bad]]) }, '1st variable > 1st entry'],
    ['in a PhpArray as session', new PhpArray([['secret', bad]]), '1st variable'],
    ['the 11th', { secret: [...Array(10).fill(0), bad] }, '1st variable > 11th element'],
    ['the 22nd', { secret: [...Array(21).fill(0), bad] }, '1st variable > 22nd element'],
    ['the 112th', { secret: [...Array(111).fill(0), bad] }, '1st variable > 112th element'],
    [
      'very deep',
      { secret: deep },
      '1st variable > 1st entry > 1st entry > 1st entry > 13 more levels > 1st entry > 1st entry > 1st entry > 1st entry',
    ],
    ['a key of the session', { a: 1, 'secret|': 1 }, '2nd variable'],
  ])('%s', (_, session, place) => {
    const error = failure(() => encodeSession(session, { classes: ['User'] }));
    expect(error.message.endsWith(`nothing was written (at: ${place})`)).toBe(true);
    expect(error.message).not.toContain('secret');
    expect(error.path?.join()).toContain('secret');
  });

  test('a value by itself has none', () => {
    expect(failure(() => serialize(bad)).message).toMatch(/nothing was written$/);
    expect(failure(() => serialize([bad])).message).toMatch(/nothing was written \(at: 1st element\)$/);
  });

  test('one of two places of a reference', () => {
    expect(
      failure(() => encodeSession({ secret: [1, { secret: Symbol() }] }, { format: 'php_serialize' })).message,
    ).toMatch(/\(at: 1st variable > 2nd element > 1st entry\)$/);
  });
});
