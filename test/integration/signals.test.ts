import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, withLease, writeText } from '../../src/testing/leases.ts';
import { heard, Signals } from '../helpers/signals.ts';
import { visit } from './canary.ts';
import { Door } from './mysql-door.ts';
import { Relay } from './mysql-relay.ts';
import { asInAnotherProcess, sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'signals';
const ms = expect.any(Number);
let witness: Witness;
const stores: SessionStore[] = [];

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
});
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
afterAll(() => witness.end());

function make(options: Partial<MysqlStoreOptions> = {}): SessionStore {
  const store = asInAnotherProcess(() => storeOn(table, options));
  stores.push(store);
  return store;
}

describe('lock', () => {
  test('another process has the session: that is no time in the queue of this one', async () => {
    const [holder, store, id] = [make(), make(), newId()];
    await writeText(store, id, 'a|i:1;');
    const lease = await holder.open(id);
    const signals = await heard(async () => {
      const opening = store.open(id);
      await sleep(200);
      await lease.release();
      await (await opening).release();
    });
    const [{ waited, queued } = { waited: 0, queued: 0 }] = signals.of('lock');
    expect(waited).toBeGreaterThan(195);
    expect(queued).toBeLessThan(100);
    // That of the holder, which began before anybody listened, has no time.
    expect(signals.of('release')).toEqual([{ held: ms }]);
  });

  test('the wait goes on after innodb_lock_wait_timeout: that is a retry, and one lock', async () => {
    const [holder, store, id] = [make(), make(), newId()];
    await writeText(store, id, 'a|i:1;');
    const lease = await holder.open(id);
    const signals = await heard(async () => {
      const opening = store.open(id);
      await sleep(2_500);
      await lease.release();
      await (await opening).release();
    });
    expect(signals.of('retry')).toEqual([{ failure: 'locked', code: 'ER_LOCK_WAIT_TIMEOUT', errno: 1205 }]);
    expect(signals.of('lock')).toEqual([{ waited: ms, queued: ms, outcome: 'locked' }]);
  });
});

describe('connection', () => {
  test('it is made; it is there; others have it', async () => {
    const store = make({ connectionLimit: 1 });
    const [one, two] = [newId(), newId()];
    const signals = await heard(async () => {
      await writeText(store, one, 'a|i:1;');
      await writeText(store, one, 'a|i:2;');
      const lease = await store.open(one);
      const opening = store.open(two);
      await sleep(100);
      await lease.release();
      await (await opening).release();
    });
    expect(signals.of('connection')).toEqual([
      { waited: ms, isNew: true },
      { waited: ms, isNew: false },
    ]);
    expect(signals.of('connection')[1]!.waited).toBeGreaterThan(95);
  });

  test('the account may have no more of them', async () => {
    await witness.query(
      'CREATE OR REPLACE USER signals@127.0.0.1 WITH MAX_USER_CONNECTIONS 1; GRANT ALL ON test.* TO signals@127.0.0.1',
    );
    const { host, port } = testServer();
    const store = make({ connection: { host, port, user: 'signals', database: 'test' }, lockTimeout: 2 });
    const signals = await heard(() =>
      withLease(store, newId(), async () => {
        const answer = await visit({ store }, (ctx) => ctx.session.a, newId());
        expect(answer.status).toBe(503);
      }),
    );
    const cause = { code: 'ER_USER_LIMIT_REACHED', errno: 1226 };
    expect(signals.of('retry')).toContainEqual({ failure: 'full', ...cause });
    expect(signals.of('refuse')).toEqual([{ code: 'ERR_SESSION_UNAVAILABLE', cause }]);
    expect(signals.of('lock').map(({ outcome }) => outcome)).toEqual(['locked', 'failed']);
    await witness.query('DROP USER signals@127.0.0.1');
  });
});

describe('retry', () => {
  test('a connection breaks while it holds the lock: the lock is taken again', async () => {
    const door = await Door.open(testServer());
    const { user, password } = testServer();
    const store = make({ connection: { host: '127.0.0.1', port: door.port, user, password, database: 'test' } });
    const id = newId();
    await writeText(store, id, 'a|i:1;');
    const signals = await heard(() =>
      withLease(store, id, async (lease) => {
        await door.kill();
        await door.reopen();
        expect(await lease.commit({ data: utf8Bytes('a|i:2;') })).toBe('written');
      }),
    );
    expect(signals.of('retry')).toMatchObject([{ failure: 'lost', code: expect.stringMatching(/^(ECONN|PROTOCOL_)/) }]);
    expect(signals.of('connection')).toEqual([{ waited: ms, isNew: true }]);
    expect(signals.of('release')).toEqual([{ held: ms }]);
    await store.close();
    await door.close();
  });

  test('the answer to COMMIT is lost: the row is looked at', async () => {
    const relay = await Relay.start(testServer());
    const store = make({ connection: { ...testServer(), port: relay.port, database: 'test' }, lockTimeout: 2 });
    const id = newId();
    await writeText(store, id, 'a|i:1;');
    const signals = await heard(() =>
      withLease(store, id, async (lease) => {
        relay.accident = 'lose the answer';
        await expect(lease.commit({ data: utf8Bytes('a|i:2;') })).rejects.toMatchObject({
          code: 'ERR_SESSION_OUTCOME_UNKNOWN',
        });
      }),
    );
    expect(signals.of('retry')).toMatchObject([{ failure: 'lost' }]);
    await store.close();
    await relay.stop();
  });

  test('a write without the lock finds the row locked: it waits for it', async () => {
    const [holder, store, id] = [make(), make(), newId()];
    await writeText(store, id, 'a|i:1;');
    const snapshot = await store.read(id);
    const lease = await holder.open(id);
    const signals = await heard(async () => {
      const replacing = snapshot.replace!(utf8Bytes('a|i:2;'));
      await sleep(1_300);
      await lease.release();
      const own = await replacing;
      if (own !== 'written') await own.release();
    });
    expect(signals.of('retry')).toEqual([{ failure: 'locked', code: 'ER_LOCK_WAIT_TIMEOUT', errno: 1205 }]);
  });
});

test('refuse: why the database is away', async () => {
  const store = make({ connection: { host: '127.0.0.1', port: 1, user: 'nobody' } });
  const signals = await heard(() => visit({ store }, (ctx) => ctx.session.a, newId()));
  expect(signals.of('refuse')).toEqual([
    { code: 'ERR_SESSION_UNAVAILABLE', cause: { code: 'ECONNREFUSED', errno: -111 } },
  ]);
});

test('failover: from which server to which, and why; and back', async () => {
  const doors = await Promise.all([Door.open(testServer()), Door.open(testServer())]);
  const { user, password } = testServer();
  const connection = doors.map(({ port }) => ({ host: '127.0.0.1', port, user, password, database: 'test' }));
  const store = make({ connection });
  const [first, second] = doors.map(({ port }) => `127.0.0.1:${port}`);
  const signals = new Signals();
  const traffic = async (until: () => boolean) => {
    while (!until()) {
      await writeText(store, newId(), 'a|i:1;').catch(() => undefined);
      await sleep(20);
    }
  };
  await writeText(store, newId(), 'a|i:1;');
  expect(signals.of('failover')).toEqual([]);
  await doors[0]!.kill();
  await traffic(() => signals.of('failover').length === 1);
  await doors[0]!.reopen();
  await traffic(() => signals.of('failover').length === 2);
  const [away, back] = signals.stop().of('failover');
  expect(away).toMatchObject({ from: first, to: second, code: expect.stringMatching(/^(ECONN|PROTOCOL_)/) });
  expect(back).toEqual({ from: second, to: first });
  await store.close();
  await Promise.all(doors.map((door) => door.close()));
});

describe('gc', () => {
  test('how many rows were deleted', async () => {
    const store = make();
    await witness.query(`DELETE FROM ${table}`);
    for (let i = 0; i < 3; i++) await writeText(store, newId(), 'a|i:1;');
    await witness.query(`UPDATE ${table} SET usetime = 0`);
    expect((await heard(() => store.gc(60))).of('gc')).toEqual([{ rows: 3, duration: ms, failed: false }]);
    expect((await heard(() => store.gc(60))).of('gc')).toEqual([{ rows: 0, duration: ms, failed: false }]);
  });

  test('it fails', async () => {
    const store = asInAnotherProcess(() => storeOn('signals_missing'));
    stores.push(store);
    const signals = await heard(() => expect(store.gc(60)).rejects.toThrow());
    expect(signals.of('gc')).toEqual([{ rows: 0, duration: ms, failed: true }]);
  });
});
