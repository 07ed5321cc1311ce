import { once } from 'node:events';
import { type AddressInfo, createServer, connect as tcpConnect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, withLease } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { numbersTo } from '../helpers/numbers.ts';
import { asInAnotherProcess, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_collect';
/** A server of its own, so that no other test changes its counters. */
let server: Awaited<ReturnType<typeof startMariadb>>;
let witness: Witness;

beforeAll(async () => {
  server = await startMariadb();
  witness = await Witness.connect(server);
}, 60_000);

afterAll(async () => {
  await witness?.end();
  await server?.stop();
});

const storeAt = (options: Partial<MysqlStoreOptions> = {}, port = server.port): SessionStore => {
  const { host, user, password } = server;
  return storeOn(table, { connection: { host, port, user, password, database: 'test' }, ...options });
};

/** Rows `name1` to `nameN`, last used so many seconds ago. */
const insert = (name: string, count: number, age: number) =>
  witness.query(
    `INSERT INTO ${table} (id, data, usetime)
       SELECT CONCAT(?, seq), REPEAT('x', 200), UNIX_TIMESTAMP() - ? FROM ${numbersTo(count)}`,
    [name, age],
  );
const idsIn = async () => (await witness.query(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => String(id));
const count = async () => Number((await witness.query(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n);
const lockWaits = async () => {
  const [row] = await witness.query("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'");
  return Number(row!.Value);
};

test('gc() when the index over the id has got another name', async () => {
  await witness.table(table, createTableSql({ table }));
  const store = storeAt();
  expect(await store.gc(1_440)).toBe(0);
  await witness.query(`ALTER TABLE ${table} DROP PRIMARY KEY, ADD UNIQUE KEY another (id)`);
  await insert('old', 10, 5_000);
  expect(await store.gc(1_440)).toBe(10);
  await store.close();
});

describe.each([
  ['with an index on the time', createTableSql({ table }), 50_000],
  ['without one', `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TEXT, usetime INT UNSIGNED)`, 10_000],
])('gc() on a table %s', (_, create, rows) => {
  beforeEach(() => witness.table(table, create));

  test('many rows: requests go on in between, and none waits for a lock', async () => {
    await insert('old', rows, 5_000);
    await insert('young', 1_000, 1_000);
    await insert('live', 10, 1_000);
    // Old sessions that requests have opened since, and some that are in use anyway.
    const holder = await Witness.connect(server);
    await holder.query(
      `BEGIN; SELECT id FROM ${table} WHERE id IN ('old1', 'old777', 'old9999', 'young5', 'young500') FOR UPDATE`,
    );
    const before = await lockWaits();
    const store = storeAt({ connectionLimit: 1 });
    let isRunning = true;
    const collected = store.gc(1_440).finally(() => {
      isRunning = false;
    });
    let served = 0;
    for (; isRunning; served++) {
      await withLease(store, `live${(served % 10) + 1}`, (lease) => lease.commit({ data: utf8Bytes(`${served}`) }));
    }
    expect(await collected).toBe(rows - 3);
    const left = await idsIn();
    expect(left.filter((id) => id.startsWith('old'))).toEqual(['old1', 'old777', 'old9999']);
    expect(left).toHaveLength(1_013);
    // There is one connection. Without pauses, one request had its turn after each hundred rows.
    expect(served).toBeGreaterThan((3 * rows) / 100);
    expect((await lockWaits()) - before).toBe(0);
    await holder.query('ROLLBACK');
    expect(await store.gc(1_440)).toBe(3);
    await Promise.all([store.close(), holder.end()]);
  }, 180_000);

  test('two at once share the work', async () => {
    await insert('old', 7_000, 5_000);
    await insert('young', 100, 1_000);
    const stores = [storeAt(), asInAnotherProcess(storeAt)];
    const [one, other] = await Promise.all(stores.map((store) => store.gc(1_440)));
    expect(one! + other!).toBe(7_000);
    expect(await count()).toBe(100);
    await Promise.all(stores.map((store) => store.close()));
  }, 60_000);

  test('a session that is used after it was found to be old stays', async () => {
    await insert('old', 10, 5_000);
    const store = storeAt({ connectionLimit: 1 });
    await store.gc(1_000_000); // now the table is known, so the search for old rows is the first statement
    const collected = store.gc(1_440);
    // Waits for the only connection, and gets it before the deletion, which has to get it again.
    const lease = await store.open('old3');
    expect(await count()).toBe(10);
    await lease.commit({});
    await lease.release();
    expect(await collected).toBe(9);
    expect(await idsIn()).toEqual(['old3']);
    await store.close();
  });

  test('a server that does not know SKIP LOCKED', async () => {
    await insert('old', 250, 5_000);
    const relay = await startOlderServer(server.port);
    const store = storeAt({}, relay.port);
    const holder = await Witness.connect(server);
    await holder.query(`BEGIN; SELECT id FROM ${table} WHERE id = 'old7' FOR UPDATE`);
    expect(await store.gc(1_440)).toBe(249);
    expect(await idsIn()).toEqual(['old7']);
    expect(relay.changed).toBeGreaterThan(0);
    await Promise.all([store.close(), holder.end()]);
    relay.stop();
  });

  test('close() ends it', async () => {
    await insert('old', rows, 5_000);
    const store = storeAt();
    const collected = store.gc(1_440);
    while ((await count()) === rows);
    await store.close();
    const deleted = await collected;
    expect(deleted).toBeLessThan(rows);
    expect(await count()).toBe(rows - deleted);
  });
});

test('a key over the id that is not the primary one', async () => {
  await witness.table(
    table,
    `CREATE TABLE ${table} (n INT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(128) NOT NULL, data TEXT, usetime BIGINT,
       UNIQUE \`the \`\`id\`\`\` (id))`,
  );
  await insert('old', 150, 5_000);
  await insert('young', 1, 1_000);
  await witness.query(`INSERT INTO ${table} (id, data) VALUES ('timeless', 'x')`);
  const store = storeAt();
  expect(await store.gc(1_440)).toBe(150);
  expect(await idsIn()).toEqual(['timeless', 'young1']);
  await store.close();
});

test('a lifetime longer than the time since 1970, and an id in use in the same table', async () => {
  await witness.table(table, createTableSql({ table }));
  await insert('old', 5, 5_000);
  const store = storeAt();
  expect(await store.gc(2 ** 31)).toBe(0);
  const id = newId();
  const lease = await store.open(id); // a placeholder, which no other transaction sees
  expect(await store.gc(0)).toBe(5);
  await lease.commit({ data: utf8Bytes('x') });
  expect(await idsIn()).toEqual([id]);
  await store.close();
});

/** A relay before the database that spoils the words SKIP LOCKED, so that the server cannot understand them. */
async function startOlderServer(target: number) {
  const relay = createServer((client) => {
    const upstream = tcpConnect(target, '127.0.0.1');
    client.on('data', (chunk) => {
      const at = chunk.indexOf('SKIP LOCKED');
      if (at >= 0) result.changed++;
      upstream.write(
        at < 0 ? chunk : Buffer.concat([chunk.subarray(0, at), Buffer.from('SKAP LOCKED'), chunk.subarray(at + 11)]),
      );
    });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const result = { port: (relay.address() as AddressInfo).port, changed: 0, stop: () => relay.close() };
  return result;
}
