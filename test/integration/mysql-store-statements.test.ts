import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { storeContract } from '../../src/testing/index.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { storeOn, Witness } from './mysql-store-helpers.ts';

// `max_prepared_stmt_count` is one number for all clients of a server. Where others have used it up, the store goes on without.

const table = 'store_statements';
let server: Awaited<ReturnType<typeof startMariadb>>;
let witness: Witness;

beforeAll(async () => {
  server = await startMariadb({ settings: { 'default-time-zone': '+00:00', 'max-prepared-stmt-count': 0 } });
  witness = await Witness.connect(server);
  await witness.table(table, createTableSql({ table }));
}, 60_000);
afterAll(async () => {
  await witness?.end();
  await server?.stop();
});

const at = () => ({
  host: '127.0.0.1',
  port: server.port,
  user: server.user,
  password: server.password,
  database: 'test',
});
const prepared = async () => {
  const [row] = await witness.query("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'");
  return Number(row!.Value);
};

storeContract({ describe, test }, 'a server that prepares no statements', {
  make: (options) => storeOn(table, { connection: at(), ...options }),
  makeOld: async (id, seconds) => {
    await witness.query(`UPDATE ${table} SET usetime = UNIX_TIMESTAMP() - ? WHERE id = ?`, [seconds, id]);
  },
});

test('no statement was prepared, until the server does it again', async () => {
  const store = storeOn(table, { connection: at() });
  await writeText(store, newId(), 'x');
  expect(await prepared()).toBe(0);
  await witness.query('SET GLOBAL max_prepared_stmt_count = 100');
  await writeText(store, newId(), 'x');
  expect(await prepared()).toBeGreaterThan(0);
  await witness.query('SET GLOBAL max_prepared_stmt_count = 0');
  await store.close();
});

test.each(["it's", 'it\\', "\\' OR 1 = 1 -- ", '"; DROP TABLE x', '漢?%s', '', '\0'])(
  'the name of a lock is only a name: %j',
  async (strange) => {
    const lock = { name: (id: string) => `${strange}${id}` };
    const store = storeOn(table, { connection: at(), lock });
    const id = newId();
    const lease = await store.open(id);
    const [held] = await witness.query('SELECT IS_USED_LOCK(?) IS NOT NULL AS held', [lock.name(id)]);
    expect(held).toEqual({ held: 1 });
    await lease.commit({ data: Buffer.from(`${strange}'; DROP TABLE ${table}; --`) });
    expect(await read(store, id)).toBe(`${strange}'; DROP TABLE ${table}; --`);
    await store.close();
  },
);

test('bytes of all kinds and sizes', async () => {
  const store = storeOn(table, { connection: at() });
  const id = newId();
  const data = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
  const lease = await store.open(id);
  await lease.commit({ data });
  expect(Buffer.from((await store.read(id)).data!).equals(data)).toBe(true);
  await store.close();
});
