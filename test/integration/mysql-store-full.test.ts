import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { classify } from '../../src/stores/mysql/errors.ts';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionLease, SessionStore } from '../../src/stores/store.ts';
import { newId, read, writeText } from '../../src/testing/leases.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { Door } from './mysql-door.ts';
import { sleep, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// A server of its own, with room for ten connections. Others ("the crowd", as PHP servers would be) take what the test leaves.

const ROOM = 10;
const table = 'store_full';
let server: Awaited<ReturnType<typeof startMariadb>>;
/** May connect to a full server: there is one place for administrators. */
let witness: Witness;
let door: Door;
const crowd: Connection[] = [];
let store: SessionStore;

beforeAll(async () => {
  server = await startMariadb({ settings: { 'max-connections': ROOM, 'max-user-connections': 50 } });
  witness = await Witness.connect(server);
  await witness.table(table, createTableSql({ table }));
  await witness.query('CREATE USER app@127.0.0.1; GRANT ALL ON test.* TO app@127.0.0.1');
  await witness.query('CREATE USER narrow@127.0.0.1; GRANT ALL ON test.* TO narrow@127.0.0.1');
}, 60_000);
afterAll(async () => {
  await witness?.end();
  await server?.stop();
});
beforeEach(async () => {
  door = await Door.open(server);
});
afterEach(async () => {
  await store.close(100);
  await Promise.all(crowd.splice(0).map((connection) => connection.end()));
  await door.close();
  await until(async () => (await inUse()) === 0);
});

const at = ({ port }: { port: number }, user = 'app') => ({ host: '127.0.0.1', port, user, database: 'test' });
const make = (options: Partial<MysqlStoreOptions> = {}) => storeOn(table, { connection: at(door), ...options });

/** Waits for what will come; Jest's limit ends it if it does not. */
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await sleep(5);
};

/** Connections beside the witness. */
const inUse = async () => {
  const [row] = await witness.query(
    'SELECT COUNT(*) - 1 AS count FROM information_schema.PROCESSLIST WHERE USER <> ""',
  );
  return Number(row!.count);
};

/** The crowd takes so many places. */
async function join(count: number): Promise<void> {
  for (let i = 0; i < count; i++) crowd.push(await createConnection(at(server)));
}

/** The crowd takes all places but those that the store has. The witness has one of the server's. */
async function fill(): Promise<void> {
  for (;;) {
    try {
      await join(1);
    } catch {
      return;
    }
  }
}

const open = (count: number) => Promise.all(Array.from({ length: count }, () => store.open(newId())));

const noRoom = {
  code: 'ERR_SESSION_UNAVAILABLE',
  message: expect.stringMatching(/no room for more connections.*connectionLimit.*max_connections/),
  cause: { code: 'ER_CON_COUNT_ERROR', errno: 1040 },
};

describe('a server that has no room for more connections', () => {
  test('refused requests share the connections, in the order in which they came', async () => {
    store = make();
    const leases = await open(2);
    await fill();
    const { arrivals } = door;
    const served: number[] = [];
    const all = Array.from({ length: 8 }, async (_, i) => {
      const lease = await store.open(newId());
      served.push(i);
      await sleep(0);
      await lease.release();
    });
    // All eight are refused, and one of them again.
    await until(() => door.arrivals > arrivals + 8);
    // One connection for all: of two that are served at once, either may be the quicker one.
    await leases[0]!.release();
    await Promise.all(all);
    expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await leases[1]!.release();
  });

  test('one asks for more at a time, of all kinds of connections, with pauses that grow, until the deadline', async () => {
    store = make({ lockTimeout: 1.5 });
    const [lease] = await open(1);
    await fill();
    const { arrivals } = door;
    const waiting = [
      ...Array.from({ length: 8 }, () => store.open(newId())),
      ...[1, 2, 3].map(() => store.read(newId())),
    ];
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: noRoom });
    }
    // The first time all eleven. Then 50 ms, 100 ms and so on, each of them at least by half.
    expect(door.arrivals - arrivals).toBeLessThan(11 + 10);
    await lease!.release();
  });

  test('when all of `connectionLimit` are in use, it is that', async () => {
    store = make({ lockTimeout: 3, connectionLimit: 2 }); // longer than a pause
    const leases = await open(1);
    await fill();
    await expect(store.open(newId())).rejects.toMatchObject(noRoom);
    await crowd.pop()!.end();
    leases.push(...(await open(1)));
    await expect(store.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_BUSY' });
    for (const lease of leases) await lease.release();
  });

  test('without a connection it continues to ask, and is served as soon as there is room', async () => {
    store = make({ lockTimeout: 25 });
    await fill();
    const { arrivals } = door;
    const opening = store.open(newId());
    const reading = store.read(newId());
    await until(() => door.arrivals > arrivals + 4);
    for (const connection of crowd.splice(0, 2)) await connection.end();
    await reading;
    await (await opening).release();
  });

  test('what the store does not need is given back soon', async () => {
    store = make({ maxHold: 600, lockTimeout: 1 });
    const leases = await open(3);
    await store.read(newId());
    await fill();
    expect(door.connections).toBe(4);
    await expect(store.open(newId())).rejects.toMatchObject(noRoom);
    for (const lease of leases) await lease.release();
    await until(() => door.connections === 0);
  });

  test('a change without the lock does not wait for room, as it can go by a connection that holds locks', async () => {
    store = make();
    const id = newId();
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    await fill();
    const { arrivals } = door;
    const lease = (await snapshot.replace!(utf8Bytes('after'))) as SessionLease;
    expect(Buffer.from(lease.data!).toString()).toBe('before');
    expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
    expect(door.arrivals - arrivals).toBe(1);
    await Promise.all(crowd.splice(0).map((connection) => connection.end()));
    expect(await read(store, id)).toBe('after');
  });

  test("a stream of the application's own that fails is an error of the waiting request", async () => {
    let failure: Error | undefined;
    const stream = () => {
      if (failure) throw failure;
      return connect(door.port, '127.0.0.1');
    };
    store = make({ lockTimeout: 5, connection: { ...at(door), stream } });
    const [lease] = await open(1);
    await fill();
    const { arrivals } = door;
    const opening = store.open(newId());
    await until(() => door.arrivals > arrivals + 1);
    failure = new Error('no stream');
    await expect(opening).rejects.toBe(failure);
    failure = undefined;
    await crowd.pop()!.end();
    await (await open(1))[0]!.release();
    await lease!.release();
  });

  test('close() ends the waiting requests', async () => {
    store = make({ lockTimeout: 25 });
    await fill();
    const { arrivals } = door;
    const waiting = Promise.allSettled([1, 2, 3].map(() => store.open(newId())));
    await until(() => door.arrivals > arrivals + 3);
    await store.close(10);
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SESSION_UNAVAILABLE' } });
    }
  });

  test('a caller that gives up leaves its place to the next', async () => {
    store = make({ lockTimeout: 25 });
    const [lease] = await open(1);
    await fill();
    const { arrivals } = door;
    const controller = new AbortController();
    const first = store.open(newId(), { signal: controller.signal });
    const second = store.open(newId());
    await until(() => door.arrivals > arrivals + 2);
    controller.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await lease!.release();
    await (await second).release();
  });
});

test('where requests wait, connections are given up after a while, so that others get room that were refused', async () => {
  store = make({ connectionLimit: 2 });
  let stopped = false;
  const visitors = Array.from({ length: 6 }, async () => {
    while (!stopped) {
      const lease = await store.open(newId());
      await sleep(2);
      await lease.release();
    }
  });
  await until(() => door.arrivals >= 4);
  stopped = true;
  await Promise.all(visitors);
});

describe('several servers', () => {
  let other: Door;

  beforeEach(async () => {
    other = await Door.open(server);
    await witness.query('GRANT USAGE ON *.* TO narrow@127.0.0.1 WITH MAX_USER_CONNECTIONS 2');
    for (let place = 1; place <= 2; place++) crowd.push(await createConnection(at(server, 'narrow')));
  });
  afterEach(() => other.close());

  test('one that is full is not left for another one', async () => {
    store = make({ connection: [at(door, 'narrow'), at(other)], lockTimeout: 1.5 });
    await expect(store.open(newId())).rejects.toMatchObject({ ...noRoom, cause: { errno: 1226 } });
    expect(door.arrivals).toBeGreaterThan(2);
    // Not asked for a session: at most looked at.
    expect(other.connections).toBeLessThanOrEqual(1);
    await crowd.pop()!.end();
    await until(
      async () =>
        await store.open(newId()).then(
          (lease) => lease.release().then(() => true),
          () => false,
        ),
    );
    expect(other.connections).toBeLessThanOrEqual(1);
  });

  test('the connection that looks whether a server is well does not keep the last place', async () => {
    await other.kill(); // it is the same server, and has the same places
    await fill();
    await crowd.pop()!.end();
    store = make({ connection: [at(door), at(other)], lockTimeout: 5 });
    const lease = await store.open(newId()); // the look at the server had come first
    const { arrivals } = door;
    await until(() => door.arrivals > arrivals + 2); // it is refused, and the server is well all the same
    expect(await lease.commit({ data: utf8Bytes('x') })).toBe('written');
  });

  test('no store returns to a server that is full', async () => {
    store = make({ connection: [at(door, 'narrow'), at(other)], lockTimeout: 1.5 });
    await door.kill();
    await writeText(store, newId(), 'x');
    await door.reopen();
    const { arrivals } = door;
    // It is looked at once a second, and would be taken after five.
    while (door.arrivals < arrivals + 8) {
      await writeText(store, newId(), 'x');
      await sleep(20);
    }
    expect(other.connections).toBeGreaterThan(1);
  });
});

test.each([
  ['max_connections', 1040, async () => fill()],
  [
    'max_user_connections',
    1203,
    async () => {
      await witness.query('SET GLOBAL max_user_connections = 1');
      await join(1);
    },
  ],
  [
    'MAX_CONNECTIONS_PER_HOUR of the account',
    1226,
    async () => {
      await witness.query('GRANT USAGE ON *.* TO app@127.0.0.1 WITH MAX_CONNECTIONS_PER_HOUR 1');
      await join(1);
    },
  ],
])('%s: %i', async (_, errno, provoke) => {
  store = make();
  try {
    await provoke();
    const error = await createConnection(at(server)).catch((reason) => reason);
    expect(error).toMatchObject({ errno, sqlState: expect.any(String) });
    expect(classify(error)).toBe('full');
  } finally {
    await witness.query(
      'SET GLOBAL max_user_connections = 50; GRANT USAGE ON *.* TO app@127.0.0.1 WITH MAX_CONNECTIONS_PER_HOUR 0',
    );
  }
});
