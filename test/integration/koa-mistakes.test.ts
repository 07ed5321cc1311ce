import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import Koa from 'koa';
import { type PhpSessionContext, phpSession } from '../../src/middleware/koa.ts';
import { checkTable, createTableSql, type MysqlStoreOptions, mysqlStore } from '../../src/mysql.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';

// What Koa's own log, which prints `stack` alone, says of the mistakes that are most likely at first.

const table = 'koa_mistakes';
const user = 'koa_mistakes';
const { host, port } = testServer();
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table, columns: { time: 'seen_at' } }));
  await witness.query(`CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY 'right';
    GRANT SELECT, INSERT, UPDATE, DELETE ON test.* TO ${user}@127.0.0.1`);
});
afterAll(async () => {
  await witness.query(`DROP USER ${user}@127.0.0.1`);
  await witness.end();
});

const right = { host, port, user, password: 'right', database: 'test' };
const columns = { time: 'seen_at' };

/** @returns the status, and the first line of what Koa printed */
async function printed(options: MysqlStoreOptions, handler: (ctx: PhpSessionContext) => unknown = () => undefined) {
  const app = new Koa<Koa.DefaultState, PhpSessionContext>();
  const store = mysqlStore(options);
  const lines: string[] = [];
  const output = jest.spyOn(console, 'error').mockImplementation((text) => void lines.push(String(text).trim()));
  app.use(phpSession({ store }));
  app.use(async (ctx) => {
    await handler(ctx);
    ctx.body = 'done';
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port: own } = server.address() as { port: number };
    const { status } = await fetch(`http://127.0.0.1:${own}/`, { headers: { cookie: 'PHPSESSID=mistake1' } });
    return [status, lines[0]?.split('\n')[0]];
  } finally {
    output.mockRestore();
    server.closeAllConnections();
    server.close();
    await store.close();
  }
}

const unavailable = 'PhpSessionError [ERR_SESSION_UNAVAILABLE]: the database cannot be used';
const unusable = 'PhpSessionError [ERR_SESSION_TABLE]: the session table cannot be used';

describe('what is printed', () => {
  test.each<[string, MysqlStoreOptions, number, string]>([
    [
      'a wrong password',
      { connection: { ...right, password: 'wrong' }, table, columns },
      503,
      `${unavailable}: the server refuses the login; see user and password of the option "connection" (ER_ACCESS_DENIED_ERROR)`,
    ],
    [
      'the database is down',
      { connection: { ...right, port: 1 }, table, columns },
      503,
      `${unavailable}: nothing listens there; is it running? See host and port of the option "connection" (ECONNREFUSED)`,
    ],
    [
      'a wrong host',
      { connection: { ...right, host: 'nowhere.invalid' }, table, columns },
      503,
      expect.stringMatching(
        /: the name of the host is not known; see host of the option "connection" \((ENOTFOUND|EAI_AGAIN)\)$/,
      ) as never,
    ],
    [
      'a wrong socket',
      { connection: { user, socketPath: '/nowhere/mysqld.sock' }, table, columns },
      503,
      `${unavailable}: its socket cannot be opened; see socketPath of the option "connection" (ENOENT)`,
    ],
    [
      'TLS that the server lacks',
      { connection: { ...right, ssl: {} }, table, columns },
      503,
      expect.stringMatching(/: see ssl of the option "connection" \(HANDSHAKE_\w+\)$/) as never,
    ],
    [
      'a wrong database, which this account may not see',
      { connection: { ...right, database: 'nowhere' }, table, columns },
      503,
      `${unavailable}: this user may not use the database, or there is none of this name; see user and database of the option "connection" (ER_DBACCESS_DENIED_ERROR)`,
    ],
    [
      'a wrong database',
      { connection: { ...testServer(), database: 'nowhere' }, table, columns },
      500,
      `${unusable}: there is no such database; see database of the option "connection" (ER_BAD_DB_ERROR)`,
    ],
    [
      'no database in the URI',
      { connection: `mysql://${user}:right@${host}:${port}`, table, columns },
      500,
      `${unusable}: no database was named; see database of the option "connection" (mysql://…/database), or give "table" as "database.${table}"`,
    ],
    [
      'a wrong table',
      { connection: right, table: 'sessions', columns },
      500,
      `${unusable}: there is no table sessions in the database test, or this user may not see it; see the option "table"`,
    ],
    [
      'a wrong table in a database that is named with it',
      { connection: { ...right, database: undefined }, table: 'test.sessions', columns },
      500,
      `${unusable}: there is no table sessions in the database test, or this user may not see it; see the option "table"`,
    ],
    [
      'a wrong column',
      { connection: right, table },
      500,
      `${unusable}: a column that the options name is missing: "usetime" (columns.time); the table has id, data, seen_at`,
    ],
    [
      'several wrong columns',
      { connection: right, table, columns: { id: 'sess_id', data: 'sess_data', time: 'seen_at' } },
      500,
      `${unusable}: a column that the options name is missing: "sess_id" (columns.id), "sess_data" (columns.data); the table has id, data, seen_at`,
    ],
  ])('%s', async (_, options, status, line) => {
    expect(await printed(options)).toEqual([status, line]);
  });

  test('a value that cannot be stored, in a list of a map', async () => {
    const line =
      'PhpSessionError [ERR_PHP_UNREPRESENTABLE]: An instance of Date, for which the option `classes` has no mapping, cannot be written to a PHP session; nothing was written (at: 2nd variable > 1st entry > 3rd element)';
    const store = (ctx: PhpSessionContext) =>
      Object.assign(ctx.session, { a: 1, secret: { secret: [1, 2, new Date()] } });
    expect(await printed({ connection: right, table, columns }, store)).toEqual([500, line]);
  });
});

test('checkTable() says the same of tables and columns', async () => {
  const message = async (options: MysqlStoreOptions) => (await checkTable(options))[0]?.message;
  expect(await message({ connection: right, table })).toBe(
    `${table}: a column that the options name is missing: "usetime" (columns.time); the table has id, data, seen_at`,
  );
  expect(await message({ connection: { ...right, database: undefined }, table })).toMatch(
    /^koa_mistakes: no database was named/,
  );
});
