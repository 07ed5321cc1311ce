import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { Failover } from '../../src/stores/mysql/failover.ts';
import { electGcLeader } from '../../src/stores/mysql/gc-leader.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';
import { ConnectionPool } from '../../src/stores/mysql/pool.ts';
import { Rows } from '../../src/stores/mysql/rows.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { engineUnderTest, makeTable, onEngine, ownTable, storeOfNextProcess } from './engine.ts';

const engine = engineUnderTest();
const table = ownTable(engine, 'expiry');
const name = `${engine.name}: `;

beforeEach(() => makeTable(engine, table));

const insert = async (ids: string[], age: number) => {
  const rows = ids.map((id) => `('${id}', 'x', UNIX_TIMESTAMP() - ${age})`);
  await onEngine(engine, `INSERT INTO ${table.name} VALUES ${rows.join(', ')}`);
};
const numbered = (word: string, count: number) => Array.from({ length: count }, (_, i) => `${word}${i}`);
const ids = async () =>
  (await onEngine(engine, `SELECT id FROM ${table.name} ORDER BY id`)).map(({ id }) => String(id));

describe(`${name}gc()`, () => {
  const stores: SessionStore[] = [];
  let holder: Connection | undefined;
  const store = () => {
    const made = storeOfNextProcess(engine, table, { touchInterval: 0 });
    stores.push(made);
    return made;
  };
  /** Locks rows on the first server. */
  const hold = async (...held: string[]) => {
    holder = await createConnection(engine.endpoints[0]!);
    await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await holder.query('BEGIN');
    await holder.query(`SELECT id FROM ${table.name} WHERE id IN (?) FOR UPDATE`, [held]);
  };

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((one) => one.close()));
    await holder?.end();
    holder = undefined;
  });

  test('by two processes at once, beside sessions that are in use', async () => {
    await insert(numbered('old', 1_000), 5_000);
    await insert(numbered('young', 200), 1_000);
    await hold('old5', 'old500', 'young7', 'young70');
    const collected = await Promise.all([store().gc(1_440), store().gc(1_440)]);
    expect(collected[0] + collected[1]).toBe(998);
    const left = await ids();
    expect(left.filter((id) => id.startsWith('old'))).toEqual(['old5', 'old500']);
    expect(left).toHaveLength(202);
    await holder!.query('ROLLBACK');
    expect(await store().gc(1_440)).toBe(2);
  });

  test('a session that is used while it is collected stays', async () => {
    await insert(['a', 'b', 'c'], 5_000);
    const one = store();
    const lease = await one.open('b');
    const collected = one.gc(1_440);
    await lease.commit({});
    await lease.release();
    expect(await collected).toBe(2);
    expect(await ids()).toEqual(['b']);
  });
});

test(`${name}one of 6 processes has the turn to collect, once in an interval`, async () => {
  const turns = async () => {
    const mine = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const connection = engine.endpoints[i % engine.endpoints.length]!;
        const settings = readOptions({ connection, table: table.name, gcMaxlifetime: 86_400, gcInterval: 600 });
        const pool = new ConnectionPool(settings, new Failover(settings), { autocommit: true, limit: 1 });
        const won = await electGcLeader(pool, new Rows(settings, pool, pool), 10_000);
        await pool.close();
        return won;
      }),
    );
    return mine.filter(Boolean).length;
  };
  const later = (seconds: number) => onEngine(engine, `UPDATE ${table.name} SET usetime = usetime - ${seconds}`);
  expect(await turns()).toBe(1);
  expect(await turns()).toBe(0);
  await later(700);
  expect(await turns()).toBe(1);
  expect(await turns()).toBe(0);
  expect(await ids()).toEqual(['<collector>']);
});

test(`${name}8 processes that find the same expired session lose nothing`, async () => {
  await insert(['expired'], 5);
  const stores = Array.from({ length: 8 }, () => storeOfNextProcess(engine, table, { timeMeaning: 'expiresAt' }));
  const numbers = await Promise.all(
    stores.map(async (store) => {
      const lease = await store.open('expired');
      const number = Number(lease.data === undefined ? 0 : Buffer.from(lease.data).toString()) + 1;
      expect(await lease.commit({ data: Buffer.from(`${number}`) })).toBe('written');
      await lease.release();
      return number;
    }),
  );
  expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await Promise.all(stores.map((store) => store.close()));
});
