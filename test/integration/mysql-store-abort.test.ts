import { expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { sleep, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_abort';
const id = 'a'.repeat(32);

test('requests that give up while waiting, again and again, take no more connections than the limit', async () => {
  const witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
  const store = storeOn(table, { connectionLimit: 3 });
  const first = await store.open(id);
  await first.commit({ data: utf8Bytes('n|i:1;') });

  // Somebody outside of this process has the row.
  const holder = await Witness.connect();
  await holder.query(`BEGIN; SELECT * FROM ${table} WHERE id = '${id}' FOR UPDATE`);
  let most = 0;
  for (let i = 0; i < 60; i++) {
    const giveUp = new AbortController();
    const opening = store.open(id, { signal: giveUp.signal });
    await sleep(10);
    giveUp.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
    most = Math.max(most, await connections(witness));
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(3);

  // And those come back into use.
  await holder.query('ROLLBACK');
  const leases = await Promise.all(['b', 'c', 'd'].map((letter) => store.open(letter.repeat(32))));
  await Promise.all(leases.map((lease) => lease.release()));
  const again = await store.open(id);
  expect(again.data).toEqual(utf8Bytes('n|i:1;'));
  await again.release();
  await store.close();
  expect(await connections(witness)).toBe(0);
  await Promise.all([witness.end(), holder.end()]);
});

/** Statements on the table that the server works on. */
async function connections(witness: Witness): Promise<number> {
  const [row] = await witness.query(
    `SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST
      WHERE DB = 'test' AND INFO LIKE '%FROM \`${table}\`%' AND INFO NOT LIKE '%PROCESSLIST%'`,
  );
  return Number(row!.n);
}
