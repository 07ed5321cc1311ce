import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { PhpSessionError } from '../../src/errors.ts';
import { DeadlineExpired } from '../../src/stores/deadline.ts';
import {
  byNumber,
  classify,
  Failed,
  isAnswer,
  isBeforeCommit,
  isForeign,
  isFromServer,
  noteBeforeCommit,
  toSessionError,
} from '../../src/stores/mysql/errors.ts';

/** `[1205, 'locked'], // ER_LOCK_WAIT_TIMEOUT` in the source, comments in front included. */
const source = readFileSync('src/stores/mysql/errors.ts', 'utf8');
const names = new Map(
  [
    ...source.matchAll(/(?:\/\/ (ER_\w+)[^\n]*\n(?: {2}\/\/[^\n]*\n)* {2})?\[(\d+), '[a-z ]+'\],(?: \/\/ (ER_\w+))?/g),
  ].map(([, before, number, after]) => [Number(number), after ?? before]),
);

describe('the numbers of errors', () => {
  test('each has the name that it has in MySQL, as mysql2 lists them, or in MariaDB, as its program perror does', () => {
    const constants = readFileSync('node_modules/mysql2/lib/constants/errors.js', 'utf8');
    const mysql = new Map(
      [...constants.matchAll(/^exports\.(ER_\w+) = (\d+);/gm)].map(([, name, n]) => [Number(n), name]),
    );
    const mariadb = (number: number) => /\((ER_\w+)\)/.exec(execFileSync('perror', [String(number)]).toString())?.[1];
    expect([...names.keys()].sort()).toEqual([...byNumber.keys()].sort());
    const isOfClients = (number: number) => number >= 2000 && number < 3000; // neither of them lists those
    for (const [number, name] of names)
      if (!isOfClients(number)) expect([number, name]).toEqual([number, mysql.get(number) ?? mariadb(number)]);
  });

  test('only for the connection, and for the role of the server, the connection is given up', () => {
    for (const [errno, failure] of byNumber) {
      const given = { errno, sqlState: 'HY000' };
      expect(classify(given)).toBe(failure);
      expect([errno, isAnswer(given)]).toEqual([errno, failure !== 'lost' && failure !== 'read only']);
    }
  });
});

test.each<[string, unknown, string, boolean, string]>([
  // what has no number of the server
  ['refused', { code: 'ECONNREFUSED', errno: -111 }, 'away', false, 'ERR_SESSION_UNAVAILABLE'],
  ['unknown host', { code: 'ENOTFOUND', errno: -3008 }, 'away', false, 'ERR_SESSION_UNAVAILABLE'],
  ['no way there', { code: 'EHOSTUNREACH', errno: -113 }, 'away', false, 'ERR_SESSION_UNAVAILABLE'],
  ['no answer to the connection', { code: 'ETIMEDOUT' }, 'away', false, 'ERR_SESSION_UNAVAILABLE'],
  ['reset', { code: 'ECONNRESET', errno: -104 }, 'lost', false, 'ERR_SESSION_UNAVAILABLE'],
  ['written to a broken one', { code: 'EPIPE', errno: -32 }, 'lost', false, 'ERR_SESSION_UNAVAILABLE'],
  ['ended', { code: 'PROTOCOL_CONNECTION_LOST' }, 'lost', false, 'ERR_SESSION_UNAVAILABLE'],
  ['a stream that was destroyed', { code: 'ERR_STREAM_DESTROYED' }, 'lost', false, 'ERR_SESSION_UNAVAILABLE'],
  ['TLS that failed', { code: 'HANDSHAKE_SSL_ERROR' }, 'away', false, 'ERR_SESSION_UNAVAILABLE'],
  // a number that is not in the list
  [
    'wrong password',
    { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045, sqlState: '28000' },
    'away',
    true,
    'ERR_SESSION_UNAVAILABLE',
  ],
  [
    'lost, as a proxy reports',
    { code: 'UNKNOWN_CODE_PLEASE_REPORT', errno: 2013, sqlState: 'HY000' },
    'lost',
    false,
    'ERR_SESSION_UNAVAILABLE',
  ],
  [
    'table full',
    { code: 'ER_RECORD_FILE_FULL', errno: 1114, sqlState: 'HY000' },
    'away',
    true,
    'ERR_SESSION_UNAVAILABLE',
  ],
  ['a trigger, by a number of its own', { errno: 31337, sqlState: '45000' }, 'table', true, 'ERR_SESSION_TABLE'],
  ['a CHECK of MariaDB', { errno: 4025, sqlState: '23000' }, 'table', true, 'ERR_SESSION_TABLE'],
  ['a number that says nothing', { errno: 31337, sqlState: 'HY000' }, 'away', true, 'ERR_SESSION_UNAVAILABLE'],
  ['no right to the database', { errno: 1044, sqlState: '42000' }, 'away', true, 'ERR_SESSION_UNAVAILABLE'],
])('%s: what it means', (_, error, failure, answers, code) => {
  expect(classify(error)).toBe(failure);
  expect(isAnswer(error)).toBe(answers);
  expect(toSessionError(error)).toMatchObject({ name: 'PhpSessionError', code });
});

test('what the store itself finds wrong means what it says, whatever code and number the caller sees', () => {
  const error = new Failed('retry', 'x', { code: 'ECONNREFUSED', errno: 1062 });
  expect(classify(error)).toBe('retry');
  expect([isAnswer(error), isForeign(error)]).toEqual([false, false]);
  const seen = { code: 'ERR_SESSION_UNAVAILABLE', cause: { code: 'ECONNREFUSED', errno: 1062 } };
  expect(toSessionError(error)).toMatchObject(seen);
});

test.each<[string, unknown, boolean]>([
  ['an error of the server', { errno: 1040, sqlState: '08004' }, true],
  ['what was found by asking it', new Failed('read only', 'x', { errno: 1290 }), true],
  ['no answer', new Failed('away', 'x', { code: 'ETIMEDOUT' }), false],
  ['nothing listens', { code: 'ECONNREFUSED', errno: -111 }, false],
  ['nothing', undefined, false],
])('%s: whether a server has answered', (_, error, isAnswered) => {
  expect(isFromServer(error)).toBe(isAnswered);
});

test('an error of this package stays what it is', () => {
  const error = new PhpSessionError('ERR_SESSION_BUSY', 'x');
  expect(toSessionError(error)).toBe(error);
  expect(toSessionError(new DeadlineExpired(1))).toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
});

describe('what is not known to be of the database or the network goes to the caller as it is', () => {
  test.each<[string, unknown]>([
    ['a mistake of ours', new TypeError('x is not a function')],
    ['one that has a code of Node', Object.assign(new TypeError('x'), { code: 'ERR_STREAM_WRONG' })],
    ['a wrong argument', Object.assign(new RangeError('x'), { code: 'ERR_SOCKET_BAD_PORT' })],
    ['an error without anything', new Error("Can't add new command when connection is in closed state")],
    ['an unknown code', Object.assign(new Error('x'), { code: 'P2002' })],
    ['a module that is missing', Object.assign(new Error('x'), { code: 'MODULE_NOT_FOUND' })],
    ['something else', 'text'],
    ['nothing', undefined],
  ])('%s', (_, error) => {
    expect(classify(error)).toBe('foreign');
    expect(isForeign(error)).toBe(true);
    expect(isAnswer(error)).toBe(false);
    expect(toSessionError(error)).toBe(error);
  });

  test('but errors of ours are not foreign', () => {
    expect(isForeign(new PhpSessionError('ERR_SESSION_BUSY', 'x'))).toBe(false);
    expect(isForeign(new DeadlineExpired(1))).toBe(false);
    expect(isForeign({ code: 'ECONNRESET' })).toBe(false);
  });
});

describe('the message says where to look', () => {
  test.each<[string, object, RegExp]>([
    [
      'a wrong password',
      { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045, sqlState: '28000' },
      /user and password of the option "connection" \(ER_ACCESS_DENIED_ERROR\)$/,
    ],
    [
      'a database that is down',
      { code: 'ECONNREFUSED', errno: -111 },
      /host and port of the option "connection" \(ECONNREFUSED\)$/,
    ],
    ['an unknown host', { code: 'ENOTFOUND', errno: -3008 }, /host of the option "connection" \(ENOTFOUND\)$/],
    [
      'a missing database',
      { code: 'ER_BAD_DB_ERROR', errno: 1049, sqlState: '42000' },
      /database of the option "connection" \(ER_BAD_DB_ERROR\)$/,
    ],
    [
      'no right to the database',
      { code: 'ER_DBACCESS_DENIED_ERROR', errno: 1044, sqlState: '42000' },
      /user and database of the option "connection"/,
    ],
    ['a missing table', { code: 'ER_NO_SUCH_TABLE', errno: 1146, sqlState: '42S02' }, /the option "table" \(/],
    ['a missing column', { code: 'ER_BAD_FIELD_ERROR', errno: 1054, sqlState: '42S22' }, /the option "columns" \(/],
    [
      'another kind of name',
      { code: 'constructor', errno: 1, sqlState: 'HY000' },
      /the database cannot be used \(error 1\)$/,
    ],
  ])('%s', (_, error, message) => {
    expect(toSessionError(error).message).toMatch(message);
  });
});

test.each<[string, unknown, boolean]>([
  ['a trigger', { errno: 1644, sqlState: '45000' }, true],
  ['an unknown number', { errno: 31337, sqlState: 'HY000' }, true],
  ['a server that takes no writes', { errno: 1290, sqlState: 'HY000' }, true],
  ['the network', { code: 'ECONNRESET', errno: -104 }, false],
  ['no answer in time', new DeadlineExpired(1), false],
  ['a connection that was killed', { errno: 1927, sqlState: '70100' }, false],
  ['a proxy that lost its server', { errno: 2013, sqlState: 'HY000' }, false],
  ['a proxy that lost its server, in another way', { errno: 2003, sqlState: 'HY000' }, false],
])('before COMMIT, %s: whether that means that COMMIT was not run', (_, error, isKnown) => {
  noteBeforeCommit(error);
  expect(isBeforeCommit(error)).toBe(isKnown);
});
