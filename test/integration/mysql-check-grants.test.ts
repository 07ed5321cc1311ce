import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkTable, createTableSql, grantSql } from '../../src/mysql.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'check_grants';
const account = "'least'@'127.0.0.1'";
/** On NDB, a table of another engine would be an error by itself. */
const { tableEngine: engine } = JSON.parse(process.env.PSB_TEST_ENGINE ?? '{"tableEngine":"InnoDB"}');
const denied = { code: 'ERR_SESSION_TABLE', cause: { code: 'ER_TABLEACCESS_DENIED_ERROR' } };
const connection = { ...testServer(), user: 'least', password: 'secret', database: 'test' };

let witness: Witness;
let store: SessionStore;

beforeAll(async () => {
  witness = await Witness.connect();
});

beforeEach(async () => {
  await witness.table(table, createTableSql({ table, engine }));
  await witness.query(`DROP USER IF EXISTS ${account}; CREATE USER ${account} IDENTIFIED BY 'secret'`);
  await witness.query(grantSql({ user: 'least', host: '127.0.0.1', table: `test.${table}` }));
});

afterAll(async () => {
  await witness.query(`DROP USER IF EXISTS ${account}`);
  await witness.end();
});

/** All that the store does, each under its name. */
const WORK: Record<string, () => Promise<unknown>> = {
  'open a session that exists': () => read(store, known),
  'create a session': () => writeText(store, newId(), 'x'),
  'change a session': () => writeText(store, known, 'y'),
  'touch a session': () => withLease(store, known, (lease) => lease.commit({})),
  'rename a session': () =>
    withLease(store, known, async (lease) => {
      await lease.rename(newId());
      await lease.commit({ data: utf8Bytes('z') });
    }),
  'destroy a session': () => withLease(store, known, (lease) => lease.destroy()),
  'collect expired sessions': () => store.gc(3_600),
};
let known: string;

/** What fails, each on a row of its own that was used long ago. */
async function whatFails(): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, work] of Object.entries(WORK)) {
    known = newId();
    await witness.query(`INSERT INTO ${table} VALUES (?, 'x', 0)`, [known]);
    store = storeOn(table, { connection });
    try {
      await work();
    } catch (error) {
      expect(error).toMatchObject(denied);
      failed.push(name);
    } finally {
      await store.close();
    }
  }
  return failed;
}

const check = async () => {
  const found = await checkTable({ connection, table });
  return found.filter(({ severity }) => severity === 'error');
};

test('with exactly these privileges, everything works, the checks too', async () => {
  expect(await witness.query(`SHOW GRANTS FOR ${account}`)).toHaveLength(2); // USAGE, which is nothing, and ours
  expect(await whatFails()).toEqual([]);
  expect(await check()).toEqual([]);
});

test('and so does all that PHP does with its handler', async () => {
  const { host, port } = testServer();
  const script = `
    ini_set('session.use_strict_mode', '1');
    ini_set('session.use_cookies', '0');
    ini_set('session.cache_limiter', '');
    require ${JSON.stringify(join(__dirname, '../../php/src/SessionHandler.php'))};
    $connect = fn() => new PDO('mysql:host=${host};port=${port};dbname=test;charset=utf8mb4', 'least', 'secret');
    $handler = new PhpSessionBridge\\SessionHandler($connect, ['table' => '${table}']);
    $handler->start() or exit('start');
    $_SESSION['n'] = 1;
    $first = session_id();
    session_write_close();
    session_id($first);
    $handler->start() or exit('again');
    session_regenerate_id(true) or exit('regenerate');
    $_SESSION['n']++;
    session_write_close();
    $handler->start() or exit('third');
    echo $_SESSION['n'], $first === session_id() ? ' same' : ' other';
    session_destroy();
    echo ' ', $handler->gc(3600);`;
  await witness.query(`INSERT INTO ${table} VALUES ('old', 'x', 0)`);
  const { stdout, stderr } = await promisify(execFile)('php', ['-r', script]);
  expect([stdout, stderr]).toEqual(['2 other 1', '']);
  // That of the old id, and the tombstone.
  expect(await witness.query(`SELECT LENGTH(data) AS length FROM ${table}`)).toEqual([{ length: 0 }, { length: 0 }]);
  await witness.query(`DELETE FROM ${table}`);
});

describe.each([
  ['SELECT', Object.keys(WORK)],
  ['INSERT', ['create a session', 'rename a session', 'destroy a session']],
  ['UPDATE', ['create a session', 'change a session', 'touch a session', 'rename a session', 'destroy a session']],
  ['DELETE', ['destroy a session', 'collect expired sessions']],
])('without %s', (privilege, failing) => {
  beforeEach(async () => {
    await witness.query(`REVOKE ${privilege} ON test.${table} FROM ${account}`);
  });

  test(`these fail: ${failing.join(', ')}`, async () => {
    expect(await whatFails()).toEqual(failing);
  });

  test('the checks say so, and mend it', async () => {
    const [finding, ...more] = await check();
    const message = `this account has no ${privilege} on the table`;
    expect([finding, more]).toMatchObject([{ code: 'privilege-missing', severity: 'error', message }, []]);
    for (const statement of finding!.sql) await witness.query(statement);
    expect(await check()).toEqual([]);
    expect(await whatFails()).toEqual([]);
  });
});

test('without any, there is no table to be seen', async () => {
  await witness.query(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}; GRANT USAGE ON test.* TO ${account}`);
  const elsewhere = { connection: { ...connection, database: 'information_schema' }, table: `test.${table}` };
  expect((await checkTable(elsewhere)).map(({ code }) => code)).toContain('table-missing');
});

test('privileges of a role and of single columns count', async () => {
  const [{ version } = { version: '' }] = await witness.query('SELECT VERSION() AS version');
  const isMariadb = /MariaDB/.test(version);
  await witness.query(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}; DROP ROLE IF EXISTS sessions`);
  await witness.query(`CREATE ROLE sessions; GRANT SELECT, DELETE ON test.${table} TO sessions; GRANT sessions TO ${account};
    SET DEFAULT ROLE sessions ${isMariadb ? 'FOR' : 'TO'} ${account}; GRANT INSERT (id, data, usetime), UPDATE (id, data, usetime) ON test.${table} TO ${account}`);
  expect(await check()).toEqual([]);
  expect(await whatFails()).toEqual([]);
  await witness.query('DROP ROLE sessions');
});
