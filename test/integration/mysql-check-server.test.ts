import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type CheckOptions,
  checkTable,
  createTableSql,
  type FindingCode,
  grantSql,
} from '../../src/stores/mysql/index.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Witness } from './mysql-store-helpers.ts';

// A server of its own, as its global variables are changed.
let server: Awaited<ReturnType<typeof startMariadb>>;
let witness: Witness;
let connection: object;

beforeAll(async () => {
  process.env.TZ = 'Europe/London';
  server = await startMariadb({ settings: { 'log-bin': 'on', 'server-id': 1 } });
  witness = await Witness.connect(server);
  await witness.table('session', createTableSql());
  await witness.query(
    `CREATE USER 'shop'@'%' IDENTIFIED BY 'secret'; ${grantSql({ user: 'shop', table: 'test.session' })}`,
  );
  const { host, port } = server;
  connection = { host, port, user: 'shop', password: 'secret', database: 'test' };
}, 60_000);

afterAll(async () => {
  await witness?.end();
  await server?.stop();
});

const check = (options: Partial<CheckOptions> = {}) => checkTable({ connection, ...options });
const find = async (code: FindingCode, options: Partial<CheckOptions> = {}) =>
  (await check(options)).find((finding) => finding.code === code);

const usual = ['server-isolation', 'server-wait-timeout'];

test('a server as it is after its installation: what is good to know, and nothing else', async () => {
  expect((await check()).map(({ code, severity }) => `${code} ${severity}`)).toEqual(
    usual.map((code) => `${code} info`),
  );
});

describe.each<[FindingCode, string, string, string, Partial<CheckOptions>?]>([
  ['server-sql-mode', 'warning', "SET GLOBAL sql_mode = ''", 'SET GLOBAL sql_mode = DEFAULT'],
  ['server-sql-mode', 'warning', "SET GLOBAL sql_mode = 'ANSI_QUOTES'", 'SET GLOBAL sql_mode = DEFAULT'],
  [
    'server-max-packet',
    'warning',
    'SET GLOBAL max_allowed_packet = 1048576',
    'SET GLOBAL max_allowed_packet = 16777216',
  ],
  [
    'server-max-connections',
    'warning',
    'SET GLOBAL max_connections = 100',
    'SET GLOBAL max_connections = 200',
    { processes: 4, connectionLimit: 12 },
  ],
  [
    'account-max-connections',
    'warning',
    "ALTER USER 'shop'@'%' WITH MAX_USER_CONNECTIONS 59",
    "ALTER USER 'shop'@'%' WITH MAX_USER_CONNECTIONS 0",
    { processes: 2 },
  ],
  [
    'server-idle-limit',
    'warning',
    'SET GLOBAL idle_transaction_timeout = 10',
    'SET GLOBAL idle_transaction_timeout = 0',
  ],
  [
    'server-idle-limit',
    'warning',
    'SET GLOBAL idle_write_transaction_timeout = 10, idle_transaction_timeout = 20',
    'SET GLOBAL idle_write_transaction_timeout = 0, idle_transaction_timeout = 0',
  ],
  ['server-read-only', 'error', 'SET GLOBAL read_only = ON', 'SET GLOBAL read_only = OFF'],
  ['server-read-only', 'error', 'SET GLOBAL tx_read_only = ON', 'SET GLOBAL tx_read_only = OFF'],
  [
    'server-isolation',
    'info',
    'SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SET GLOBAL tx_isolation = DEFAULT',
  ],
  ['server-wait-timeout', 'info', 'SET GLOBAL wait_timeout = 601', 'SET GLOBAL wait_timeout = DEFAULT'],
])('%s (%s) after %s', (code, severity, spoil, restore, options = {}) => {
  beforeEach(async () => {
    await witness.query(restore);
  });

  test('is found, and mended by its SQL', async () => {
    if (!usual.includes(code)) expect(await find(code, options)).toBeUndefined();
    await witness.query(spoil);
    try {
      const finding = await find(code, options);
      expect(finding).toMatchObject({ code, severity });
      for (const statement of finding!.sql) await witness.query(statement);
      expect(await find(code, options)).toBeUndefined();
    } finally {
      await witness.query(`SET SESSION tx_read_only = OFF; ${restore}`);
    }
  });
});

test.each([
  [86_400, 'ahead of'],
  [-86_400, 'behind'],
])('a clock that is off by %i s', async (seconds, text) => {
  expect(await find('server-clock')).toBeUndefined();
  await witness.query(`SET GLOBAL init_connect = 'SET SESSION timestamp = UNIX_TIMESTAMP() + ${seconds}'`);
  try {
    const finding = await find('server-clock');
    expect(finding).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining(`s ${text} this host`),
      sql: [],
    });
    // The session's timestamp stands still until it is asked for.
    expect(Math.abs(parseInt(/\d+/.exec(finding!.message)![0], 10) - 86_400)).toBeLessThan(600);
  } finally {
    await witness.query("SET GLOBAL init_connect = ''");
  }
});

test.each([
  ['+00:00', false],
  ['+02:00', true],
  ['SYSTEM', true], // London, where it is UTC half of the year
])('DATETIME on a server in the zone %s', async (zone, isFound) => {
  await witness.table('session', createTableSql().replace('INT UNSIGNED', 'DATETIME'));
  await witness.query('SET GLOBAL time_zone = ?', [zone]);
  try {
    const finding = await find('time-zone');
    expect(finding !== undefined).toBe(isFound);
    for (const statement of finding?.sql ?? []) await witness.query(statement);
    expect(await find('time-zone')).toBeUndefined();
  } finally {
    await witness.query("SET GLOBAL time_zone = 'SYSTEM'");
    await witness.table('session', createTableSql());
  }
});

describe('an asynchronous replica', () => {
  let replica: Awaited<ReturnType<typeof startMariadb>>;
  let there: Witness;

  beforeAll(async () => {
    replica = await startMariadb({ settings: { 'server-id': 2 } });
    there = await Witness.connect(replica);
    await witness.query(
      "CREATE USER 'replica'@'%' IDENTIFIED BY 'secret'; GRANT REPLICATION SLAVE ON *.* TO 'replica'@'%'",
    );
    await there.table('session', createTableSql());
    await there.query(
      `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${server.port}, MASTER_USER = 'replica',
         MASTER_PASSWORD = 'secret', MASTER_LOG_FILE = 'x', MASTER_LOG_POS = 4; START SLAVE`,
    );
  }, 60_000);

  afterAll(async () => {
    await there?.end();
    await replica?.stop();
  });

  test('is found, and is not made writable', async () => {
    const { host, port, user, password } = replica;
    const options = { connection: { host, port, user, password, database: 'test' } };
    const found = () => check(options);
    expect(await found()).toContainEqual(
      expect.objectContaining({ code: 'server-replica', severity: 'error', sql: [] }),
    );
    expect(await find('server-replica', { ...options, allowReplica: true })).toMatchObject({ severity: 'warning' });
    await there.query('SET GLOBAL read_only = ON');
    expect(await found()).toContainEqual(
      expect.objectContaining({ code: 'server-read-only', severity: 'error', sql: [] }),
    );
  });
});
