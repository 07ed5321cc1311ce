import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Failover } from '../../src/stores/mysql/failover.ts';
import { electGcLeader, renewGcLeader } from '../../src/stores/mysql/gc-leader.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';
import { ConnectionPool } from '../../src/stores/mysql/pool.ts';
import { Rows } from '../../src/stores/mysql/rows.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { numbersTo } from '../helpers/numbers.ts';
import { type Harness, startHarness, type Table } from '../php/harness.ts';
import { sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_collector';
const columns = 'id VARBINARY(128) PRIMARY KEY, data BLOB NOT NULL, usetime INT UNSIGNED NOT NULL, KEY (usetime)';
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.query("SET time_zone = '+00:00'");
});

afterAll(async () => {
  await witness.end();
});

const count = async (id: string) =>
  Number((await witness.query(`SELECT COUNT(*) AS n FROM ${table} WHERE id = ?`, [id]))[0]!.n);
const insertOld = (id: string) =>
  witness.query(`INSERT INTO ${table} VALUES (?, 'n|i:1;', UNIX_TIMESTAMP() - 5000)`, [id]);

describe.each<[string, string, Partial<MysqlStoreOptions>]>([
  ['the table that we recommend', `CREATE TABLE ${table} (${columns})`, {}],
  ["the article's", `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP NULL)`, {}],
  ['padded ids', `CREATE TABLE ${table} (id BINARY(32) PRIMARY KEY, data BLOB, usetime DATETIME)`, {}],
  [
    'a time zone',
    `CREATE TABLE ${table} (id VARCHAR(64) PRIMARY KEY, data BLOB, usetime DATETIME)`,
    { timeZone: '+02:00' },
  ],
  [
    'a time zone, and when a session ends',
    `CREATE TABLE ${table} (id VARCHAR(64) PRIMARY KEY, data BLOB, usetime DATETIME)`,
    { timeZone: 'SYSTEM', timeMeaning: 'expiresAt' },
  ],
  [
    'a table that says when a session ends',
    `CREATE TABLE ${table} (id VARCHAR(64) PRIMARY KEY, data BLOB, usetime INT)`,
    { timeMeaning: 'expiresAt' },
  ],
])('whose turn it is: %s', (_, create, options) => {
  /** The answers to several processes that ask at the same time. */
  async function turns(processes: number): Promise<number> {
    const won = await Promise.all(Array.from({ length: processes }, () => inAProcess(electGcLeader)));
    return won.filter(Boolean).length;
  }
  async function inAProcess<T>(work: (pool: ConnectionPool, rows: Rows, timeout: number) => Promise<T>) {
    const connection = { ...testServer(), database: 'test' };
    const settings = readOptions({ connection, table, gcMaxlifetime: 86_400, gcInterval: 600, ...options });
    const pool = new ConnectionPool(settings, new Failover(settings), { autocommit: true, limit: 1 });
    const result = await work(pool, new Rows(settings, pool, pool), 10_000);
    await pool.close();
    return result;
  }
  const isDate = !/INT/.test(create);
  const shift = (seconds: number) =>
    witness.query(`UPDATE ${table} SET usetime = usetime + ${isDate ? 'INTERVAL ? SECOND' : '?'}`, [seconds]);

  beforeEach(() => witness.table(table, create));

  test('one of 8, once in an interval', async () => {
    expect(await turns(8)).toBe(1);
    expect(await turns(8)).toBe(0);
    await shift(-500);
    expect(await turns(1)).toBe(0);
    await shift(-100);
    expect(await turns(8)).toBe(1);
    expect(await turns(8)).toBe(0);
    expect(await witness.query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: 1 }]);
  });

  test('a process that takes longer keeps the turn', async () => {
    expect(await turns(1)).toBe(1);
    await shift(-500);
    await inAProcess(renewGcLeader);
    await shift(-500);
    expect(await turns(8)).toBe(0);
    await shift(-100);
    expect(await turns(8)).toBe(1);
  });

  test('of a row that another gc has deleted', async () => {
    expect(await turns(2)).toBe(1);
    await witness.query(`DELETE FROM ${table}`);
    expect(await turns(8)).toBe(1);
    expect(await turns(2)).toBe(0);
  });

  test('of a time that a wrong clock has set', async () => {
    expect(await turns(1)).toBe(1);
    await shift(86_400 * 365);
    expect(await turns(8)).toBe(1);
    expect(await turns(2)).toBe(0);
  });
});

describe('a store with gcInterval', () => {
  const store = (options: Partial<MysqlStoreOptions> = {}) =>
    storeOn(table, { gcMaxlifetime: 1_440, gcInterval: 1, ...options });

  beforeEach(() => witness.table(table, `CREATE TABLE ${table} (${columns})`));

  test('keeps the turn for as long as it collects', async () => {
    await witness.query(
      `INSERT INTO ${table} SELECT CONCAT('old-', seq), 'n|i:1;', UNIX_TIMESTAMP() - 5000 FROM ${numbersTo(20_000)}`,
    );
    const collecting = store();
    const left = async () => Number((await witness.query(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n);
    const ages = [];
    while ((await left()) > 19_900) await sleep(20);
    while ((await left()) > 2_000) {
      const [turn] = await witness.query(
        `SELECT UNIX_TIMESTAMP() - usetime AS age FROM ${table} WHERE id = '<collector>'`,
      );
      ages.push(Number(turn!.age));
      await sleep(100);
    }
    // The collection took longer than the interval; its row was never as old as that, and a second.
    expect(ages.length).toBeGreaterThan(11);
    expect(Math.max(...ages)).toBeLessThanOrEqual(2);
    await collecting.close();
  });

  test('collects old sessions, again and again, and no others', async () => {
    const stores = [store(), store()];
    const id = newId();
    await writeText(stores[0]!, id, 'n|i:1;');
    for (const round of ['first', 'second']) {
      await insertOld(round);
      while ((await count(round)) > 0) await sleep(20);
    }
    expect(await read(stores[1]!, id)).toBe('n|i:1;');
    await Promise.all(stores.map((one) => one.close()));
  });

  test('reports failures, and continues', async () => {
    await witness.query(`DROP TABLE ${table}`);
    const errors: (Error & { code?: string })[] = [];
    const ours = store({ onGcError: (error) => errors.push(error) });
    while (errors.length < 2) await sleep(20);
    expect(errors.map(({ code }) => code)).toEqual(Array(errors.length).fill('ERR_SESSION_TABLE'));
    await witness.query(`CREATE TABLE ${table} (${columns})`);
    await insertOld('old');
    while ((await count('old')) > 0) await sleep(20);
    await ours.close();
  });

  test('reports failures by a warning, without onGcError', async () => {
    await witness.query(`DROP TABLE ${table}`);
    // Jest gives each test file a process object of its own, on which no warning arrives.
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const ours = store();
    while (emitWarning.mock.calls.length === 0) await sleep(20);
    expect(emitWarning.mock.calls[0]).toEqual([
      expect.stringContaining('Old sessions were not collected: the session table cannot be used'),
      { type: 'PhpSessionBridge', code: 'ERR_SESSION_TABLE' },
    ]);
    emitWarning.mockRestore();
    await ours.close();
  });

  test('stops when it is closed, and keeps no process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const ours = store();
    expect(timers()).toBe(before);
    while ((await count('<collector>')) === 0) await sleep(20);
    await ours.close();
    await insertOld('old');
    await sleep(1_500);
    expect(await count('old')).toBe(1);
  });

  test('closed while it collects', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [`old${i}`, 'x', 1]);
    await witness.query(`INSERT INTO ${table} VALUES ?`, [rows]);
    const errors: (Error & { code?: string })[] = [];
    const ours = store({ onGcError: (error) => errors.push(error) });
    const left = async () => Number((await witness.query(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n);
    while ((await left()) >= 20_000);
    await ours.close();
    const after = await left();
    expect(after).toBeGreaterThan(1);
    await sleep(200);
    expect([await left(), errors]).toEqual([after, []]);
  });
});

describe('its row is no session', () => {
  const phpTable: Table = { title: 'collector', name: 'store_collector_php', columns, options: {} };
  let php: Harness;

  beforeAll(async () => {
    await witness.query(`DROP TABLE IF EXISTS ${phpTable.name}`);
    php = await startHarness([phpTable]);
  });
  afterAll(() => php.stop());

  test.each(['0', '1'])('in PHP, with use_strict_mode = %s, and in Node', async (strict) => {
    const id = '<collector>';
    await php.put(phpTable, id, '');
    const answer = await php.ask(
      { driver: 'pdo', table: phpTable, id, ini: { 'session.use_strict_mode': strict } },
      '$handler->start(); $_SESSION["a"] = 1; return session_id();',
    );
    expect(answer.cookie).toBe(answer.result);
    expect(answer.result).toMatch(/^[A-Za-z0-9,-]{22,}$/);
    const store = storeOn(phpTable.name);
    const lease = await store.open(id);
    expect([lease.data, lease.writable, await lease.commit({ data: utf8Bytes('x') })]).toEqual([
      undefined,
      false,
      'gone',
    ]);
    expect(await php.row(phpTable, id)).toBe('');
    await store.close();
  });
});
