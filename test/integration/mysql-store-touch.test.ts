import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import type { SessionLease } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { Relay } from './mysql-relay.ts';
import { asInAnotherProcess, onNdb, sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
});

afterAll(async () => {
  await witness.end();
});

const touch = (lease: SessionLease) => lease.commit({});

describe.each(['INT UNSIGNED', 'INT', 'BIGINT UNSIGNED', 'TIMESTAMP NULL', 'DATETIME', 'DATETIME(6)'])(
  'touches of a time column %s',
  (type) => {
    const table = `store_touch_${type.replace(/\W/g, '_').toLowerCase()}`;
    const isDate = /TIME/.test(type);
    const now = isDate ? 'UTC_TIMESTAMP(6)' : 'UNIX_TIMESTAMP()';

    beforeAll(async () => {
      await witness.query("SET time_zone = '+00:00'");
      await witness.table(table, `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data BLOB, usetime ${type})`);
    });

    /** Makes a session whose time is so many seconds back, and gives what the time is after `use`. */
    async function afterwards(age: number | null, use: (lease: SessionLease) => Promise<unknown>, touchInterval = 60) {
      const [store, id] = [storeOn(table, { touchInterval }), newId()];
      const then = isDate ? `${now} - INTERVAL ? SECOND` : `${now} - CAST(? AS SIGNED)`;
      await witness.query(`INSERT INTO ${table} VALUES (?, 'x', ${then})`, [id, age]);
      const result = await withLease(store, id, use);
      const seconds = isDate ? `TIMESTAMPDIFF(SECOND, usetime, ${now})` : `${now} - CAST(usetime AS SIGNED)`;
      const [row] = await witness.query(`SELECT ${seconds} AS age, data FROM ${table} WHERE id = ?`, [id]);
      await store.close();
      const isNow = row!.age !== null && Math.abs(Number(row!.age)) < 20;
      return { result, isNow };
    }

    test.each<[string, number | null]>([
      ['longer ago than the interval', 61],
      ['very long ago', 1_000_000],
      ['in the future', -3_600],
      ['unknown', null],
    ])('%s: touched', async (_, age) => {
      expect(await afterwards(age, touch)).toEqual({ result: 'touched', isNow: true });
    });

    test.each([
      ['within the interval', 25],
      ['within the interval, by a clock that is ahead', -25],
    ])('%s: left alone', async (_, age) => {
      expect(await afterwards(age, touch)).toEqual({ result: 'touched', isNow: false });
    });

    test('each time, if the interval is 0', async () => {
      expect(await afterwards(25, touch, 0)).toEqual({ result: 'touched', isNow: true });
    });

    test('with a change, each time', async () => {
      const change = (lease: SessionLease) => lease.commit({ data: utf8Bytes('y') });
      expect(await afterwards(25, change)).toEqual({ result: 'written', isNow: true });
    });

    test('with a new id, each time', async () => {
      const [store, id, next] = [storeOn(table, { touchInterval: 60 }), newId(), newId()];
      await writeText(store, id, 'x');
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        expect(await touch(lease)).toBe('touched');
      });
      expect([await read(store, id), await read(store, next)]).toEqual(['', 'x']);
      await store.close();
    });
  },
);

describe('touches', () => {
  const table = 'store_touch_int_unsigned';

  test('the time that a request takes counts', async () => {
    const [store, id] = [storeOn(table, { touchInterval: 2 }), newId()];
    await witness.query(`INSERT INTO ${table} VALUES (?, 'x', UNIX_TIMESTAMP() - 1)`, [id]);
    const [before] = await witness.query(`SELECT usetime FROM ${table} WHERE id = ?`, [id]);
    await withLease(store, id, async (lease) => {
      await sleep(1_500);
      await touch(lease);
    });
    const [after] = await witness.query(`SELECT usetime FROM ${table} WHERE id = ?`, [id]);
    expect(Number(after!.usetime)).toBeGreaterThan(Number(before!.usetime));
    await store.close();
  });

  test('a new session that stays empty exists afterwards', async () => {
    const [store, id] = [storeOn(table, { touchInterval: 60 }), newId()];
    expect(await withLease(store, id, touch)).toBe('touched');
    expect(await witness.query(`SELECT id FROM ${table} WHERE id = ?`, [id])).toHaveLength(1);
    await store.close();
  });

  test('an unchanged session that is young takes two statements, SELECT and COMMIT, and frees the lock', async () => {
    const relay = await Relay.start(testServer());
    const connection = { ...testServer(), port: relay.port, database: 'test' };
    const store = storeOn(table, { connection, touchInterval: 60, connectionLimit: 1 });
    const other = asInAnotherProcess(() => storeOn(table, { lockTimeout: 1 }));
    const id = newId();
    await writeText(store, id, 'x');
    await withLease(store, id, touch); // now every statement is prepared
    expect(await relay.count(() => withLease(store, id, touch))).toBe(2);
    expect(relay.said).toHaveLength(2);
    expect(await writeText(other, id, 'y')).toBe('written');
    await Promise.all([store.close(), other.close()]);
    await relay.stop();
  });
});

test('while another request has the lock, one of the touches waits for it, and the others take no connection', async () => {
  const [table, requests] = ['store_touch_polls', 9];
  // In a column of NDB that is read without waiting for the lock.
  await witness.table(table, createTableSql({ table, ...(onNdb && { engine: 'NDBCLUSTER' }) }));
  const store = storeOn(table, { connectionLimit: 3 });
  const slow = newId();
  await writeText(store, slow, 'x');
  const waiting = async () => {
    const processes = await witness.query('SHOW FULL PROCESSLIST');
    return processes.filter(({ Info }) => String(Info).startsWith('UPDATE') && String(Info).includes(table)).length;
  };
  await withLease(store, slow, async () => {
    const polls = await Promise.all(Array.from({ length: requests }, () => store.read(slow)));
    let most = 0;
    let isDone = false;
    const touched = Promise.all(polls.map((poll) => poll.touch())).finally(() => {
      isDone = true;
    });
    while (!isDone) most = Math.max(most, await waiting());
    expect(most).toBe(1);
    expect(await touched).toEqual(Array(requests).fill('touched'));
  });
  await store.close();
});
