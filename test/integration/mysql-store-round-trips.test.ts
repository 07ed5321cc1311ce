import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import type { SessionLease, SessionStore } from '../../src/stores/store.ts';
import { newId, withLease, writeText } from '../../src/testing/leases.ts';
import { Relay } from './mysql-relay.ts';
import { storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// How often the store waits for the database.

const table = 'store_turns';
let relay: Relay;
let store: SessionStore;
let witness: Witness;

const commit = (id: string, change: { data?: Uint8Array }) => () =>
  withLease(store, id, async (lease) => void (await lease.commit(change)));

async function existing(age = 1_000): Promise<string> {
  const id = newId();
  await witness.query(`INSERT INTO ${table} VALUES (?, 'a|i:1;', UNIX_TIMESTAMP() - ?)`, [id, age]);
  return id;
}

beforeAll(async () => {
  relay = await Relay.start(testServer());
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
  // One connection of each kind, which knows all statements after it has been used for each of them.
  const connection = { ...testServer(), port: relay.port, database: 'test' };
  store = storeOn(table, { connection, connectionLimit: 1, touchInterval: 60 });
  for (let round = 0; round < 2; round++) {
    const id = newId();
    await writeText(store, id, 'warm');
    await (await store.read(id)).touch();
    await withLease(store, id, (lease) => lease.destroy());
    const old = await existing();
    await (await store.read(old)).touch();
    await (await store.read(old)).replace!(utf8Bytes('warm'));
    await commit(old, { data: Buffer.alloc(40_000) })();
  }
});
afterAll(async () => {
  await store.close();
  await relay.stop();
  await witness.end();
});

describe('with the lock', () => {
  test('a new session: 3', async () => {
    expect(await relay.count(commit(newId(), { data: utf8Bytes('a|i:1;') }))).toBe(3);
  });

  test('an existing session that changed: 2', async () => {
    const id = await existing();
    expect(await relay.count(commit(id, { data: utf8Bytes('a|i:2;') }))).toBe(2);
  });

  test('one that did not change: 2, and nothing but its time is written', async () => {
    const id = await existing();
    expect(await relay.count(commit(id, {}))).toBe(2);
    expect(relay.said[1]).toContain(
      `SET \`usetime\` = CAST(UNIX_TIMESTAMP() AS SIGNED) WHERE \`id\` = '${id}'; COMMIT`,
    );
  });

  test('one that was touched just now: 2, and nothing is written', async () => {
    const id = await existing(10);
    expect(await relay.count(commit(id, {}))).toBe(2);
    expect(relay.said.join()).not.toContain('UPDATE');
  });

  test('a new id: 2', async () => {
    const id = await existing();
    const regenerate = async (lease: SessionLease) => {
      await lease.rename(newId());
      await lease.commit({ data: utf8Bytes('a|i:2;') });
    };
    expect(await relay.count(() => withLease(store, id, regenerate))).toBe(2);
  });

  test('a logout: 2', async () => {
    const id = await existing();
    expect(await relay.count(() => withLease(store, id, (lease) => lease.destroy()))).toBe(2);
  });

  test('one that is only looked at: 2', async () => {
    const id = await existing();
    expect(await relay.count(() => withLease(store, id, async () => undefined))).toBe(2);
  });

  test('one of more than 32 KB, which is sent as bytes: 3', async () => {
    const id = await existing();
    expect(await relay.count(commit(id, { data: Buffer.alloc(40_000) }))).toBe(3);
  });
});

describe('without the lock', () => {
  test('a look: 1', async () => {
    const id = await existing();
    expect(await relay.count(() => store.read(id))).toBe(1);
  });

  test('a change, if no other request has written: 2', async () => {
    const id = await existing();
    for (const size of [10, 40_000, 10]) {
      expect(await relay.count(async () => (await store.read(id)).replace!(Buffer.alloc(size)))).toBe(2);
    }
  });

  test('a change, after another request has written: 5', async () => {
    const id = await existing();
    let written = 0;
    const merge = async () => {
      const snapshot = await store.read(id);
      await witness.query(`UPDATE ${table} SET data = 'theirs|i:${written++};' WHERE id = ?`, [id]);
      const lease = await snapshot.replace!(utf8Bytes('b|i:1;'));
      if (lease === 'written') throw new Error('it was overwritten');
      await lease.commit({ data: utf8Bytes('a|i:3;b|i:1;') });
      await lease.release();
    };
    await merge(); // prepares what asks for the tombstone
    expect(await relay.count(merge)).toBe(5);
  });

  test('a change, while another request of this process has the session: not tried, as it will be another one', async () => {
    const id = await existing();
    const [snapshot, holder] = [await store.read(id), await store.open(id)];
    const merge = async () => {
      const replacing = snapshot.replace!(utf8Bytes('b|i:1;'));
      await holder.commit({ data: utf8Bytes('a|i:3;') });
      const lease = await replacing;
      if (lease === 'written') throw new Error('it was overwritten');
      await lease.commit({ data: utf8Bytes('a|i:3;b|i:1;') });
      await lease.release();
    };
    expect(await relay.count(merge)).toBe(1 + 3);
    await holder.release();
  });

  test('a look, and the time: 2; if it is not due: 1', async () => {
    const [old, young] = [await existing(), await existing(10)];
    const look = (id: string) => async () => (await store.read(id)).touch();
    expect(await relay.count(look(old))).toBe(2);
    expect(await relay.count(look(young))).toBe(1);
  });
});

test('a DATETIME in a time zone: as many', async () => {
  const name = 'store_turns_zone';
  await witness.table(name, `CREATE TABLE ${name} (id VARCHAR(64) PRIMARY KEY, data BLOB, usetime DATETIME)`);
  const connection = { ...testServer(), port: relay.port, database: 'test' };
  const [id, warm] = [newId(), newId()];
  const ours = storeOn(name, { connection, connectionLimit: 1, timeZone: 'SYSTEM' });
  for (const one of [warm, id]) await writeText(ours, one, 'n|i:1;');
  await writeText(ours, id, 'n|i:2;');
  await (await ours.read(id)).touch();
  expect(await relay.count(() => writeText(ours, id, 'n|i:3;'))).toBe(2);
  expect(await relay.count(async () => (await ours.read(id)).touch())).toBe(2);
  await ours.close();
});
