import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { sleep, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// Two servers with asynchronous replication between them, as in many farms of PHP servers. See docs/clusters.md.

const table = 'store_replica';
type Mariadb = Awaited<ReturnType<typeof startMariadb>>;
let primary: Mariadb;
let replica: Mariadb;
let onPrimary: Witness;
let onReplica: Witness;

/** `app` may do nothing but use the table; `monitor` may also see whether a server is a replica. */
const accounts = `
  CREATE OR REPLACE USER app@127.0.0.1; GRANT ALL ON test.* TO app@127.0.0.1;
  CREATE OR REPLACE USER monitor@127.0.0.1; GRANT ALL ON test.* TO monitor@127.0.0.1;
  GRANT REPLICA MONITOR ON *.* TO monitor@127.0.0.1`;

const start = (id: number) => startMariadb({ settings: { 'server-id': id, 'gtid-domain-id': id, 'log-bin': 'bin' } });

const at = ({ port }: Mariadb, user = 'monitor') => ({ host: '127.0.0.1', port, user, database: 'test' });
const storeAt = (servers: Mariadb[], options: Partial<MysqlStoreOptions> = {}, user?: string) =>
  storeOn(table, { connection: servers.map((server) => at(server, user)), ...options });

/** Makes the second server a replica of the first, with the data that it has. */
async function replicate(): Promise<void> {
  const { port, user, password } = primary;
  const [position] = await onPrimary.query('SELECT @@gtid_binlog_pos AS gtid');
  await onReplica.query('STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0; SET GLOBAL gtid_slave_pos = ?', [
    position!.gtid,
  ]);
  await onReplica.table(table, createTableSql({ table }));
  await onPrimary.query(
    `SET GLOBAL read_only = 0; SET sql_log_bin = 0; DROP TABLE IF EXISTS ${table}; ${createTableSql({ table })}; SET sql_log_bin = 1`,
  );
  await onReplica.query(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ?, MASTER_USER = ?, MASTER_PASSWORD = ?,
       MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;
     START SLAVE`,
    [port, user, password],
  );
}

/** Waits until the replica has what the primary has now. */
async function caughtUp(): Promise<void> {
  const [position] = await onPrimary.query('SELECT @@gtid_binlog_pos AS gtid');
  await onReplica.query('SELECT MASTER_GTID_WAIT(?, 20)', [position!.gtid]);
}

const onReplicaNow = async (id: string): Promise<string | undefined> => {
  const [row] = await onReplica.query(`SELECT data FROM ${table} WHERE id = ?`, [id]);
  return row && String(row.data);
};

beforeAll(async () => {
  [primary, replica] = await Promise.all([start(1), start(2)]);
  onPrimary = await Witness.connect(primary);
  onReplica = await Witness.connect(replica);
  for (const witness of [onPrimary, onReplica])
    await witness.query(`SET sql_log_bin = 0; ${accounts}; SET sql_log_bin = 1`);
}, 60_000);
beforeEach(replicate);
afterAll(async () => {
  await Promise.all([onPrimary?.end(), onReplica?.end()]);
  await Promise.all([primary?.stop(), replica?.stop()]);
});

describe('what asynchronous replication does not promise', () => {
  test('a login that was stored is not there, and what was there is old', async () => {
    const store = storeAt([primary]);
    const [old, login] = [newId(), newId()];
    await writeText(store, old, 'cart|s:5:"empty";');
    await caughtUp();
    await onReplica.query('STOP SLAVE SQL_THREAD');
    await writeText(store, old, 'cart|s:4:"book";');
    await writeText(store, login, 'user|s:3:"bob";');
    // COMMIT has been answered, so the browser has its cookie, and its next request goes to the other web server.
    expect(await onReplicaNow(login)).toBeUndefined();
    expect(await onReplicaNow(old)).toBe('cart|s:5:"empty";');
    await onReplica.query('START SLAVE SQL_THREAD');
    await caughtUp();
    expect(await onReplicaNow(login)).toBe('user|s:3:"bob";');
    await store.close();
  });

  test('how often, when nothing is stopped', async () => {
    const store = storeAt([primary]);
    const id = newId();
    const rounds = 200;
    let late = 0;
    for (let i = 0; i < rounds; i++) {
      await writeText(store, id, String(i));
      if ((await onReplicaNow(id)) !== String(i)) late++;
    }
    process.stdout.write(`\n  of ${rounds} reads on a replica right after COMMIT on the primary, ${late} were late\n`);
    await caughtUp();
    expect(await onReplicaNow(id)).toBe(String(rounds - 1));
    await store.close();
  });

  test('after a failover, what the replica lacked is lost; no request overwrites what it has not read', async () => {
    const store = storeAt([primary, replica]);
    const id = newId();
    await writeText(store, id, '1');
    await caughtUp();
    await onReplica.query('STOP SLAVE; SET GLOBAL read_only = 1');
    await writeText(store, id, '2'); // acknowledged
    const lease = await store.open(id);
    await onPrimary.end();
    primary.kill('SIGKILL');
    await primary.ended;
    // Not promoted yet: better no answer than an old session.
    await expect(store.open(newId())).rejects.toMatchObject({
      code: 'ERR_SESSION_UNAVAILABLE',
      cause: { errno: 1290 },
    });
    await onReplica.query('RESET SLAVE ALL; SET GLOBAL read_only = 0');
    await expect(lease.commit({ data: utf8Bytes('3') })).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' });
    expect(await read(store, id)).toBe('1');
    await store.close();
    await primary.start();
    onPrimary = await Witness.connect(primary);
  });
});

describe('a replica is no place for sessions', () => {
  let store: SessionStore;
  const refused = { code: 'ERR_SESSION_UNAVAILABLE', cause: { code: 'ER_OPTION_PREVENTS_STATEMENT', errno: 1290 } };

  test.each<[string, string, string, boolean]>([
    ['it replicates', 'monitor', '', true],
    ['it replicates, and may not be asked', 'app', '', true],
    ['it only receives', 'monitor', 'STOP SLAVE SQL_THREAD', true],
    ['it is read only', 'app', 'STOP SLAVE; SET GLOBAL read_only = 1', true],
    ['its replication was ended', 'monitor', 'STOP SLAVE', false],
  ])('%s, as seen by %s', async (_, user, how, isRefused) => {
    if (how !== '') await onReplica.query(how);
    const alone = storeAt([replica], {}, user);
    if (isRefused) await expect(alone.open(newId())).rejects.toMatchObject(refused);
    else expect(await writeText(alone, newId(), 'x')).toBe('written');
    await alone.close();
    // In a list, the next one serves.
    store = storeAt([replica, primary], {}, user);
    const id = newId();
    expect(await writeText(store, id, 'x')).toBe('written');
    const rows = await onPrimary.query(`SELECT 1 FROM ${table} WHERE id = ?`, [id]);
    expect(rows.length).toBe(isRefused ? 1 : 0);
    await store.close();
  });

  test('allowReplica: for the one writer of a circular replication; not where it is read only', async () => {
    store = storeAt([replica], { allowReplica: true });
    expect(await writeText(store, newId(), 'x')).toBe('written');
    await store.close();
    await onReplica.query('SET GLOBAL read_only = 1');
    store = storeAt([replica], { allowReplica: true });
    await expect(store.open(newId())).rejects.toMatchObject(refused);
    await store.close();
  });

  test('the server in use becomes read only, and the other one the primary: nothing is lost, and no request fails', async () => {
    store = storeAt([primary, replica], {}, 'app');
    const [id, idle] = [newId(), newId()];
    await writeText(store, id, 'before');
    await writeText(store, idle, 'before');
    const lease = await store.open(id);
    await onPrimary.query('SET GLOBAL read_only = 1');
    await caughtUp();
    await onReplica.query('STOP SLAVE');
    expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
    expect(await writeText(store, idle, 'after')).toBe('written');
    expect(await Promise.all([id, idle].map((each) => read(store, each)))).toEqual(['after', 'after']);
    expect(await onReplicaNow(id)).toBe('after');
    await store.close();
  });

  test('sessions that are only read leave a server that became a replica, too', async () => {
    store = storeAt([primary, replica]);
    const id = newId();
    await writeText(store, id, 'old');
    expect(Buffer.from((await store.read(id)).data ?? []).toString()).toBe('old');
    await onPrimary.query('SET GLOBAL read_only = 1');
    await caughtUp();
    await onReplica.query('STOP SLAVE');
    const promoted = storeAt([replica]);
    await writeText(promoted, id, 'new');
    await promoted.close();
    let now: string | undefined;
    while (now !== 'new') {
      now = Buffer.from((await store.read(id)).data ?? []).toString();
      await sleep(10);
    }
    await store.close();
  });
});
