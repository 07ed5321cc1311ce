import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { asInAnotherProcess, storeOn, Witness } from './mysql-store-helpers.ts';

// MediaWiki's times are 14 digits, in UTC.

const table = 'store_digits';
const digits = (moment: string) => `DATE_FORMAT(${moment}, '%Y%m%d%H%i%S')`;
let witness: Witness;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.query("SET time_zone = '+00:00'");
  await witness.table(
    table,
    `CREATE TABLE ${table} (id VARBINARY(255) PRIMARY KEY, data MEDIUMBLOB, usetime BINARY(14) NOT NULL, KEY (usetime))`,
  );
});
afterAll(() => witness.end());

const put = (id: string, secondsFromNow: number) =>
  witness.query(`INSERT INTO ${table} VALUES (?, 'x', ${digits('UTC_TIMESTAMP() + INTERVAL ? SECOND')})`, [
    id,
    secondsFromNow,
  ]);

async function secondsFromNow(id: string): Promise<number> {
  const [row] = await witness.query(
    `SELECT CAST(usetime AS CHAR) AS text, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), STR_TO_DATE(CAST(usetime AS CHAR), '%Y%m%d%H%i%S')) AS seconds
       FROM ${table} WHERE id = ?`,
    [id],
  );
  expect(String(row!.text)).toMatch(/^20\d{12}$/);
  return Number(row!.seconds);
}

describe.each<[string, Partial<MysqlStoreOptions>, number]>([
  ['when a session ends', { timeMeaning: 'expiresAt', gcMaxlifetime: 3600 }, 3600],
  ['when it was used', { gcMaxlifetime: 3600 }, 0],
])('a column of digits says %s', (_, options, afterUse) => {
  const isAbout = (seconds: number, wanted: number) => Math.abs(seconds - wanted) < 20;

  test('it is set by a write, and by a touch that is due', async () => {
    const [store, id, old, recent] = [storeOn(table, { ...options, touchInterval: 60 }), newId(), newId(), newId()];
    await writeText(store, id, 'n|i:1;');
    expect(isAbout(await secondsFromNow(id), afterUse)).toBe(true);
    await put(old, afterUse - 100);
    await put(recent, afterUse - 40);
    for (const one of [old, recent]) await withLease(store, one, (lease) => lease.commit({}));
    expect(isAbout(await secondsFromNow(old), afterUse)).toBe(true);
    expect(isAbout(await secondsFromNow(recent), afterUse - 40)).toBe(true);
    await store.close();
  });

  test('a session that is over is none', async () => {
    const [store, over, still] = [storeOn(table, { ...options, expireOnRead: true }), newId(), newId()];
    await put(over, afterUse - 3605);
    await put(still, afterUse - 3500);
    expect([await read(store, over), await read(store, still)]).toEqual([undefined, 'x']);
    await store.close();
  });

  test('gc() deletes what is over', async () => {
    await witness.query(`DELETE FROM ${table}`);
    const [store, over, still] = [storeOn(table, options), newId(), newId()];
    await put(over, afterUse - 3700);
    await put(still, afterUse - 3500);
    expect(await store.gc(3600)).toBe(1);
    expect(await witness.query(`SELECT id = ? AS isStill FROM ${table}`, [still])).toEqual([{ isStill: 1 }]);
    await store.close();
  });

  test('each of three logouts is known, though they come within a second', async () => {
    const [a, b] = [storeOn(table, options), asInAnotherProcess(() => storeOn(table, options))];
    const id = newId();
    for (let round = 1; round <= 3; round++) {
      await writeText(b, id, `session ${round}`);
      const snapshot = await a.read(id);
      await withLease(b, id, (lease) => lease.destroy());
      await writeText(b, id, 'another');
      const lease = await snapshot.lock!({ create: false });
      expect(lease.isOther).toBe(true);
      await lease.release();
    }
    await Promise.all([a.close(), b.close()]);
  });
});
