import { setTimeout as realSleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PhpSessionError } from '../../src/errors.ts';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { Door } from './mysql-door.ts';
import { sleep, storeOn, testServer, utf8Bytes, Witness } from './mysql-store-helpers.ts';

const table = 'store_endpoints';
let witness: Witness;
let doors: Door[];
let store: SessionStore;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
});
afterAll(() => witness.end());

beforeEach(async () => {
  doors = await Promise.all([Door.open(testServer()), Door.open(testServer()), Door.open(testServer())]);
  store = make();
});
afterEach(async () => {
  jest.useRealTimers();
  await store.close();
  await Promise.all(doors.map((door) => door.close()));
});

const make = (options: Partial<MysqlStoreOptions> = {}) => {
  const { user, password } = testServer();
  const at = ({ port }: Door) => ({ host: '127.0.0.1', port, user, password, database: 'test' });
  return storeOn(table, { connection: doors.map(at), ...options });
};

/** Waits for what will come, whatever became of the store's clock; Jest's limit ends it if it does not. */
const until = async (condition: () => boolean) => {
  while (!condition()) await realSleep(5);
};

/**
 * From now on time passes for a new store by `jest.advanceTimersByTime()` alone: on a machine that is busy an answer comes late by any
 * real clock, and the other servers are looked at, as they should be. `timers`: its timers stand still too.
 */
function stopClock({ timers }: { timers: boolean }) {
  const faked = ['performance', ...(timers ? ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] : [])];
  jest.useFakeTimers({ doNotFake: all.filter((name) => !faked.includes(name)) });
  store = make();
}
const all = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'requestAnimationFrame'] as const),
  ...(['cancelAnimationFrame', 'requestIdleCallback', 'cancelIdleCallback', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];

/** Counts in one session until it is stopped; reports the longest time without an answer. */
function traffic(id = newId()) {
  let stopped = false;
  let acknowledged = 0;
  let unknown = 0;
  let longestPause = 0;
  const errors: unknown[] = [];
  const done = (async () => {
    let last: number | undefined;
    while (!stopped) {
      try {
        await withLease(store, id, async (lease) => {
          const count = Number(Buffer.from(lease.data ?? []).toString() || 0);
          await lease.commit({ data: utf8Bytes(String(count + 1)) });
        });
        acknowledged++;
        const now = performance.now();
        longestPause = Math.max(longestPause, now - (last ?? now));
        last = now;
      } catch (error) {
        // COMMIT was under way: it was done or not.
        if ((error as PhpSessionError).code === 'ERR_SESSION_OUTCOME_UNKNOWN') unknown++;
        else errors.push(error);
      }
    }
  })();
  const more = async (n: number) => {
    const goal = acknowledged + n;
    await until(() => acknowledged >= goal);
  };
  const stop = async () => {
    stopped = true;
    await done;
    return {
      count: Number(await read(store, id)),
      acknowledged,
      unknown,
      errors,
      longestPause: Math.round(longestPause),
    };
  };
  return { more, stop };
}

describe('several servers', () => {
  test('the first one is used, and nothing but it', async () => {
    stopClock({ timers: true });
    await Promise.all(Array.from({ length: 20 }, () => writeText(store, newId(), 'x')));
    expect(doors.map(({ connections }) => connections > 0)).toEqual([true, false, false]);
    expect(doors.slice(1).map(({ arrivals }) => arrivals)).toEqual([0, 0]);
  });

  test('the first one is late: the others are looked at, and it is used all the same', async () => {
    stopClock({ timers: true });
    doors[0]!.freeze();
    const writing = writeText(store, newId(), 'x');
    await until(() => doors[0]!.arrivals > 0);
    jest.advanceTimersByTime(199);
    expect(doors.slice(1).map(({ arrivals }) => arrivals)).toEqual([0, 0]);
    jest.advanceTimersByTime(1);
    await until(() => doors.slice(1).every(({ arrivals }) => arrivals > 0));
    await doors[0]!.reopen();
    expect(await writing).toBe('written');
    expect(doors[0]!.connections).toBeGreaterThan(1); // that of the check, and that of the session
    expect(doors.slice(1).map(({ arrivals }) => arrivals)).toEqual([1, 1]);
  });

  test.each<[string, (door: Door) => unknown]>([
    ['dead', (door) => door.kill()],
    ['frozen', (door) => door.freeze()],
  ])('the first is %s from the start: the next one serves', async (_, end) => {
    await end(doors[0]!);
    for (let i = 0; i < 30; i++) expect(await writeText(store, newId(), 'x')).toBe('written');
    expect(doors[1]!.connections).toBeGreaterThan(0);
    expect(doors[2]!.connections).toBeLessThanOrEqual(1); // it was asked, as long as the second had not answered
  });

  test.each<[string, (door: Door) => unknown]>([
    ['dies', (door) => door.kill()],
    ['freezes', (door) => door.freeze()],
  ])(
    'the server in use %s under traffic, and then the next: nothing lost, and no error but of what COMMIT did',
    async (name, end) => {
      // The row of a request that was under way becomes free when the database notices: by `maxHold`, if nothing else reports it.
      store = make({ maxHold: 1 });
      const all = Array.from({ length: 4 }, () => traffic());
      for (const door of doors.slice(0, 2)) {
        await Promise.all(all.map(({ more }) => more(50)));
        await end(door);
      }
      await Promise.all(all.map(({ more }) => more(50)));
      const results = await Promise.all(all.map(({ stop }) => stop()));
      for (const { count, acknowledged, unknown, errors } of results) {
        expect(errors).toEqual([]);
        expect(unknown).toBeLessThanOrEqual(2);
        expect(count).toBeGreaterThanOrEqual(acknowledged);
        expect(count).toBeLessThanOrEqual(acknowledged + unknown);
      }
      const pauses = results.map(({ longestPause }) => longestPause);
      process.stdout.write(`\n  the server in use ${name}: longest pauses of four sessions ${pauses.join(', ')} ms\n`);
    },
  );

  test('a lease that is out when its server freezes is written by the next one', async () => {
    store = make({ maxHold: 1 });
    const id = newId();
    await writeText(store, id, 'before');
    const lease = await store.open(id);
    doors[0]!.freeze();
    expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
    expect(await read(store, id)).toBe('after');
  });

  test('what a server that is only slow may still write without a lock is waited for, while others go elsewhere', async () => {
    const id = newId();
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    doors[0]!.freeze();
    const replacing = snapshot.replace!(utf8Bytes('after'));
    await sleep(20); // it has the one connection that is open
    await store.read(newId()); // by another server
    await doors[0]!.reopen();
    expect(await replacing).toBe('written');
    expect(await read(store, id)).toBe('after');
  });

  test('goes back to the first when that has been well for a while; a lease that is out stays where it is', async () => {
    await doors[0]!.kill();
    const id = newId();
    await writeText(store, id, 'before');
    const lease = await store.open(id);
    const spare = await store.open(newId());
    await spare.release();
    await doors[0]!.reopen();
    const load = traffic();
    // The check has one connection to the first, traffic adds to it.
    await until(() => doors[0]!.connections > 1);
    await load.more(1);
    // Of the second, the connection of the lease remains, and that of the check.
    await until(() => doors[1]!.connections === 2);
    expect(await lease.commit({ data: utf8Bytes('after') })).toBe('written');
    await until(() => doors[1]!.connections === 1);
    expect((await load.stop()).errors).toEqual([]);
    expect(await read(store, id)).toBe('after');
  });

  test('requests do not follow a first server that comes and goes', async () => {
    stopClock({ timers: false });
    await doors[0]!.kill();
    const load = traffic();
    await load.more(1);
    for (let i = 0; i < 3; i++) {
      const { arrivals } = doors[0]!;
      await doors[0]!.reopen();
      jest.advanceTimersByTime(1_000); // it is looked at once a second, and trusted after five
      await until(() => doors[0]!.arrivals > arrivals); // it was seen
      await load.more(20);
      expect(doors[0]!.connections).toBeLessThanOrEqual(1);
      await doors[0]!.kill();
    }
    const { errors, unknown, count, acknowledged } = await load.stop();
    expect([errors, unknown]).toEqual([[], 0]);
    expect(count).toBe(acknowledged);
  });

  test('none is there: refused at once, and served again when one is', async () => {
    store = make({ lockTimeout: 25 });
    await writeText(store, newId(), 'x');
    for (const door of doors) await door.kill();
    // One after the other: with a wait for each, this would take longer than Jest lets it.
    for (let i = 0; i < 20; i++) {
      await expect(writeText(store, newId(), 'x')).rejects.toMatchObject({
        code: 'ERR_SESSION_UNAVAILABLE',
        cause: { code: 'ECONNREFUSED' },
      });
    }
    await doors[2]!.reopen();
    const retry = async (): Promise<string> => writeText(store, newId(), 'x').catch(retry);
    expect(await retry()).toBe('written');
  });

  test('all are frozen: new requests are refused at once, and served again when one is not', async () => {
    store = make({ lockTimeout: 1.5 });
    await writeText(store, newId(), 'x');
    for (const door of doors) door.freeze();
    // Whoever is under way has the deadline. If the others had it too, Jest would not wait for them.
    await expect(writeText(store, newId(), 'x')).rejects.toBeInstanceOf(PhpSessionError);
    for (let i = 0; i < 30; i++) {
      await expect(writeText(store, newId(), 'x')).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
    }
    await doors[1]!.reopen();
    const retry = async (): Promise<string> => writeText(store, newId(), 'x').catch(retry);
    expect(await retry()).toBe('written');
    expect(doors[1]!.connections).toBeGreaterThan(0);
  });

  test('one killed connection does not change the server', async () => {
    stopClock({ timers: true });
    const id = newId();
    await writeText(store, id, 'x');
    await withLease(store, id, async (lease) => {
      const [holder] = await witness.query(
        `SELECT trx_mysql_thread_id AS id FROM information_schema.INNODB_TRX
          JOIN information_schema.PROCESSLIST ON ID = trx_mysql_thread_id WHERE HOST IN (?)`,
        [doors[0]!.names],
      );
      await witness.query('KILL ?', [holder!.id]);
      expect(await lease.commit({ data: utf8Bytes('y') })).toBe('written');
    });
    expect(doors.map(({ arrivals }) => arrivals > 0)).toEqual([true, false, false]);
  });
});

describe('requests that wait while servers fail', () => {
  test('is let go by the signal', async () => {
    store = make({ connectionLimit: 1 });
    await writeText(store, newId(), 'x');
    for (const door of doors) door.freeze();
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    // One has the connection, the others wait for it.
    const waiting = controllers.map(({ signal }) => store.open(newId(), { signal }));
    const ended = Promise.allSettled(waiting);
    await sleep(20);
    for (const [i, controller] of controllers.entries()) controller.abort(new Error(`gone ${i}`));
    expect(await ended).toEqual([0, 1, 2].map((i) => ({ status: 'rejected', reason: new Error(`gone ${i}`) })));
  });

  test('is let go by close()', async () => {
    store = make({ connectionLimit: 1, lockTimeout: 25 });
    await writeText(store, newId(), 'x');
    for (const door of doors) door.freeze();
    const waiting = Promise.allSettled([1, 2, 3].map(() => store.open(newId())));
    await store.close(10);
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SESSION_UNAVAILABLE' } });
    }
  });
});
