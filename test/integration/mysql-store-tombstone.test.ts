import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { tombstoneOf } from '../../src/stores/mysql/tombstone.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { asInAnotherProcess, storeOn, Witness } from './mysql-store-helpers.ts';

/** The tombstone of a logout. It tells a later session under the same id from the old one. */
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
});
afterAll(() => witness.end());

const logOut = (store: SessionStore, id: string) => withLease(store, id, (lease) => lease.destroy());

describe.each([
  ['INT UNSIGNED', 'VARBINARY(128)', {}],
  ['BIGINT NULL', 'VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', {}],
  ['INT', 'CHAR(32) CHARACTER SET latin1', {}],
  ['INT', 'BINARY(32)', {}],
  ['INT', 'VARCHAR(64) CHARACTER SET ucs2', {}],
  ['TIMESTAMP NOT NULL', 'VARBINARY(128)', {}],
  ['DATETIME', 'VARBINARY(128)', { timeZone: 'UTC' }],
  ['DATETIME', 'VARBINARY(128)', { timeZone: '+05:30' }],
  ['INT UNSIGNED', 'VARBINARY(128)', { timeMeaning: 'expiresAt' }],
  ['INT', 'VARBINARY(128)', { timeMeaning: 'expiresAt', gcMaxlifetime: 2_000_000_000 }],
  ['TIMESTAMP NULL', 'VARBINARY(128)', { timeMeaning: 'expiresAt', gcMaxlifetime: 2_000_000_000 }],
  ['DATETIME', 'VARBINARY(128)', { timeZone: '-03:00', timeMeaning: 'expiresAt' }],
  ['INT UNSIGNED', 'VARBINARY(128)', { expireOnRead: true, gcMaxlifetime: 1440 }],
  ['INT UNSIGNED', 'VARBINARY(128)', { lock: 'none' }],
] as const)('a table with %s, %s, %j', (time, id, options) => {
  const name = `store_tombstone_${createHash('sha1')
    .update(`${time} ${id} ${JSON.stringify(options)}`)
    .digest('hex')}`;
  beforeAll(() => witness.table(name, `CREATE TABLE ${name} (id ${id} PRIMARY KEY, data BLOB, usetime ${time})`));

  test('each of five logouts is known', async () => {
    const [a, b] = [storeOn(name, options), asInAnotherProcess(() => storeOn(name, options))];
    const one = randomBytes(16).toString('hex');
    const early = await a.read(one);
    for (let round = 1; round <= 5; round++) {
      await writeText(b, one, `session ${round}`);
      const snapshot = await a.read(one);
      await logOut(b, one);
      await writeText(b, one, 'another');
      for (const before of [snapshot, early]) {
        const lease = await before.lock!({ create: false });
        expect(lease.isOther).toBe(true);
        await lease.release();
      }
      const same = await (await a.read(one)).lock!({ create: false });
      expect(same.isOther).toBe(false);
      await same.release();
    }
    const rows = await witness.query(`SELECT COUNT(*) AS n FROM ${name} WHERE id = ?`, [tombstoneOf(one)]);
    expect(rows).toEqual([{ n: 1 }]);
    await Promise.all([a.close(), b.close()]);
  });
});

test('a row needs more than id, data and time: there is none, and logouts work', async () => {
  const name = 'store_tombstone_more';
  await witness.table(
    name,
    `CREATE TABLE ${name} (id VARBINARY(64) PRIMARY KEY, data BLOB, usetime INT, owner INT NOT NULL)`,
  );
  const [store, id] = [storeOn(name), newId()];
  await witness.query(`INSERT INTO ${name} VALUES (?, 'a|i:1;', UNIX_TIMESTAMP(), 7)`, [id]);
  const snapshot = await store.read(id);
  await logOut(store, id);
  await witness.query(`INSERT INTO ${name} VALUES (?, 'b|i:1;', UNIX_TIMESTAMP(), 7)`, [id]);
  const lease = await snapshot.lock!({ create: false });
  expect(lease.isOther).toBe(false);
  await lease.release();
  expect(await witness.query(`SELECT id FROM ${name} WHERE id <> ?`, [id])).toEqual([]);
  await store.close();
});

test.each([
  ['a CHECK of the id', "id VARBINARY(64) PRIMARY KEY CHECK (id NOT LIKE '<%')", ''],
  [
    'a foreign key',
    'id VARBINARY(64) PRIMARY KEY, owner INT NOT NULL DEFAULT 0 REFERENCES store_tombstone_owner(id)',
    '',
  ],
  ['a trigger', 'id VARBINARY(64) PRIMARY KEY', "IF NEW.id LIKE '<%' THEN SIGNAL SQLSTATE '45000'; END IF"],
])('%s refuses it: there is none, and logouts work', async (_, columns, trigger) => {
  const name = 'store_tombstone_refused';
  await witness.table(name, `CREATE TABLE IF NOT EXISTS store_tombstone_owner (id INT PRIMARY KEY)`);
  await witness.query('INSERT IGNORE INTO store_tombstone_owner VALUES (0)');
  await witness.table(name, `CREATE TABLE ${name} (${columns}, data BLOB, usetime INT) ENGINE=InnoDB`);
  if (trigger) await witness.query(`CREATE TRIGGER ${name} BEFORE INSERT ON ${name} FOR EACH ROW ${trigger}`);
  const [store, id] = [storeOn(name), newId()];
  await writeText(store, id, 'a|i:1;');
  await witness.query('SET FOREIGN_KEY_CHECKS = 0; DELETE FROM store_tombstone_owner; SET FOREIGN_KEY_CHECKS = 1');
  expect(await logOut(store, id)).toBe('destroyed');
  expect(await witness.query(`SELECT id FROM ${name}`)).toEqual([]);
  await store.close();
});

describe('a tombstone', () => {
  const name = 'store_tombstone';
  beforeAll(() => witness.table(name, createTableSql({ table: name })));

  test('is no visitor’s session, and does not reveal the id', async () => {
    const [store, id] = [storeOn(name), newId()];
    await writeText(store, id, 'user|s:5:"alice";');
    await logOut(store, id);
    const [row, ...others] = await witness.query(`SELECT id, data FROM ${name}`);
    expect(others).toEqual([]);
    const tombstone = String(row!.id);
    expect([tombstone, String(row!.data)]).toEqual([tombstoneOf(id), '']);
    expect(tombstone).not.toContain(id.slice(0, 8));
    // A cookie with this is like none.
    expect(await read(store, tombstone)).toBeUndefined();
    const lease = await store.open(tombstone);
    expect(lease.writable).toBe(false);
    await lease.release();
    await store.close();
  });

  test('is collected as a session is', async () => {
    const [store, id] = [storeOn(name), newId()];
    await writeText(store, id, 'a|i:1;');
    await logOut(store, id);
    const count = () => witness.query(`SELECT COUNT(*) AS n FROM ${name} WHERE id = ?`, [tombstoneOf(id)]);
    await store.gc(1000);
    expect(await count()).toEqual([{ n: 1 }]);
    await witness.query(`UPDATE ${name} SET usetime = usetime - 2000`);
    await store.gc(1000);
    expect(await count()).toEqual([{ n: 0 }]);
    await store.close();
  });

  test('that is collected while a request runs is no logout', async () => {
    const [store, id] = [storeOn(name), newId()];
    await writeText(store, id, 'a|i:1;');
    await logOut(store, id);
    await writeText(store, id, 'b|i:1;');
    await witness.query(`UPDATE ${name} SET usetime = usetime - 2000 WHERE id = ?`, [tombstoneOf(id)]);
    const snapshot = await store.read(id);
    await writeText(store, id, 'b|i:2;');
    expect(await store.gc(1000)).toBe(1);
    const lease = await snapshot.lock!({ create: false });
    expect(lease.isOther).toBe(false);
    await lease.release();
    await logOut(store, id);
    await writeText(store, id, 'c|i:1;');
    const late = await snapshot.lock!({ create: false });
    expect(late.isOther).toBe(true);
    await late.release();
    await store.close();
  });

  test.each([22, 26, 32, 40, 48, 128, 256])('of an id of %i characters has as many', (length) => {
    const tombstone = tombstoneOf('x'.repeat(length));
    expect(tombstone).toHaveLength(length);
    expect(tombstone).toMatch(/^<[A-Za-z0-9,-]{21,43}>*$/);
  });
});
