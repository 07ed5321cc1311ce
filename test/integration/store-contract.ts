import type { describe, expect, test } from '@jest/globals';
import type { SessionStore } from '../../src/stores/store.ts';

/** The functions of the test runner that the contract uses. */
export interface Runner {
  describe: typeof describe;
  test: typeof test;
  expect: typeof expect;
}

/** What every store must be able to be made with here; the defaults are its own. */
export interface ContractOptions {
  /** Milliseconds. */
  timeout?: number;
  maxWaiters?: number;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => data && new TextDecoder().decode(data);
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let counter = 0;
/** An id that no other test uses. */
export const newId = (): string => `contract,${process.pid}-${(counter++).toString(36)}`.slice(0, 32);

/** Opens, hands the lease over, and releases it whatever happens. */
export async function withLease<T>(
  store: SessionStore,
  id: string,
  use: (lease: Awaited<ReturnType<SessionStore['open']>>) => Promise<T>,
  options?: Parameters<SessionStore['open']>[1],
): Promise<T> {
  const lease = await store.open(id, options);
  try {
    return await use(lease);
  } finally {
    await lease.release();
  }
}

export const read = (store: SessionStore, id: string): Promise<string | undefined> =>
  withLease(store, id, async (lease) => text(lease.data), { create: false });

export const writeText = (store: SessionStore, id: string, data: string): Promise<string> =>
  withLease(store, id, (lease) => lease.commit({ data: bytes(data) }));

/** What every `SessionStore` promises, whatever it stores in. `make` gives a new store over the same sessions. */
export function storeContract(
  { describe, test, expect }: Runner,
  name: string,
  make: (options?: ContractOptions) => SessionStore,
): void {
  const increment = (store: SessionStore, id: string) =>
    withLease(store, id, async (lease) => {
      const before = Number(text(lease.data) ?? 0);
      await sleep(2);
      await lease.commit({ data: bytes(String(before + 1)) });
    });

  describe(name, () => {
    test('a session that does not exist: created by commit() only', async () => {
      const [store, id] = [make(), newId()];
      await withLease(store, id, async (lease) => {
        expect([lease.data, lease.writable]).toEqual([undefined, true]);
      });
      expect(await read(store, id)).toBeUndefined();
      expect(await writeText(store, id, 'a|i:1;')).toBe('written');
      expect(await read(store, id)).toBe('a|i:1;');
      await store.close();
    });

    test('create: false leaves the table as it is, and takes no lock', async () => {
      const [store, id] = [make(), newId()];
      await withLease(
        store,
        id,
        async (lease) => {
          expect([lease.data, lease.writable]).toEqual([undefined, false]);
          expect(await writeText(store, id, 'by another request')).toBe('written');
          expect(await lease.commit({ data: bytes('x') })).toBe('gone');
          await expect(lease.rename(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
          await lease.destroy();
        },
        { create: false },
      );
      expect(await read(store, id)).toBe('by another request');
      await store.close();
    });

    test.each(['', 'a b', 'ümlaut', 'a%', "a'", 'a\0', 'x'.repeat(257), 'A|B'])(
      '%j is no id: like a session that neither exists nor may be created',
      async (id) => {
        const store = make();
        await withLease(store, id, async (lease) => {
          expect([lease.data, lease.writable]).toEqual([undefined, false]);
          expect(await lease.commit({ data: bytes('x') })).toBe('gone');
        });
        await store.close();
      },
    );

    test('commit() without data sets the time only', async () => {
      const [store, id] = [make(), newId()];
      await writeText(store, id, 'kept');
      expect(await withLease(store, id, (lease) => lease.commit({}))).toBe('touched');
      expect(await read(store, id)).toBe('kept');
      await store.close();
    });

    test('what was not committed is not there', async () => {
      const [store, id] = [make(), newId()];
      await writeText(store, id, 'first');
      await withLease(store, id, async (lease) => lease.rename(newId()));
      expect(await read(store, id)).toBe('first');
      await store.close();
    });

    test('the lock is free after commit(), before release()', async () => {
      const [store, id] = [make({ timeout: 2_000 }), newId()];
      const first = await store.open(id);
      await first.commit({ data: bytes('1') });
      expect(await read(store, id)).toBe('1');
      await first.release();
      await store.close();
    });

    test('a lease ends once, and can be released twice', async () => {
      const [store, id] = [make(), newId()];
      const lease = await store.open(id);
      await lease.commit({ data: bytes('1') });
      const closed = { code: 'ERR_SESSION_CLOSED' };
      await expect(lease.commit({ data: bytes('2') })).rejects.toMatchObject(closed);
      await expect(lease.destroy()).rejects.toMatchObject(closed);
      await expect(lease.rename(newId())).rejects.toMatchObject(closed);
      await Promise.all([lease.release(), lease.release()]);
      expect(await read(store, id)).toBe('1');
      await store.close();
    });

    test('release() waits for a commit() that is under way', async () => {
      const [store, id] = [make(), newId()];
      const lease = await store.open(id);
      const committed = lease.commit({ data: bytes('slow') });
      await lease.release();
      expect(await committed).toBe('written');
      expect(await read(store, id)).toBe('slow');
      await store.close();
    });

    test('16 requests of one session exclude each other, over two stores', async () => {
      const [a, b, id] = [make(), make(), newId()];
      await Promise.all(Array.from({ length: 16 }, (_, i) => increment(i % 2 ? a : b, id)));
      expect(await read(a, id)).toBe('16');
      await Promise.all([a.close(), b.close()]);
    });

    test('sessions do not wait for each other', async () => {
      const store = make({ timeout: 2_000 });
      const ids = Array.from({ length: 8 }, newId);
      const leases = await Promise.all(ids.map((id) => store.open(id)));
      await Promise.all(leases.map((lease, i) => lease.commit({ data: bytes(`data ${i}`) })));
      await Promise.all(leases.map((lease) => lease.release()));
      expect(await Promise.all(ids.map((id) => read(store, id)))).toEqual(ids.map((_, i) => `data ${i}`));
      await store.close();
    });

    test('destroy() deletes; whoever waited finds nothing', async () => {
      const [store, id] = [make(), newId()];
      await writeText(store, id, 'logged in');
      const logout = await store.open(id);
      const waiting = store.open(id, { create: false });
      await logout.destroy();
      const lease = await waiting;
      expect([lease.data, lease.writable]).toEqual([undefined, false]);
      await lease.release();
      await logout.release();
      await store.close();
    });

    test('destroy() of a session that was never stored', async () => {
      const [store, id] = [make(), newId()];
      await withLease(store, id, (lease) => lease.destroy());
      expect(await read(store, id)).toBeUndefined();
      await store.close();
    });

    test('rename() moves the row', async () => {
      const [store, id, next] = [make(), newId(), newId()];
      await writeText(store, id, 'guest');
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        expect(await lease.commit({ data: bytes('user') })).toBe('written');
      });
      expect([await read(store, id), await read(store, next)]).toEqual([undefined, 'user']);
      const last = newId();
      await withLease(store, next, async (lease) => {
        await lease.rename(last);
        expect(await lease.commit({})).toBe('touched');
      });
      expect([await read(store, next), await read(store, last)]).toEqual([undefined, 'user']);
      await store.close();
    });

    test('rename() of a new session', async () => {
      const [store, id, next] = [make(), newId(), newId()];
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        await lease.commit({ data: bytes('user') });
      });
      expect([await read(store, id), await read(store, next)]).toEqual([undefined, 'user']);
      await store.close();
    });

    test('rename() never overwrites another session', async () => {
      const [store, id, taken] = [make(), newId(), newId()];
      await writeText(store, id, 'mine');
      await writeText(store, taken, 'theirs');
      await withLease(store, id, async (lease) => {
        await expect(lease.rename('no id!')).rejects.toMatchObject({ code: 'ERR_SESSION_ID' });
        await lease.rename(taken);
        await expect(lease.commit({ data: bytes('x') })).rejects.toMatchObject({ code: 'ERR_SESSION_ID' });
      });
      expect([await read(store, id), await read(store, taken)]).toEqual(['mine', 'theirs']);
      await store.close();
    });

    test('the lock that cannot be had until the deadline', async () => {
      const [a, b, id] = [make(), make({ timeout: 300 }), newId()];
      const holder = await a.open(id);
      await expect(b.open(id)).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
      await holder.release();
      expect(await writeText(b, id, 'free again')).toBe('written');
      await Promise.all([a.close(), b.close()]);
    });

    test('too many waiters', async () => {
      const [store, id] = [make({ maxWaiters: 1 }), newId()];
      const holder = await store.open(id);
      const waiting = store.open(id);
      await expect(store.open(id)).rejects.toMatchObject({ code: 'ERR_SESSION_BUSY' });
      await holder.release();
      await (await waiting).release();
      await store.close();
    });

    test('waiting can be given up, and then is not in the way of others', async () => {
      const [store, id] = [make(), newId()];
      const holder = await store.open(id);
      const controller = new AbortController();
      const given = store.open(id, { signal: controller.signal });
      const patient = store.open(id);
      const reason = new Error('the client went away');
      controller.abort(reason);
      await expect(given).rejects.toBe(reason);
      await expect(store.open(id, { signal: controller.signal })).rejects.toBe(reason);
      await holder.release();
      await (await patient).release();
      await store.close();
    });

    test('close() waits for leases and refuses new ones', async () => {
      const [store, id] = [make(), newId()];
      const lease = await store.open(id);
      const closed = store.close();
      await expect(store.open(newId())).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
      expect(await lease.commit({ data: bytes('last') })).toBe('written');
      await lease.release();
      await closed;
      const other = make();
      expect(await read(other, id)).toBe('last');
      await other.close();
    });

    test('close() does not wait for ever', async () => {
      const [store, id] = [make(), newId()];
      const lease = await store.open(id);
      await store.close(50);
      await expect(lease.commit({ data: bytes('x') })).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' });
      await lease.release();
      const other = make();
      expect(await read(other, id)).toBeUndefined();
      await other.close();
    });

    test('collect() refuses what is no lifetime', async () => {
      const store = make();
      await expect(store.collect(-1)).rejects.toThrow(TypeError);
      await expect(store.collect(Number.NaN)).rejects.toThrow(TypeError);
      await store.close();
    });
  });
}
