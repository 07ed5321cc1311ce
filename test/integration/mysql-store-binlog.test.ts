import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTableSql, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Witness } from './mysql-store-helpers.ts';

// What the settings of a server's binary log do to the store. docs/clusters.md has the figures.

let server: Awaited<ReturnType<typeof startMariadb>>;
let witness: Witness;
let stores: SessionStore[];

beforeAll(async () => {
  server = await startMariadb({ settings: { 'log-bin': 'on', 'server-id': 1, 'default-time-zone': '+00:00' } });
  witness = await Witness.connect(server);
  await witness.table('session', createTableSql());
}, 60_000);

afterAll(async () => {
  await witness?.end();
  await server?.stop();
});

beforeEach(() => {
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await witness.query(
    `SET GLOBAL binlog_format = DEFAULT, GLOBAL binlog_row_image = DEFAULT, GLOBAL binlog_annotate_row_events = DEFAULT,
       GLOBAL max_binlog_cache_size = DEFAULT`,
  );
});

/** A store whose connections have the server's settings of now. */
function newStore(): SessionStore {
  const { host, port, user, password } = server;
  const store = mysqlStore({ connection: { host, port, user, password, database: 'test' } });
  stores.push(store);
  return store;
}

const BYTES = 65_536;
async function put(): Promise<string> {
  const id = newId();
  await witness.query(`INSERT INTO session VALUES (?, REPEAT('x', ${BYTES}), UNIX_TIMESTAMP() - 1000)`, [id]);
  return id;
}
async function logged(work: () => Promise<unknown>): Promise<number> {
  const size = async () =>
    (await witness.query('SHOW BINARY LOGS')).reduce((sum, { File_size }) => sum + Number(File_size), 0);
  const before = await size();
  await work();
  return (await size()) - before;
}

test.each([
  ['FULL', 'OFF', 2, 2, 2],
  ['FULL', 'ON', 2, 3, 4],
  ['MINIMAL', 'OFF', 0, 1, 1],
  ['MINIMAL', 'ON', 0, 2, 3],
])(
  '%s, statements %s: sessions in the log for a touch, a write and a merge',
  async (image, statements, ...sessions) => {
    await witness.query(`SET GLOBAL binlog_row_image = ${image}, GLOBAL binlog_annotate_row_events = ${statements}`);
    const store = newStore();
    await (await store.open(newId())).release(); // describes the table
    const data = Buffer.alloc(BYTES, 'y');
    const ids = [await put(), await put(), await put()] as const;
    const figures = [
      await logged(async () => expect(await (await store.read(ids[0])).touch()).toBe('touched')),
      await logged(async () => {
        const lease = await store.open(ids[1]);
        expect(await lease.commit({ data })).toBe('written');
        await lease.release();
      }),
      await logged(async () => expect(await (await store.read(ids[2])).replace!(data)).toBe('written')),
    ];
    expect(figures.map((bytes) => Math.floor(bytes / BYTES))).toEqual(sessions);
    for (const bytes of figures) expect(bytes % BYTES).toBeLessThan(2_000);
  },
);

test('binlog_format STATEMENT: the server refuses it, and the error says that it is not for now', async () => {
  await witness.query('SET GLOBAL binlog_format = STATEMENT');
  const id = await put();
  const refused = { code: 'ERR_SESSION_TABLE', cause: { errno: 1665 } };
  for (const one of [id, newId()]) await expect(newStore().open(one)).rejects.toMatchObject(refused);
});

test('a session that is too long for max_binlog_cache_size', async () => {
  await witness.query('SET GLOBAL max_binlog_cache_size = 8192');
  const id = await put();
  const lease = await newStore().open(id);
  await expect(lease.commit({ data: Buffer.alloc(BYTES, 'y') })).rejects.toMatchObject({
    code: 'ERR_SESSION_TOO_LARGE',
    cause: { errno: 1197 },
  });
  await lease.release();
  expect(await witness.query('SELECT data FROM session WHERE id = ?', [id])).toEqual([
    { data: Buffer.alloc(BYTES, 'x') },
  ]);
});
