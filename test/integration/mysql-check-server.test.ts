import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CheckOptions, checkTable, createTableSql, type FindingCode, grantSql } from '../../src/mysql.ts';
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

const usual = ['server-isolation', 'server-binlog-rows', 'server-binlog-statements', 'server-wait-timeout'];

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
  ['server-binlog-format', 'error', 'SET GLOBAL binlog_format = STATEMENT', 'SET GLOBAL binlog_format = DEFAULT'],
  ['server-binlog-rows', 'info', 'SET GLOBAL binlog_format = ROW', 'SET GLOBAL binlog_row_image = DEFAULT'],
  ['server-binlog-rows', 'info', 'SET GLOBAL binlog_format = MIXED', 'SET GLOBAL binlog_row_image = DEFAULT'],
  [
    'server-binlog-statements',
    'info',
    'SET GLOBAL binlog_annotate_row_events = ON',
    'SET GLOBAL binlog_annotate_row_events = DEFAULT',
  ],
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

describe('a DATETIME', () => {
  const create = createTableSql().replace('INT UNSIGNED', 'DATETIME');
  const zones = async (options: Partial<CheckOptions> = {}) =>
    (await check(options)).filter(({ code, severity }) => code.startsWith('time-zone') && severity !== 'info');
  const on = async (zone: string) => {
    await witness.query('SET GLOBAL time_zone = ?', [zone]);
  };
  const put = (time: string) => witness.query(`DELETE FROM session; INSERT INTO session VALUES ('there', '', ${time})`);

  beforeAll(async () => {
    for (const zone of ['Europe/London', 'Europe/Berlin']) {
      const sql = execFileSync('mariadb-tzinfo-to-sql', [`/usr/share/zoneinfo/${zone}`, zone]).toString();
      await witness.query(`USE mysql; ${sql} USE test`);
    }
  });
  beforeEach(() => witness.table('session', create));
  afterEach(async () => {
    await witness.query("SET GLOBAL time_zone = 'SYSTEM', SESSION time_zone = 'SYSTEM'");
    await witness.table('session', createTableSql());
  });

  test.each([
    ['+00:00', false],
    ['+02:00', true],
    ['-05:00', true],
    ['SYSTEM', true], // London, where it is UTC half of the year
    ['Europe/London', true],
  ])('on a server in %s', async (zone, isFound) => {
    await on(zone);
    const found = await zones();
    expect(found.map(({ code, severity }) => `${code} ${severity}`)).toEqual(isFound ? ['time-zone error'] : []);
    for (const statement of found[0]?.sql ?? []) await witness.query(statement);
    expect(await zones()).toEqual([]);
  });

  test.each(['+02:00', 'SYSTEM', 'Europe/Berlin'])(
    'is made a TIMESTAMP, by the zone %s of the option',
    async (timeZone) => {
      await witness.table('session', create.replace('DATETIME NOT NULL', 'DATETIME NULL'));
      await put(`CONVERT_TZ('2026-06-01 10:00:00', '+00:00', '${timeZone}')`);
      await witness.query("INSERT INTO session VALUES ('without', '', NULL)");
      const found = await check({ timeZone });
      const { sql } = found.find(({ code }) => code === 'time-null')!;
      for (const statement of sql) await witness.query(statement);
      const rows = await witness.query(
        'SELECT UNIX_TIMESTAMP(usetime) AS at, UNIX_TIMESTAMP() AS now FROM session ORDER BY id',
      );
      expect(Number(rows[0]!.at) * 1_000).toBe(Date.UTC(2026, 5, 1, 10));
      expect(Math.abs(Number(rows[1]!.at) - Number(rows[1]!.now))).toBeLessThan(60);
      expect(await zones({ timeZone })).toEqual([]);
    },
  );

  test('stays one in UTC, by the option, whatever the zone of the server is', async () => {
    await on('+02:00');
    await witness.table('session', create.replace('DATETIME NOT NULL', 'DATETIME NULL'));
    await witness.query("SET SESSION time_zone = '+02:00'; INSERT INTO session VALUES ('without', '', NULL)");
    const found = await check({ timeZone: 'UTC' });
    for (const statement of found.find(({ code }) => code === 'time-null')!.sql) await witness.query(statement);
    await witness.query("INSERT INTO session (id, data) VALUES ('later', '')");
    const rows = await witness.query('SELECT TIMESTAMPDIFF(SECOND, usetime, UTC_TIMESTAMP()) AS age FROM session');
    expect(rows).toHaveLength(2);
    for (const { age } of rows) expect(Math.abs(Number(age))).toBeLessThan(60);
    expect(await zones({ timeZone: 'UTC' })).toEqual([]);
  });

  test('of a zone that the server does not know', async () => {
    expect(await zones({ timeZone: 'Europe/Nowhere' })).toEqual([
      expect.objectContaining({
        code: 'time-zone-unknown',
        severity: 'error',
        message: expect.stringContaining('Europe/Nowhere'),
      }),
    ]);
  });

  test.each<[string, string, string, RegExp | undefined]>([
    ['+00:00', '+00:00', 'UTC_TIMESTAMP() + INTERVAL 120 MINUTE', /120 minutes in the future/],
    ['+00:00', '+00:00', 'UTC_TIMESTAMP() + INTERVAL 200 SECOND', undefined],
    ['+00:00', '+00:00', "'2037-01-01'", undefined], // no zone is so far ahead
    ['+02:00', '+00:00', 'UTC_TIMESTAMP() + INTERVAL 110 MINUTE', /110 minutes in the future/],
    ['-05:00', '+00:00', 'UTC_TIMESTAMP() - INTERVAL 300 MINUTE', /now in the server's time zone -05:00/],
    ['-05:00', '+00:00', 'UTC_TIMESTAMP() - INTERVAL 310 MINUTE', undefined],
    ['-05:00', '-05:00', 'UTC_TIMESTAMP() - INTERVAL 300 MINUTE', undefined],
    ['-05:00', '-05:00', 'UTC_TIMESTAMP()', /300 minutes in the future/],
    ['+02:00', '+02:00', 'UTC_TIMESTAMP() + INTERVAL 120 MINUTE', undefined],
  ])('on a server in %s with the option %s, that is %s', async (zone, timeZone, time, message) => {
    await on(zone);
    for (const index of ['KEY `usetime` (`usetime`)', 'KEY `other` (`id`)']) {
      await witness.table('session', create.replace('KEY `usetime` (`usetime`)', index));
      await put(time);
      expect(await zones({ timeZone })).toEqual(
        message === undefined
          ? []
          : [
              expect.objectContaining({
                code: 'time-zone-rows',
                severity: 'warning',
                message: expect.stringMatching(message),
              }),
            ],
      );
    }
    await put(time);
    expect(await zones({ timeZone, timeMeaning: 'expiresAt' })).toEqual([]);
  });

  test.each([
    ['DATETIME', 'Europe/Berlin', '+00:00', 'Europe/Berlin has summer time'],
    ['DATETIME', 'SYSTEM', '+00:00', 'SYSTEM has summer time'],
    ['DATETIME', '+02:00', 'SYSTEM', undefined],
    ['TIMESTAMP', undefined, 'SYSTEM', ') has summer time'],
    ['TIMESTAMP', 'Europe/Berlin', '+02:00', undefined],
    ['INT UNSIGNED', 'Europe/Berlin', 'SYSTEM', undefined],
  ])('%s with the option %s on a server in %s: %s', async (type, timeZone, zone, message) => {
    await on(zone);
    await witness.table('session', create.replace('DATETIME', type));
    const found = await check(timeZone === undefined ? {} : { timeZone });
    const summer = found.filter(({ code }) => code === 'time-zone-summer');
    expect(summer.map((one) => [one.severity, one.sql])).toEqual(message === undefined ? [] : [['info', []]]);
    expect(summer[0]?.message ?? '').toContain(message ?? '');
  });

  test('with an offset that the zone of the server has for now', async () => {
    await on('Europe/Berlin');
    await witness.query(`SET GLOBAL init_connect = 'SET SESSION timestamp = ${Date.UTC(2026, 0, 15) / 1_000}'`);
    try {
      expect(await zones({ timeZone: '+01:00' })).toEqual([
        expect.objectContaining({
          code: 'time-zone-summer',
          severity: 'warning',
          message: expect.stringContaining('+01:00'),
        }),
      ]);
      expect(await zones({ timeZone: '+02:00' })).toEqual([]); // they never said that it is the server's
    } finally {
      await witness.query("SET GLOBAL init_connect = ''");
    }
  });

  test('on servers with different zones', async () => {
    const other = await startMariadb({ settings: { 'default-time-zone': '+09:00' } });
    const there = await Witness.connect(other);
    try {
      await there.table('session', create);
      const { host, port, user, password } = other;
      const servers = [connection, { host, port, user, password, database: 'test' }];
      await on('+02:00');
      const found = await zones({ connection: servers, timeZone: '+02:00' });
      expect(found).toEqual([
        expect.objectContaining({
          code: 'time-zone-servers',
          severity: 'warning',
          servers: [`${host}:${server.port}`, `${host}:${port}`],
          message: expect.stringContaining(`+09:00 on ${host}:${port}`),
        }),
      ]);
      await on('+09:00');
      expect(await zones({ connection: servers, timeZone: '+09:00' })).toEqual([]);
    } finally {
      await there.end();
      await other.stop();
    }
  }, 60_000);
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
