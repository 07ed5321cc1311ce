import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { withLease } from '../../src/testing/leases.ts';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { articleTable, binaryTable, type Driver, type Harness, startHarness } from '../php/harness.ts';
import { utf8Bytes } from './mysql-store-helpers.ts';

// A connection begins with the server's variables. None of them makes a session look empty, or a write look done.

const tables = [binaryTable(), articleTable()];
const newId = () => randomBytes(16).toString('hex');

/** Variables of the server with which all works as with its defaults. */
const harmless: Record<string, string>[] = [
  {},
  { sql_select_limit: '0' },
  { sql_select_limit: '1' },
  { init_connect: '\'SET autocommit = 1, sql_select_limit = 0, sql_mode = "PAD_CHAR_TO_FULL_LENGTH"\'' },
  { sql_safe_updates: '1' },
  { sql_mode: "'PAD_CHAR_TO_FULL_LENGTH,EMPTY_STRING_IS_NULL'" },
  { sql_mode: "'ORACLE'" },
  { sql_auto_is_null: '1' },
  { completion_type: "'CHAIN'" },
  { autocommit: '0' },
  { tx_isolation: "'SERIALIZABLE'" },
  { query_cache_type: '1', query_cache_size: '1048576' },
  { unique_checks: '0' },
  { low_priority_updates: '1' },
];
/** Variables with which nothing can be written, so that each request is refused. */
const refusing: Record<string, string>[] = [{ tx_read_only: '1' }, { read_only: '1' }];

let server: Mariadb;
let php: Harness;
/** Of the server, before the tests. */
const defaults = new Map<string, string>();
const before = process.env.PSB_TEST_MYSQL;

beforeAll(async () => {
  server = await startMariadb();
  const { host, port, user, password } = server;
  process.env.PSB_TEST_MYSQL = JSON.stringify({ host, port, user, password });
  php = await startHarness(tables);
  // `init_connect` and `read_only` spare those who may do everything.
  await php.sql("CREATE USER visitor@'127.0.0.1' IDENTIFIED BY 'secret'");
  await php.sql("GRANT ALL ON test.* TO visitor@'127.0.0.1'");
});
afterAll(async () => {
  await php?.stop();
  await server?.stop();
  process.env.PSB_TEST_MYSQL = before;
});

async function withVariables<T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  for (const [name, value] of Object.entries(variables)) {
    if (!defaults.has(name)) {
      const [row] = (await php.sql(`SELECT QUOTE(@@GLOBAL.${name}) AS old`)) as { old: string }[];
      defaults.set(name, /^'\d+'$/.test(row!.old) ? row!.old.slice(1, -1) : row!.old);
    }
    await php.sql(`SET GLOBAL ${name} = ${value}`);
  }
  await php.sql('KILL USER visitor'); // What PHP keeps has the variables of before.
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) await php.sql(`SET GLOBAL ${name} = ${defaults.get(name)}`);
  }
}

const account = { user: 'visitor', password: 'secret' };
const drivers: Driver[] = ['pdo', 'mysqli', 'persistent'];
const ways = tables.flatMap((table) =>
  drivers.flatMap((driver) => ['row', 'merge'].map((lock) => ({ table, driver, options: { lock, lock_timeout: 2 } }))),
);
/** A page that counts in its session, with the account of a visitor: the harness' own may do everything. */
const page = `
  $mysql = ${JSON.stringify(account).replaceAll(':', '=>').replace('{', '[').replace('}', ']')} + $mysql;
  $connect = $test['driver'] === 'persistent' ? configured(['persistent' => true]) : static function () use ($test) {
    return connect($test['driver']);
  };
  $handler = new PhpSessionBridge\\SessionHandler($connect, $test['options']);
  if (!$handler->start()) return 'not started';
  $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
  $_SESSION['blanks'] = '  ';
  session_write_close();
  return $_SESSION['n'];`;

describe.each(harmless)('%j', (variables) => {
  test('PHP counts on, and logs nothing', () =>
    withVariables(variables, async () => {
      const log = php.log().length;
      for (const way of ways) {
        const id = newId();
        for (const n of [1, 2, 3]) {
          expect({ way, ...(await php.ask({ ...way, id }, page)) }).toMatchObject({ status: 200, result: n });
        }
        expect(await php.row(way.table, id)).toBe('n|i:3;blanks|s:2:"  ";');
      }
      expect(php.log().slice(log)).toBe('');
    }));

  test.each(tables)('Node counts on: $title', (table) =>
    withVariables(variables, async () => {
      const store = storeOf(table.name);
      const id = newId();
      for (const n of [1, 2, 3]) {
        await withLease(store, id, async (lease) => {
          expect(Buffer.from(lease.data ?? []).toString()).toBe(n === 1 ? '' : `n|i:${n - 1};`);
          expect(await lease.commit({ data: utf8Bytes(`n|i:${n};`) })).toBe('written');
        });
        expect(Buffer.from((await store.read(id)).data ?? []).toString()).toBe(`n|i:${n};`);
      }
      await store.close();
    }),
  );
});

describe.each(refusing)('%j', (variables) => {
  test('PHP is refused, and the session stays', async () => {
    const pages = ways.map((way) => ({ ...way, id: newId() }));
    for (const { table, id } of pages) await php.put(table, id, 'n|i:1;');
    // Each waits for its lock_timeout.
    const answers = await withVariables(variables, () => Promise.all(pages.map((way) => php.ask(way, page))));
    for (const [i, { status }] of answers.entries()) {
      const { table, id } = pages[i]!;
      expect({ way: pages[i], status }).toMatchObject({ status: 503 });
      expect(await php.row(table, id)).toBe('n|i:1;');
    }
  }, 120_000);

  test.each(tables)('so is Node: $title', async (table) => {
    const id = newId();
    await php.put(table, id, 'n|i:1;');
    await withVariables(variables, async () => {
      const store = storeOf(table.name);
      const writes = withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('n|i:2;') }));
      await expect(writes).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_SESSION_/) });
      await store.close();
    });
    expect(await php.row(table, id)).toBe('n|i:1;');
  });
});

function storeOf(table: string): SessionStore {
  const { host, port } = server;
  return mysqlStore({ connection: { host, port, ...account, database: 'test' }, table, lockTimeout: 4 });
}
