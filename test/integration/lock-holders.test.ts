import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { createTableSql, type MysqlConnectionOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Door } from './mysql-door.ts';
import { asInAnotherProcess, type Server, sleep, storeOn, testServer, Witness } from './mysql-store-helpers.ts';

// The statements of docs/signals.md that show who holds a session.

const table = 'lock_holders';
const page = readFileSync(join(__dirname, '../../docs/signals.md'), 'utf8');
const [whoWaits, whoHolds] = [...page.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql]) => sql!);
const ours = { program_name: 'php-session-bridge', host: hostname(), pid: String(process.pid) };
const shown = (attributes: Record<string, string>) =>
  Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join(' ');

/** The driver says this of itself. */
const driver = { _client_name: 'Node-MySQL-2' };

describe.each(['ON', 'OFF'])('performance_schema is %s', (performanceSchema) => {
  let server: Server & { stop?(): Promise<void> };
  let admin: Witness;
  /** An account that may do no more than the page says. */
  let dba: Connection;
  let door: Door;
  const stores: SessionStore[] = [];

  beforeAll(async () => {
    server =
      performanceSchema === 'ON' ? await startMariadb({ settings: { 'performance-schema': 'ON' } }) : testServer();
    admin = await Witness.connect(server);
    await admin.table(table, createTableSql({ table }));
    await admin.query(`CREATE OR REPLACE USER holders@127.0.0.1; GRANT PROCESS ON *.* TO holders@127.0.0.1;
      GRANT SELECT, EXECUTE ON sys.* TO holders@127.0.0.1; GRANT SELECT ON performance_schema.* TO holders@127.0.0.1`);
    const { host, port } = server;
    dba = await createConnection({ host, port, user: 'holders' });
    door = await Door.open(server);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await door?.close();
    await dba?.end();
    await admin?.query('DROP USER holders@127.0.0.1');
    await admin?.end();
    await server?.stop?.();
  });

  function make(connection: MysqlConnectionOptions = {}, port = server.port): SessionStore {
    const { user, password } = server;
    const given = { host: '127.0.0.1', port, user, password, database: 'test', ...connection };
    const store = asInAnotherProcess(() => storeOn(table, { connection: given }));
    stores.push(store);
    return store;
  }

  /** InnoDB renews these tables only after nobody has read them for 0.1 s. */
  async function ask(sql: string): Promise<Record<string, unknown>[]> {
    await sleep(150);
    const [rows] = await dba.query(sql);
    return rows as Record<string, unknown>[];
  }

  test.each<[string, MysqlConnectionOptions, Record<string, string>]>([
    ['has its own name', {}, ours],
    ['has another name', { connectAttributes: { program_name: 'shop' } }, { ...ours, program_name: 'shop' }],
  ])('who holds, and who waits: the program %s', async (_, connection, attributes) => {
    const id = newId();
    const [holder, waiter] = [make(connection, door.port), make()];
    await writeText(holder, id, 'a|i:1;');
    const before = door.names.length;
    const lease = await holder.open(id);
    expect(door.names.length).toBe(before);
    const expected = performanceSchema === 'ON' ? shown({ ...attributes, ...driver }) : null;

    // Other tests use the server too.
    const holds = (await ask(whoHolds!)).filter(({ HOST }) => HOST === door.names.at(-1));
    expect(holds).toEqual([expect.objectContaining({ holder_is: expected, held: expect.any(Number) })]);
    const ofTable = (row: Record<string, unknown>) => row.locked_table === `\`test\`.\`${table}\``;
    expect((await ask(whoWaits!)).filter(ofTable)).toEqual([]);

    const opening = waiter.open(id);
    let waits: Record<string, unknown>[] = [];
    while (waits.length === 0) waits = (await ask(whoWaits!)).filter(ofTable);
    expect(waits).toEqual([
      expect.objectContaining({
        holder: holds[0]!.holder,
        holder_host: door.names.at(-1),
        holder_is: expected,
      }),
    ]);
    expect(waits[0]!.waiter).not.toBe(waits[0]!.holder);
    await lease.release();
    await (await opening).release();
  });
});
