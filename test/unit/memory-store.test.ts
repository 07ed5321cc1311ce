import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type MemorySession, memoryStore } from '../../src/stores/memory.ts';
import { storeContract } from '../../src/testing/index.ts';
import { bytes, newId, read, text, withLease, writeText } from '../../src/testing/leases.ts';

const sessions = new Map<string, MemorySession>();

storeContract({ describe, test }, 'the store in memory', {
  make: (options) => memoryStore({ sessions, gcMaxlifetime: 10_000_000, ...options }),
  async makeOld(id, seconds) {
    sessions.set(id, { ...sessions.get(id)!, usedAt: Date.now() - seconds * 1000 });
  },
});

describe('the store in memory', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** A store whose clock can be set on. */
  function withClock(options: Parameters<typeof memoryStore>[0] = {}) {
    const map = new Map<string, MemorySession>();
    let passed = 0;
    const start = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => start + passed);
    const pass = (seconds: number) => {
      passed += seconds * 1000;
    };
    return { store: memoryStore({ sessions: map, ...options }), map, pass };
  }

  test('a session that was not used for gcMaxlifetime counts as none', async () => {
    const { store, pass } = withClock({ gcMaxlifetime: 100 });
    const [id, used] = [newId(), newId()];
    for (const each of [id, used]) await writeText(store, each, 'x');
    pass(99);
    await (await store.read(used)).touch();
    const snapshot = await store.read(id);
    pass(2);
    expect([await read(store, id), await read(store, used)]).toEqual([undefined, 'x']);
    expect(await snapshot.touch()).toBe('gone');
    expect(await snapshot.replace!(bytes('mine'))).toMatchObject({ data: undefined, writable: false });
    expect(await writeText(store, id, 'anew')).toBe('written');
    expect(await read(store, id)).toBe('anew');
  });

  test('memory is freed by new sessions, and what is held, or still lives, stays', async () => {
    const { store, map, pass } = withClock({ gcMaxlifetime: 100 });
    const [held, lives] = [newId(), newId()];
    for (let i = 0; i < 50; i++) await writeText(store, newId(), 'old');
    await writeText(store, held, 'held');
    const lease = await store.open(held);
    pass(90);
    await writeText(store, lives, 'x');
    pass(70);
    expect(map.size).toBe(52);
    await writeText(store, newId(), 'new');
    expect([...map.keys()]).toEqual([held, lives, expect.any(String)]);
    await lease.release();
  });

  test('a full store refuses new sessions, drops none, and takes them again when there is room', async () => {
    const { store, map, pass } = withClock({ gcMaxlifetime: 100, maxSessions: 3 });
    const ids = [newId(), newId(), newId()];
    for (const id of ids) await writeText(store, id, 'x');
    await expect(writeText(store, newId(), 'y')).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
    const renamed = withLease(store, ids[0]!, async (lease) => {
      await lease.rename(newId());
      return lease.commit({ data: bytes('z') });
    });
    await expect(renamed).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
    expect(await writeText(store, ids[0]!, 'changed')).toBe('written');
    expect([...map].map(([id, { data }]) => [id, text(data)])).toEqual([
      [ids[0], 'changed'],
      [ids[1], 'x'],
      [ids[2], 'x'],
    ]);
    pass(101);
    expect(await writeText(store, newId(), 'y')).toBe('written');
    expect(map.size).toBe(1);
  });

  test('a map that has more than maxSessions takes what is written to sessions that it has', async () => {
    const { store, map } = withClock({ maxSessions: 3 });
    const small = memoryStore({ sessions: map, maxSessions: 1 });
    const [id, other] = [newId(), newId()];
    for (const each of [id, other]) await writeText(store, each, 'x');
    expect(await writeText(small, id, 'y')).toBe('written');
    expect(await withLease(small, id, (lease) => lease.commit({}))).toBe('touched');
    expect(await read(store, id)).toBe('y');
    await expect(writeText(small, newId(), 'z')).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
  });

  test('bytes are its own: neither what was handed in nor what was handed out', async () => {
    const [store, id] = [memoryStore(), newId()];
    const mine = bytes('before');
    await withLease(store, id, (lease) => lease.commit({ data: mine }));
    mine.fill(33);
    for (const { data } of [await store.read(id), await store.open(id, { create: false })]) data!.fill(34);
    expect(text((await store.read(id)).data)).toBe('before');
    await store.close(1);
  });

  test('two stores have nothing in common, unless they share a map', async () => {
    const [a, b, id] = [memoryStore(), memoryStore(), newId()];
    await writeText(a, id, 'x');
    expect(await read(b, id)).toBeUndefined();
    const [one, other] = [await a.open(id), await b.open(id)];
    await Promise.all([one.release(), other.release()]);
  });

  test('a wrong option', () => {
    expect(() => memoryStore({ maxSession: 1 } as object)).toThrow('maxSession is not an option of memoryStore()');
    expect(() => memoryStore({ lockTimeout: 0 })).toThrow('lockTimeout must be a number of seconds');
    for (const options of [null, 5, [], new Map()]) {
      expect(() => memoryStore(options as never)).toThrow('memoryStore() needs an object with its options');
    }
    expect(() => memoryStore({ sessions: {} as never })).toThrow('sessions must be a Map');
  });
});
