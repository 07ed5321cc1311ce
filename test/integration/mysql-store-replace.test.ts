import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import type { SessionLease, SessionSnapshot, SessionStore } from '../../src/stores/store.ts';
import { newId, read, text, withLease, writeText } from '../../src/testing/leases.ts';
import { Door } from './mysql-door.ts';
import { type Accident, Relay } from './mysql-relay.ts';
import { asInAnotherProcess, sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

/** Compare-and-swap: one statement writes a session if it is unchanged since it was read without the lock. */
const table = 'store_replace';
let witness: Witness;
let store: SessionStore;
let other: SessionStore;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
  store = storeOn(table);
  other = asInAnotherProcess(() => storeOn(table));
});
afterAll(async () => {
  await Promise.all([store.close(), other.close()]);
  await witness.end();
});

async function readBack(
  from: SessionStore,
  before: string,
  writer = from,
): Promise<{ id: string; snapshot: SessionSnapshot }> {
  const id = newId();
  await writeText(writer, id, before);
  return { id, snapshot: await from.read(id) };
}

/** `'written'`, or what the lease says, which is then given back. */
async function outcome(replacing: Promise<'written' | SessionLease>): Promise<unknown> {
  const lease = await replacing;
  if (lease === 'written') return lease;
  await lease.release();
  return { locked: text(lease.data), writable: lease.writable };
}

const latin1 = (characters: string) => Buffer.from(characters, 'latin1');

describe.each([
  ['MEDIUMBLOB', {}, true],
  ['VARBINARY(1000)', {}, true],
  ['TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', {}, true],
  ['TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci', { phpCharset: 'latin1' }, true],
  ['VARCHAR(1000) CHARACTER SET latin1 COLLATE latin1_swedish_ci', {}, true],
  ['VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', {}, true],
  ['TEXT CHARACTER SET ucs2', {}, false], // what the server makes of it has to be looked at before COMMIT
] as const)('a column %s', (type, options, inOneStep) => {
  const name = `store_${type.replace(/COLLATE|CHARACTER SET/g, '').replace(/\W+/g, '_')}`.toLowerCase();
  const ofType = () => storeOn(name, options);

  beforeAll(() =>
    witness.table(
      name,
      `CREATE TABLE ${name} (id CHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, data ${type}, usetime INT)`,
    ),
  );

  test.each([
    ['bob', 'Bob'],
    ['bob', 'bob '],
    ['bob ', 'bob'],
    ['', ' '],
    ['u', 'ü'],
    ['ss', 'ß'],
  ])('%j is not %j', async (before, theirs) => {
    const ours = ofType();
    const { id, snapshot } = await readBack(ours, before);
    const data = { phpCharset: 'utf8mb4', ...options }.phpCharset === 'latin1' ? latin1(theirs) : Buffer.from(theirs);
    await withLease(ours, id, (lease) => lease.commit({ data }));
    const lease = await snapshot.replace!(utf8Bytes('mine'));
    if (lease === 'written') throw new Error('it took the one for the other');
    expect(Buffer.from(lease.data!)).toEqual(data);
    await lease.release();
    await ours.close();
  });

  test('what is the same is replaced', async () => {
    const ours = ofType();
    for (const before of ['', 'a|i:1;', 'ends in blanks  ', "it's 100% \\ ?"]) {
      const { id, snapshot } = await readBack(ours, before);
      const replaced = await outcome(snapshot.replace!(utf8Bytes('mine')));
      expect(replaced).toEqual(inOneStep ? 'written' : { locked: before, writable: true });
      expect(await read(ours, id)).toBe(inOneStep ? 'mine' : before);
    }
    await ours.close();
  });

  test('NULL is what an empty session is', async () => {
    const [ours, id] = [ofType(), newId()];
    await witness.query(`INSERT INTO ${name} (id) VALUES (?)`, [id]);
    const replaced = await outcome((await ours.read(id)).replace!(utf8Bytes('mine')));
    expect(replaced).toEqual(inOneStep ? 'written' : { locked: '', writable: true });
    await ours.close();
  });

  test('the row of an id in other letters, with the same data, is left alone', async () => {
    const ours = ofType();
    const { id, snapshot } = await readBack(ours, 'same');
    const upper = id.toUpperCase();
    await witness.query(`UPDATE ${name} SET id = ? WHERE id = ?`, [upper, id]);
    expect(await outcome(snapshot.replace!(utf8Bytes('mine')))).toEqual({ locked: undefined, writable: false });
    expect(await read(ours, upper)).toBe('same');
    await ours.close();
  });
});

test('bytes that are no text, into a BLOB', async () => {
  const { id, snapshot } = await readBack(store, 'before');
  const all = Uint8Array.from({ length: 512 }, (_, i) => i);
  expect(await snapshot.replace!(all)).toBe('written');
  const again = await store.read(id);
  expect(Buffer.from(again.data!)).toEqual(Buffer.from(all));
  expect(await again.replace!(utf8Bytes('after'))).toBe('written');
});

test('text that is not ASCII is looked at before COMMIT, so it takes the lock; it may be replaced by what is', async () => {
  const name = 'store_replace_text';
  await witness.table(name, `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime INT) CHARSET utf8mb4`);
  const ours = storeOn(name, { phpCharset: 'latin1' });
  const { id, snapshot } = await readBack(ours, 'before');
  expect(await outcome(snapshot.replace!(latin1('Zürich')))).toEqual({ locked: 'before', writable: true });
  await withLease(ours, id, (lease) => lease.commit({ data: latin1('Zürich') }));
  expect(await outcome((await ours.read(id)).replace!(utf8Bytes('Bern')))).toBe('written');
  await ours.close();
});

test('ALTER TABLE from BLOB to TEXT after it was read', async () => {
  const name = 'store_replace_altered';
  const columns = '(id CHAR(32) PRIMARY KEY, data BLOB, usetime INT) CHARSET utf8mb4';
  await witness.table(name, `CREATE TABLE ${name} ${columns}`);
  const ours = storeOn(name, { phpCharset: 'latin1' });
  const { id, snapshot } = await readBack(ours, 'before');
  await witness.query(`ALTER TABLE ${name} MODIFY data TEXT`);
  const data = Buffer.from('ü'); // the bytes of two letters in PHP's character set, which the column's would take for one
  const lease = await snapshot.replace!(data);
  if (lease === 'written') throw new Error('by the description of another column');
  await lease.commit({ data });
  await lease.release();
  expect(await witness.query(`SELECT data FROM ${name} WHERE id = ?`, [id])).toEqual([{ data: 'Ã¼' }]);
  await ours.close();
});

test('both sessions have to fit into one statement; else it takes the lock', async () => {
  const [variable] = await witness.query('SELECT @@max_allowed_packet AS bytes');
  const half = Number(variable!.bytes) / 2;
  const { id, snapshot } = await readBack(store, 'before');
  expect(await outcome(snapshot.replace!(Buffer.alloc(half - 2_000, 'a')))).toBe('written');
  const large = await store.read(id);
  expect(await outcome(large.replace!(Buffer.alloc(half - 2_000, 'b')))).toBe('written');
  const both = await (await store.read(id)).replace!(Buffer.alloc(half + 2_000, 'c'));
  if (both === 'written') throw new Error('more than max_allowed_packet');
  expect(both.data).toHaveLength(half - 2_000);
  expect(await both.commit({ data: Buffer.alloc(half + 2_000, 'c') })).toBe('written');
  await both.release();
  await withLease(store, id, (lease) => lease.destroy());
});

test('a session that expires in between is gone', async () => {
  const ours = storeOn(table, { expireOnRead: true, gcMaxlifetime: 600 });
  const { id, snapshot } = await readBack(ours, 'before');
  await witness.query(`UPDATE ${table} SET usetime = usetime - 610 WHERE id = ?`, [id]);
  expect(await outcome(snapshot.replace!(utf8Bytes('late')))).toEqual({ locked: undefined, writable: false });
  await witness.query(`UPDATE ${table} SET usetime = usetime + 20 WHERE id = ?`, [id]);
  expect(await snapshot.replace!(utf8Bytes('in time'))).toBe('written');
  await ours.close();
});

test.each(['row', 'none'] as const)('lock: %s: eight processes count and lose nothing', async (lock) => {
  const id = newId();
  await writeText(other, id, '0');
  const stores = Array.from({ length: 8 }, () => asInAnotherProcess(() => storeOn(table, { lock })));
  const next = (data: Uint8Array | undefined) => utf8Bytes(String(Number(text(data)) + 1));
  let swapped = 0;
  const count = async (one: SessionStore) => {
    for (let i = 0; i < 20; i++) {
      const snapshot = await one.read(id);
      const lease = await snapshot.replace!(next(snapshot.data));
      if (lease === 'written') swapped++;
      else {
        await lease.commit({ data: next(lease.data) });
        await lease.release();
      }
    }
  };
  await Promise.all(stores.map(count));
  expect(await read(other, id)).toBe('160');
  expect(swapped).toBeGreaterThan(0);
  await Promise.all(stores.map((one) => one.close()));
});

describe('while another request has the lock, at REPEATABLE READ', () => {
  const statements = async (start: string) => {
    const rows = await witness.query('SHOW FULL PROCESSLIST');
    return rows.filter(({ Info }) => String(Info).startsWith(start) && String(Info).includes(`\`${table}\``)).length;
  };
  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await sleep(10);
  }

  let holder: Witness;
  beforeAll(async () => {
    holder = await Witness.connect();
    const [isolation] = await holder.query('SELECT @@tx_isolation AS level');
    expect(isolation).toEqual({ level: 'REPEATABLE-READ' });
  });
  afterAll(() => holder.end());

  async function held(id: string): Promise<void> {
    await holder.query('BEGIN');
    await holder.query(`SELECT * FROM ${table} WHERE id = ? FOR UPDATE`, [id]);
  }

  test.each([
    ['who writes', `UPDATE ${table} SET data = 'theirs' WHERE id = ?`, { locked: 'theirs', writable: true }],
    ['who writes the same', `UPDATE ${table} SET usetime = 1 WHERE id = ?`, 'written'],
    ['who logs out', `DELETE FROM ${table} WHERE id = ?`, { locked: undefined, writable: false }],
  ])('%s, at once', async (_, change, expected) => {
    const { id, snapshot } = await readBack(store, 'before');
    await held(id);
    await holder.query(change, [id]);
    const replacing = outcome(snapshot.replace!(utf8Bytes('mine')));
    await until(async () => (await statements('UPDATE')) === 1);
    await holder.query('COMMIT');
    expect(await replacing).toEqual(expected);
  });

  test.each([
    ['who changes nothing', 'SELECT ?', 'before'],
    ['who writes', `UPDATE ${table} SET data = 'theirs' WHERE id = ?`, 'theirs'],
  ])('%s, after longer than a statement waits: then it waits for the lock', async (_, change, locked) => {
    const { id, snapshot } = await readBack(store, 'before');
    await held(id);
    await holder.query(change, [id]);
    const replacing = outcome(snapshot.replace!(utf8Bytes('mine')));
    await until(async () => (await statements('SELECT')) === 1);
    expect(await statements('UPDATE')).toBe(0);
    await holder.query('COMMIT');
    expect(await replacing).toEqual({ locked, writable: true });
    expect(await read(store, id)).toBe(locked);
  });

  test('until the deadline: an error, and nothing is written after that', async () => {
    const ours = storeOn(table, { lockTimeout: 0.5 });
    const { id, snapshot } = await readBack(ours, 'before');
    await held(id);
    await expect(snapshot.replace!(utf8Bytes('late'))).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
    await holder.query('COMMIT');
    expect(await read(store, id)).toBe('before');
    await ours.close();
  });

  test('of the requests of this process one waits in the database, and no more than maxWaiters for it', async () => {
    const ours = storeOn(table, { maxWaiters: 4 });
    const { id } = await readBack(ours, 'before');
    const snapshots = await Promise.all(Array.from({ length: 6 }, () => ours.read(id)));
    await held(id);
    const replacing = Promise.allSettled(snapshots.map((one, i) => outcome(one.replace!(utf8Bytes(`by ${i}`)))));
    let most = 0;
    await until(async () => {
      const waiting = (await statements('UPDATE')) + (await statements('SELECT'));
      most = Math.max(most, waiting);
      return (await statements('SELECT')) === 1;
    });
    await holder.query('COMMIT');
    expect(most).toBe(1);
    const results = await replacing;
    expect(results.slice(0, 5).map(({ status }) => status)).toEqual(Array(5).fill('fulfilled'));
    expect(results[5]).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SESSION_BUSY' } });
    await ours.close();
  });
});

describe('the connection is lost', () => {
  let relay: Relay;
  const throughRelay = (lockTimeout = 10) =>
    storeOn(table, { connection: { ...testServer(), port: relay.port, database: 'test' }, lockTimeout });

  beforeAll(async () => {
    relay = await Relay.start(testServer());
    // COM_STMT_EXECUTE, with what is to be written
    relay.isFateful = (packet) => packet[4] === 0x17 && packet.includes('after');
  });
  afterAll(() => relay.stop());

  const accidents: Accident[] = ['lose the statement', 'lose the answer'];

  describe.each(accidents)('%s', (accident) => {
    test('it is never sent again; unknown, if these bytes may be those of another request', async () => {
      const ours = throughRelay();
      const { id, snapshot } = await readBack(ours, 'before');
      relay.accident = accident;
      const replaced = outcome(snapshot.replace!(utf8Bytes('after')));
      if (accident === 'lose the statement') expect(await replaced).toEqual({ locked: 'before', writable: true });
      else await expect(replaced).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      expect(relay.accident).toBeUndefined();
      expect(await read(other, id)).toBe(accident === 'lose the statement' ? 'before' : 'after');
      await ours.close();
    });

    test('another request has written: unknown, as it may have overwritten our write', async () => {
      const ours = throughRelay();
      const { id, snapshot } = await readBack(ours, 'before');
      await writeText(other, id, 'theirs');
      relay.accident = accident;
      const replaced = snapshot.replace!(utf8Bytes('after'));
      await expect(replaced).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      expect(await read(other, id)).toBe('theirs');
      await ours.close();
    });

    test('a logout came: unknown, as it may have come after our write', async () => {
      const ours = throughRelay();
      const { id, snapshot } = await readBack(ours, 'before');
      await withLease(other, id, (lease) => lease.destroy());
      relay.accident = accident;
      const replaced = snapshot.replace!(utf8Bytes('after'));
      await expect(replaced).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      expect(await read(other, id)).toBeUndefined();
      await ours.close();
    });

    test('and the database cannot be asked any more', async () => {
      const ours = throughRelay(3.5);
      const { id, snapshot } = await readBack(ours, 'before', other); // no connection for locks is open
      relay.thenUnreachable = true;
      relay.accident = accident;
      const replaced = snapshot.replace!(utf8Bytes('after'));
      await expect(replaced).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
      relay.thenUnreachable = false;
      relay.reachAgain();
      expect(await read(other, id)).toBe(accident === 'lose the answer' ? 'after' : 'before');
      await ours.close();
    });
  });
});

test('a server that does not answer any more: unknown', async () => {
  const door = await Door.open(testServer());
  const ours = storeOn(table, {
    connection: { ...testServer(), port: door.port, database: 'test' },
    lockTimeout: 3.5,
  });
  const connecting = await readBack(ours, 'before');
  expect(await connecting.snapshot.replace!(utf8Bytes('after'))).toBe('written');
  const { id, snapshot } = await readBack(ours, 'before');
  door.freeze();
  await expect(snapshot.replace!(utf8Bytes('after'))).rejects.toMatchObject({ code: 'ERR_SESSION_OUTCOME_UNKNOWN' });
  await door.reopen();
  expect(['before', 'after']).toContain(await read(other, id));
  await ours.close();
  await door.close();
});
