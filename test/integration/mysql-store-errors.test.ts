import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { classify } from '../../src/stores/mysql/errors.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';

// What the server really says, and what the store makes of it. Read-only servers are the matter of
// mysql-store-replica.test.ts, those of clusters of test/clusters.

const table = 'store_errors';
const user = 'store_errors';
/** May read only. */
const denied = `${user}_denied`;
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(
    table,
    `CREATE TABLE ${table} (id VARCHAR(9) PRIMARY KEY, data VARCHAR(9) CHARACTER SET latin1 NOT NULL, time INT NOT NULL)`,
  );
  await witness.query(
    `INSERT INTO ${table} VALUES ('a', '', 0), ('b', '', 0);
     CREATE OR REPLACE USER ${user}@127.0.0.1; GRANT SELECT ON test.* TO ${user}@127.0.0.1 WITH MAX_USER_CONNECTIONS 1;
     CREATE OR REPLACE USER ${denied}@127.0.0.1; GRANT SELECT ON test.* TO ${denied}@127.0.0.1`,
  );
});
afterAll(async () => {
  await witness.query(`DROP USER ${user}@127.0.0.1, ${denied}@127.0.0.1`);
  await witness.end();
});

const connect = async (as: object = {}): Promise<Connection> => {
  const { host, port, user, password } = testServer();
  const connection = await createConnection({
    host,
    port,
    user,
    password,
    database: 'test',
    multipleStatements: true,
    ...as,
  });
  connection.on('error', () => undefined);
  return connection;
};
const statement = (sql: string) => (connection: Connection) => connection.query(sql);
const lock = (id: string) => `SELECT * FROM ${table} WHERE id = '${id}' FOR UPDATE`;

/** Ends what the connection does as soon as it does it. */
async function endsWith(connection: Connection, sql: (id: number) => string): Promise<unknown> {
  const waiting = connection.query('SELECT SLEEP(20)');
  waiting.catch(() => undefined); // it may fail before it is waited for
  const id = connection.threadId;
  const isBusy = async () =>
    (
      await witness.query('SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ? AND INFO LIKE ?', [
        id,
        '%SLEEP(20)',
      ])
    ).length > 0;
  while (!(await isBusy()));
  await witness.query(sql(id));
  return waiting;
}

async function waitsForLock(connection: Connection): Promise<unknown> {
  await witness.query(`BEGIN; ${lock('a')}`);
  try {
    return await connection.query(`SET innodb_lock_wait_timeout = 1; BEGIN; ${lock('a')}`);
  } finally {
    await witness.query('ROLLBACK');
  }
}

async function deadlocks(connection: Connection): Promise<unknown> {
  const other = await connect();
  try {
    await connection.query(`BEGIN; ${lock('a')}`);
    // The one that has changed less is rolled back.
    await other.query(`BEGIN; UPDATE ${table} SET data = 'x' WHERE id = 'b'`);
    const waiting = other.query(lock('a'));
    const isWaiting = async () =>
      (
        await witness.query(
          "SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = ?",
          [other.threadId],
        )
      ).length > 0;
    while (!(await isWaiting()));
    const result = await connection.query(lock('b')).finally(() => connection.query('ROLLBACK'));
    await waiting;
    return result;
  } finally {
    other.destroy();
  }
}

async function connectsTwice(): Promise<unknown> {
  const limited = { user, password: '' };
  const first = await connect(limited);
  try {
    return await connect(limited);
  } finally {
    await first.end();
  }
}

async function isDenied(): Promise<unknown> {
  const connection = await connect({ user: denied, password: '' });
  return connection.query(`DELETE FROM ${table}`).finally(() => connection.end());
}

test.each<[string, number | undefined, string, (connection: Connection) => Promise<unknown>]>([
  ['a lock that another request holds', 1205, 'locked', waitsForLock],
  ['a deadlock', 1213, 'locked', deadlocks],
  ['KILL QUERY', 1317, 'retry', (connection) => endsWith(connection, (id) => `KILL QUERY ${id}`)],
  ['max_statement_time', 1969, 'retry', statement(`SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(20)`)],
  ['more connections than the account may have', 1226, 'full', connectsTwice],
  ['KILL', undefined, 'lost', (connection) => endsWith(connection, (id) => `KILL ${id}`)],
  [
    'a transaction that is read only',
    1792,
    'read only',
    statement(`START TRANSACTION READ ONLY; DELETE FROM ${table}`),
  ],
  ['an id that exists', 1062, 'duplicate', statement(`INSERT INTO ${table} VALUES ('a', '', 0)`)],
  ['a missing table', 1146, 'table', statement('SELECT * FROM store_errors_none')],
  ['a missing column', 1054, 'table', statement(`SELECT nothing FROM ${table}`)],
  ['a missing database', 1049, 'table', () => connect({ database: 'store_errors_none' })],
  ['a missing privilege', 1142, 'table', isDenied],
  [
    'a column without a default',
    1364,
    'table',
    statement(`SET sql_mode = 'STRICT_ALL_TABLES'; INSERT INTO ${table} (id, data) VALUES ('c', '')`),
  ],
  [
    'more than the column holds',
    1406,
    'too large',
    statement(`SET sql_mode = 'STRICT_ALL_TABLES'; UPDATE ${table} SET data = '1234567890'`),
  ],
  [
    'what the character set lacks',
    1366,
    'charset',
    statement(`SET sql_mode = 'STRICT_ALL_TABLES'; UPDATE ${table} SET data = _utf8mb4 x'E29883'`),
  ],
  ['a wrong password', 1045, 'away', () => connect({ user, password: 'wrong' })],
  ['no server there', undefined, 'away', () => connect({ port: 1 })],
])('%s: %p, %s', async (_, errno, failure, provoke) => {
  const connection = await connect();
  try {
    const error: { errno?: number; sqlState?: string } = await provoke(connection).then(
      () => Promise.reject(new Error('nothing failed')),
      (reason) => reason,
    );
    if (errno !== undefined) expect(error.errno).toBe(errno);
    expect(classify(error)).toBe(failure);
  } finally {
    connection.destroy();
  }
});
