import { afterAll, describe, expect, test } from '@jest/globals';
import {
  type CheckOptions,
  checkTable,
  createTableSql,
  type Finding,
  type FindingCode,
  grantSql,
} from '../../src/mysql.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { KNOWN_TABLES } from '../integration/mysql-check-tables.ts';
import { engineUnderTest, onEngine, storeOfNextProcess } from './engine.ts';

const engine = engineUnderTest();
const { name, endpoints, tableEngine } = engine;
const isNdb = name === 'ndb';
const table = 'check_table';

afterAll(() => onEngine(engine, `DROP TABLE IF EXISTS ${table}`));

const make = (create: string) =>
  onEngine(engine, `DROP TABLE IF EXISTS ${table}`, ...create.split(';').filter((sql) => sql.trim() !== ''));
const check = (options: Partial<CheckOptions> = {}) => checkTable({ connection: endpoints, table, ...options });

/** What there is to say about the table, on the first server. */
async function ofTable(options: Partial<CheckOptions> = {}): Promise<Finding[]> {
  const all = await check({ connection: endpoints[0]!, ...options });
  return all.filter(({ code }) => !/^(server|galera|not|ndb-lock)-/.test(code));
}

const codes = (findings: Finding[]) => findings.map(({ code }) => code);

/** What is good to know about a server of this engine as it is installed. */
const USUAL: Record<typeof name, FindingCode[]> = {
  mariadb: ['server-isolation', 'server-wait-timeout'],
  mysql: ['server-isolation', 'server-wait-timeout'],
  ndb: ['ndb-lock-wait', 'server-wait-timeout'],
  galera: ['galera-sync-wait', 'galera-writers', 'server-isolation', 'server-wait-timeout'],
};

test('the table of createTableSql() has no findings, and each server the usual ones', async () => {
  await make(createTableSql({ table, engine: tableEngine }));
  const findings = await check();
  expect(codes(findings).sort()).toEqual([...USUAL[name]].sort());
  const servers = endpoints.map(({ host, port }) => `${host}:${port}`);
  for (const finding of findings) expect(finding.servers).toEqual(servers);
});

describe.each(KNOWN_TABLES)('the table of $name', ({ create, options }) => {
  test('is mended by the SQL, and the store works on it, from each server', async () => {
    await make(create(table));
    const found = codes(await ofTable(options));
    expect(found.includes('engine-not-shared')).toBe(isNdb && /InnoDB/.test(create(table)));
    // In NDB, what is a blob shows when the table is there.
    for (let round = 0; round < 2; round++) {
      for (const { sql } of await ofTable(options)) await onEngine(engine, ...sql);
    }
    expect(await ofTable(options)).toEqual([]);
    const { processes, sidLength, ...store } = options;
    const session = { name: table, sql: '', timeType: 'int' } as const;
    const id = newId();
    for (const [i] of endpoints.entries()) {
      const ours = storeOfNextProcess(engine, session, store);
      expect(await writeText(ours, id, `x${i}`)).toBe('written');
      await ours.close();
      const next = storeOfNextProcess(engine, session, store);
      expect(await read(next, id)).toBe(`x${i}`);
      await next.close();
    }
  });
});

test('rows keep what PHP sees', async () => {
  await make(
    `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TEXT CHARACTER SET latin1, usetime TIMESTAMP NULL, KEY (usetime)) ENGINE=${tableEngine}`,
  );
  const id = newId();
  const text = 'city|s:7:"Zürich";';
  await onEngine(engine, 'SET NAMES utf8mb4', `INSERT INTO ${table} (id, data) VALUES ('${id}', '${text}')`);
  expect(codes(await ofTable())).toContain('time-null');
  for (const { sql } of await ofTable()) await onEngine(engine, ...sql);
  expect(await ofTable()).toEqual([]);
  const store = storeOfNextProcess(engine, { name: table, sql: '', timeType: 'timestamp' });
  expect(await read(store, id)).toBe(text);
  await store.close();
});

if (isNdb) {
  test('blobs are a finding, and are moved into the row', async () => {
    await make(createTableSql({ table, engine: tableEngine, blob: true }));
    const findings = await ofTable();
    expect(findings).toMatchObject([{ code: 'ndb-blob', severity: 'warning' }]);
    await onEngine(engine, `INSERT INTO ${table} VALUES ('x', REPEAT('y', 20000), 0)`, ...findings[0]!.sql);
    expect(await ofTable()).toEqual([]);
    expect(await onEngine(engine, `SELECT LENGTH(data) AS length FROM ${table}`)).toEqual([{ length: 20_000 }]);
  });

  test('NDB takes the row that is as large as the SQL makes it, with other columns beside it', async () => {
    const more =
      "ip VARCHAR(45) NOT NULL DEFAULT '', user_id BIGINT, agent TEXT, kind ENUM('a', 'b'), seen DATETIME(3)";
    const create = `CREATE TABLE ${table} (id VARCHAR(191) CHARACTER SET utf8mb4 PRIMARY KEY, data LONGBLOB NOT NULL,
      usetime INT UNSIGNED NOT NULL, ${more}, KEY (usetime), KEY (ip, seen)) ENGINE=${tableEngine}`;
    await make(create);
    for (const { sql } of await ofTable()) await onEngine(engine, ...sql);
    expect(await ofTable()).toEqual([]);
    const store = storeOfNextProcess(engine, { name: table, sql: '', timeType: 'int' });
    const id = newId();
    expect(await writeText(store, id, 'x'.repeat(28_000))).toBe('written');
    await store.close();
  });

  test('how long NDB waits for a lock is compared with the timeout', async () => {
    await make(createTableSql({ table, engine: tableEngine }));
    expect(codes(await check({ lockTimeout: 1 }))).not.toContain('ndb-lock-wait');
    expect(codes(await check({ lockTimeout: 5 }))).toContain('ndb-lock-wait');
  });
}

if (name === 'galera') {
  test('wsrep_sync_wait is mended by its SQL', async () => {
    await make(createTableSql({ table, engine: tableEngine }));
    const find = async () =>
      (await check({ connection: endpoints[0]! })).find(({ code }) => code === 'galera-sync-wait');
    try {
      await onEngine(engine, ...(await find())!.sql);
      expect(await find()).toBeUndefined();
    } finally {
      await onEngine(engine, 'SET GLOBAL wsrep_sync_wait = 0');
    }
  });
}

if (name === 'galera' || isNdb) {
  test('a named lock is refused, unless all use one server', async () => {
    await make(createTableSql({ table, engine: tableEngine }));
    const lock = { name: (id: string) => id };
    const code = 'named-lock-local';
    expect(codes(await ofTable({ lock }))).toContain(code);
    expect(codes(await ofTable({ lock: { ...lock, singleServer: true } }))).not.toContain(code);
    const session = { name: table, sql: '', timeType: 'int' } as const;
    const refusing = storeOfNextProcess(engine, session, { lock });
    await expect(refusing.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE' });
    await refusing.close();
    const allowing = storeOfNextProcess(engine, session, { lock: { ...lock, singleServer: true } });
    expect(await writeText(allowing, newId(), 'x')).toBe('written');
    await allowing.close();
  });
}

if (name === 'mysql' || isNdb) {
  test('an account without REPLICATION CLIENT, and on NDB without ndbinfo, may not see everything', async () => {
    await make(createTableSql({ table, engine: tableEngine }));
    const account = "'check_least'@'%'";
    await onEngine(engine, `DROP USER IF EXISTS ${account}`, `CREATE USER ${account} IDENTIFIED BY 'secret'`);
    await onEngine(engine, grantSql({ user: 'check_least', table: `test.${table}` }));
    try {
      const connection = { ...endpoints[0]!, user: 'check_least', password: 'secret' };
      const hidden = (await check({ connection })).find(({ code }) => code === 'not-visible');
      expect(hidden).toMatchObject({ severity: 'info' });
      expect(hidden!.sql).toHaveLength(isNdb ? 2 : 1);
      await onEngine(engine, ...hidden!.sql);
      expect(codes(await check({ connection })).sort()).toEqual([...USUAL[name]].sort());
    } finally {
      await onEngine(engine, `DROP USER ${account}`);
    }
  });

  test('MySQL remembers the setting', async () => {
    const options = { connection: endpoints[0]!, processes: 1_000 };
    const find = async () => (await check(options)).find(({ code }) => code === 'server-max-connections');
    const [{ before } = {}] = await onEngine(engine, 'SELECT @@max_connections AS `before`');
    try {
      await onEngine(engine, ...(await find())!.sql);
      expect(await find()).toBeUndefined();
      const persisted = 'SELECT COUNT(*) AS count FROM performance_schema.persisted_variables';
      expect(await onEngine(engine, `${persisted} WHERE VARIABLE_NAME = 'max_connections'`)).toEqual([{ count: 1 }]);
    } finally {
      await onEngine(engine, 'RESET PERSIST IF EXISTS max_connections', `SET GLOBAL max_connections = ${before}`);
    }
  });
}
