import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool } from 'mysql2';
import { createPool as createPromisePool } from 'mysql2/promise';
import { createTableSql, mysqlStore } from '../../src/stores/mysql/index.ts';
import { storeContract } from '../../src/testing/index.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import {
  articleTable,
  asInAnotherProcess,
  onNdb,
  sleep,
  storeOn,
  testServer,
  utf8Bytes,
  Witness,
} from './mysql-store-helpers.ts';

const tables = ['store_own', 'store_article'] as const;
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table('store_own', createTableSql({ table: 'store_own' }));
  await witness.table('store_article', articleTable('store_article'));
});

afterAll(async () => {
  await witness.end();
});

for (const table of tables) {
  const makeOld = async (id: string, seconds: number) => {
    const time = table === 'store_own' ? 'UNIX_TIMESTAMP() - ?' : 'CURRENT_TIMESTAMP - INTERVAL ? SECOND';
    await witness.query(`UPDATE ${table} SET usetime = ${time} WHERE id = ?`, [seconds, id]);
  };

  storeContract({ describe, test }, `MySQL store on ${table}`, {
    make: (options) => storeOn(table, options),
    makeOld,
    readsMayWait: onNdb,
  });

  describe(table, () => {
    const exists = async (id: string) =>
      (await witness.query(`SELECT id FROM ${table} WHERE id = ?`, [id])).length === 1;
    const age = async (id: string) => {
      const seconds = table === 'store_own' ? 'usetime' : 'UNIX_TIMESTAMP(usetime)';
      const [row] = await witness.query(`SELECT UNIX_TIMESTAMP() - ${seconds} AS age FROM ${table} WHERE id = ?`, [id]);
      return Number(row?.age);
    };

    test('8 first requests of one new id lose nothing, over stores that do not share a queue', async () => {
      const stores = Array.from({ length: 8 }, () => asInAnotherProcess(() => storeOn(table)));
      const id = newId();
      await Promise.all(
        stores.map((store) =>
          withLease(store, id, async (lease) => {
            const before = Number(lease.data === undefined ? 0 : new TextDecoder().decode(lease.data));
            await sleep(5);
            await lease.commit({ data: utf8Bytes(String(before + 1)) });
          }),
        ),
      );
      expect(await read(stores[0]!, id)).toBe('8');
      await Promise.all(stores.map((store) => store.close()));
    });

    test('the placeholder of a first request is invisible, and goes with it', async () => {
      const [store, id] = [storeOn(table), newId()];
      const lease = await store.open(id);
      expect(await exists(id)).toBe(false);
      await lease.release();
      expect(await exists(id)).toBe(false);
      await store.close();
    });

    test('each write and touch sets the time by the clock of the database', async () => {
      const [store, id] = [storeOn(table), newId()];
      await writeText(store, id, 'x');
      expect(await age(id)).toBeLessThan(60);
      for (const change of [{}, { data: utf8Bytes('x') }]) {
        await makeOld(id, 3_600);
        expect(await age(id)).toBeGreaterThanOrEqual(3_600);
        await withLease(store, id, (lease) => lease.commit(change));
        expect(await age(id)).toBeLessThan(60);
      }
      await store.close();
    });

    test('gc() deletes what is older, in batches, and nothing else', async () => {
      const [store, fresh, used] = [storeOn(table), newId(), newId()];
      const old = Array.from({ length: 250 }, newId);
      await witness.query(`DELETE FROM ${table}; INSERT INTO ${table} (id, data, usetime) VALUES ?`, [
        [...old, fresh, used].map((id) => [id, 'x', table === 'store_own' ? 0 : null]),
      ]);
      for (const id of [...old, used]) await makeOld(id, 2_000);
      await makeOld(fresh, 1_000);
      // In use, and touched while gc() waits for it: not old any more.
      const lease = await store.open(used);
      const collected = store.gc(1_440);
      await sleep(300);
      await lease.commit({});
      await lease.release();
      expect(await collected).toBe(250);
      expect(await store.gc(1_440)).toBe(0);
      expect(await exists(fresh)).toBe(true);
      expect(await exists(used)).toBe(true);
      await store.close();
    });

    test('a row that was deleted under the lock is not revived', async () => {
      const [store, id] = [storeOn(table), newId()];
      await writeText(store, id, 'logged in');
      const lease = await store.open(id);
      const logout = witness.query(`DELETE FROM ${table} WHERE id = ?`, [id]); // waits for the lock
      await lease.commit({ data: utf8Bytes('still logged in') });
      await lease.release();
      await logout;
      expect(await withLease(store, id, (l) => l.commit({ data: utf8Bytes('x') }), { create: false })).toBe('gone');
      expect(await exists(id)).toBe(false);
      await store.close();
    });

    test('too large: refused before it is sent, the row stays as it was', async () => {
      const [store, id] = [storeOn(table, { lockTimeout: 3 }), newId()];
      await writeText(store, id, 'small');
      const limit = table === 'store_own' ? 2 ** 24 - 1 : 65_535;
      await withLease(store, id, async (lease) => {
        const data = new Uint8Array(limit + 1).fill(97);
        await expect(lease.commit({ data })).rejects.toMatchObject({
          code: 'ERR_SESSION_TOO_LARGE',
          message: expect.stringContaining(`${limit + 1} bytes`), // the server would only say that it does not fit
        });
      });
      expect(await read(store, id)).toBe('small');
      if (table === 'store_article') {
        await withLease(store, id, (lease) => lease.commit({ data: new Uint8Array(limit).fill(97) }));
        expect((await read(store, id))?.length).toBe(limit);
      }
      await store.close();
    });

    test('an id that does not fit into the column is not cut', async () => {
      const [store, limit] = [storeOn(table), table === 'store_own' ? 128 : 32];
      const fits = newId().padEnd(limit, 'x');
      expect(await writeText(store, fits, 'x')).toBe('written');
      expect(await writeText(store, `${fits}y`, 'y')).toBe('gone');
      await withLease(store, fits, async (lease) => {
        await expect(lease.rename(`${fits}y`)).rejects.toMatchObject({ code: 'ERR_SESSION_ID' });
      });
      expect(await read(store, fits)).toBe('x');
      await store.close();
    });
  });
}

test('an id that only the collation takes for another one', async () => {
  const [store, id] = [storeOn('store_article'), newId().toLowerCase()];
  await writeText(store, id, 'of the one');
  // Once here, the collation would find the row by either spelling.
  expect(await witness.query('SELECT id FROM store_article WHERE id = ?', [id.toUpperCase()])).toHaveLength(1);
  await withLease(store, id.toUpperCase(), async (lease) => {
    expect([lease.data, lease.writable]).toEqual([undefined, false]);
    expect(await lease.commit({ data: utf8Bytes('of the other') })).toBe('gone');
    await lease.destroy();
  });
  // Nor did it keep the lock.
  expect(await read(store, id)).toBe('of the one');
  const own = storeOn('store_own');
  await writeText(own, id, 'lower');
  await writeText(own, id.toUpperCase(), 'upper');
  expect([await read(own, id), await read(own, id.toUpperCase())]).toEqual(['lower', 'upper']);
  await Promise.all([store.close(), own.close()]);
});

test('every byte comes back from a BLOB', async () => {
  const [store, id] = [storeOn('store_own'), newId()];
  const data = Uint8Array.from({ length: 1024 }, (_, i) => (i < 256 ? i : i * 7));
  await withLease(store, id, (lease) => lease.commit({ data }));
  await withLease(store, id, async (lease) => expect(Buffer.from(lease.data!)).toEqual(Buffer.from(data)));
  await store.close();
});

test('the rows of the article: NULL times and NULL data', async () => {
  const [store, id] = [storeOn('store_article'), newId()];
  await witness.query('INSERT INTO store_article (id) VALUES (?)', [id]);
  await withLease(store, id, async (lease) => {
    expect(lease.data).toHaveLength(0);
    expect(await lease.commit({ data: utf8Bytes('a|i:1;') })).toBe('written');
  });
  const [row] = await witness.query('SELECT data, usetime FROM store_article WHERE id = ?', [id]);
  expect(row).toMatchObject({ data: 'a|i:1;', usetime: expect.any(Date) });
  await store.close();
});

test('names of table and columns are free, and "db.table" works without a database of the connection', async () => {
  const columns = { id: 'sid', data: 'odd-name', time: 'käse' };
  await witness.table('`store-names`', createTableSql({ table: 'test.store-names', columns }));
  const store = mysqlStore({ connection: testServer(), table: 'test.store-names', columns });
  const id = newId();
  await writeText(store, id, 'x');
  expect(await read(store, id)).toBe('x');
  await store.close();
});

describe('where the database is', () => {
  const { host, port, user, password } = testServer();
  const config = { host, port, user, password, database: 'test' };

  test('a URI', async () => {
    const store = storeOn('store_own', {
      connection: `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/test?rowsAsArray=false&multipleStatements=true`,
    });
    expect(await writeText(store, newId(), 'x')).toBe('written');
    await store.close();
  });

  const callbacks = createPool({ ...config, connectionLimit: 1, typeCast: false, namedPlaceholders: true });
  const promises = createPromisePool({ ...config, connectionLimit: 1, flags: ['-FOUND_ROWS'] });

  test.each([
    ['mysql2', callbacks, callbacks.promise()],
    ['mysql2/promise', promises, promises],
  ])('a pool of %s lends its configuration, not its connections', async (_, pool, application) => {
    const store = storeOn('store_own', { connection: pool });
    const leases = await Promise.all([store.open(newId()), store.open(newId())]);
    // Its only connection is still there for the application.
    await application.query('SELECT 1');
    for (const lease of leases) {
      expect(await lease.commit({ data: utf8Bytes('x') })).toBe('written');
      await lease.release();
    }
    await store.close();
    await application.end();
  });
});

test('no connection is free: the waiting request is served later', async () => {
  const store = storeOn('store_own', { connectionLimit: 1, lockTimeout: 0.3 });
  const lease = await store.open(newId());
  await expect(store.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_BUSY' });
  await lease.release();
  expect(await writeText(store, newId(), 'x')).toBe('written');
  await store.close();
});

test('a session that exists takes three statements: SELECT, UPDATE, COMMIT', async () => {
  const [store, id] = [storeOn('store_article', { connectionLimit: 1 }), newId()];
  await writeText(store, id, '1');
  await writeText(store, id, '2'); // now every statement is prepared
  const statements = async () => {
    const [row] = await witness.query("SHOW GLOBAL STATUS LIKE 'Questions'");
    return Number(row?.Value);
  };
  // Other tests may run against this server: the least of several counts is ours alone. One is the witness's own.
  const counts: number[] = [];
  for (let i = 0; i < 20; i++) {
    const before = await statements();
    await writeText(store, id, `${i}`);
    counts.push((await statements()) - before - 1);
  }
  expect(Math.min(...counts)).toBe(3);
  await store.close();
});
