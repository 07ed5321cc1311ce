import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Deadline } from '../../src/stores/deadline.ts';
import { Connection } from '../../src/stores/mysql/connection.ts';
import { isBeforeCommit } from '../../src/stores/mysql/errors.ts';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, withLease } from '../../src/testing/leases.ts';
import { storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// Rules of the table that refuse a write. UPDATE and COMMIT are then one text. The server does nothing after the
// statement that failed.

const table = 'store_triggers';
let witness: Witness;
let store: SessionStore;
let id = '';

beforeAll(async () => {
  witness = await Witness.connect();
});
beforeEach(async () => {
  await witness.table(table, createTableSql({ table }));
  store = storeOn(table, { lockTimeout: 4 });
  id = newId();
  await witness.query(`INSERT INTO ${table} VALUES (?, 'a|i:1;', 0)`, [id]);
});
afterEach(() => store.close());
afterAll(() => witness.end());

const refuse = (event: string, body: string) =>
  witness.query(`CREATE TRIGGER ${table}_${event} BEFORE ${event} ON ${table} FOR EACH ROW ${body}`);
const data = async () => (await witness.query(`SELECT CONVERT(data USING utf8mb4) d FROM ${table}`)).map(({ d }) => d);
const signal = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'";

/** Each way to change a row, and the event of the table that it is. */
const changes: Record<string, [event: 'INSERT' | 'UPDATE' | 'DELETE', change: () => Promise<unknown>]> = {
  'a new session is locked': ['INSERT', () => store.open(newId())],
  'a new session': [
    'UPDATE',
    () => withLease(store, newId(), (lease) => lease.commit({ data: utf8Bytes('b|i:1;') }), { fresh: true }),
  ],
  'an existing one': ['UPDATE', () => withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('a|i:2;') }))],
  'a large one': ['UPDATE', () => withLease(store, id, (lease) => lease.commit({ data: Buffer.alloc(40_000, 97) }))],
  'its time': ['UPDATE', () => withLease(store, id, (lease) => lease.commit({}))],
  'its time, without the lock': ['UPDATE', async () => (await store.read(id)).touch()],
  'a new id': [
    'UPDATE',
    () =>
      withLease(store, id, async (lease) => {
        await lease.rename(newId());
        await lease.commit({ data: utf8Bytes('a|i:2;') });
      }),
  ],
  'a new id alone': [
    'UPDATE',
    () =>
      withLease(store, id, async (lease) => {
        await lease.rename(newId());
        await lease.commit({});
      }),
  ],
  'a change without the lock': [
    'UPDATE',
    async () => {
      const lease = await (await store.read(id)).replace!(utf8Bytes('a|i:2;'));
      if (lease === 'written') throw new Error('it was written');
      try {
        await lease.commit({ data: utf8Bytes('a|i:2;') });
      } finally {
        await lease.release();
      }
    },
  ],
  'a logout': ['DELETE', () => withLease(store, id, (lease) => lease.destroy())],
  'old sessions': ['DELETE', () => store.gc(60)],
};
const cases = Object.entries(changes).map(([what, [event, change]]) => ({ what, event, change }));

test.each(cases)(
  'a trigger refuses $what: the table cannot be used, and nothing was changed',
  async ({ event, change }) => {
    await refuse(event, signal);
    await expect(change()).rejects.toMatchObject({
      code: 'ERR_SESSION_TABLE',
      cause: { errno: 1644, sqlState: '45000' },
    });
    expect(await data()).toEqual(['a|i:1;']);
  },
);

describe.each<[string, string, string]>([
  ['a state of its own', "SIGNAL SQLSTATE '45123'", 'ERR_SESSION_TABLE'],
  ['a number of its own', "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 31337", 'ERR_SESSION_TABLE'],
  [
    'a state and a number that say nothing',
    "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 31337",
    'ERR_SESSION_UNAVAILABLE',
  ],
  ['the number of a lock', "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1205", 'ERR_SESSION_LOCK_TIMEOUT'],
  ['the number of a passing failure', "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1317", 'ERR_SESSION_UNAVAILABLE'],
  ['the state of no data', "SIGNAL SQLSTATE '02TRG'", 'ERR_SESSION_TABLE'],
  ['a procedure that is missing', 'CALL nowhere.nothing()', 'ERR_SESSION_TABLE'],
  ['a table that is missing', 'INSERT INTO nowhere.nothing VALUES (1)', 'ERR_SESSION_TABLE'],
  ['the table itself', `DELETE FROM ${table}`, 'ERR_SESSION_TABLE'],
])('a trigger with %s', (_, body, code) => {
  test.each(cases.filter(({ what }) => ['a new session', 'an existing one', 'a logout'].includes(what)))(
    '$what',
    async ({ event, change }) => {
      await store.close();
      store = storeOn(table, { lockTimeout: 0.4 });
      await refuse(event, body);
      const error = await change().catch((reason: unknown) => reason);
      // COMMIT was not run, so the outcome is known; unless the timeout came while one of many tries was under way. If it came while the
      // lock was taken again, that is the error.
      const isTriedAgain = /1205|1317/.test(body);
      const codes = isTriedAgain ? [code, 'ERR_SESSION_UNAVAILABLE', 'ERR_SESSION_OUTCOME_UNKNOWN'] : [code];
      expect(codes).toContain((error as { code?: unknown }).code);
      expect(await data()).toEqual(['a|i:1;']);
    },
  );
});

describe('statements and COMMIT in one text', () => {
  let connection: Connection;
  beforeEach(async () => {
    const settings = readOptions({ connection: testServer(), table: `test.${table}` });
    connection = new Connection(settings.connections[0]!, settings, { autocommit: false });
    await connection.prepare(new Deadline(5_000));
  });
  afterEach(() => connection.destroy());

  const insert = (row: string) => `INSERT INTO test.${table} VALUES ('${row}', '', 0)`;
  const commit = (...statements: string[]) => connection.queryAndCommit(statements, new Deadline(5_000));
  const failed = (...statements: string[]) =>
    commit(...statements).then(
      () => {
        throw new Error('nothing failed');
      },
      (error: unknown) => error,
    );

  test('give what each reports', async () => {
    expect(await commit(insert('b'), insert('c'))).toMatchObject([{ affectedRows: 1 }, { affectedRows: 1 }, {}]);
    expect(await data()).toHaveLength(3);
  });

  test.each([
    ['the first', [signal, insert('b')]],
    ['the second', [insert('b'), signal]],
    ['the third', [insert('b'), insert('c'), 'DELETE FROM test.nowhere']],
  ])('%s fails: COMMIT was not run', async (_, statements) => {
    expect(isBeforeCommit(await failed(...statements))).toBe(true);
    connection.destroy();
    expect(await data()).toHaveLength(1);
  });

  test('COMMIT fails: its outcome is unknown', async () => {
    // The server cannot be made to fail at COMMIT, so the text has another statement in its place.
    expect(isBeforeCommit(await failed(`${insert('b')}; ${signal}`))).toBe(false);
  });

  test('the connection breaks: it is unknown whether COMMIT was run', async () => {
    const failing = failed(insert('b'));
    connection.destroy();
    expect(isBeforeCommit(await failing)).toBe(false);
  });
});
