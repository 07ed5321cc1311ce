import assert from 'node:assert/strict';
import type { SessionSnapshot, SessionStore } from '../stores/store.ts';
import { bytes, newId, text, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** Reading without the lock. */
export function readContract(
  test: ContractRunner['test'],
  { make, makeOld, readsMayWait = false }: StoreUnderTest,
): void {
  /** Reads while the lock is held; `undefined` where the read waited for it. */
  async function readLocked(store: SessionStore, id: string): Promise<SessionSnapshot | undefined> {
    try {
      return await store.read(id);
    } catch (error) {
      if (!readsMayWait) throw error;
      assert.equal((error as { code?: unknown }).code, 'ERR_SESSION_LOCK_TIMEOUT');
      return undefined;
    }
  }

  test('read(): what was committed last, while the lock is held', async () => {
    const [a, b, id] = [make({ lockTimeout: 2 }), make({ lockTimeout: 2 }), newId()];
    await writeText(a, id, 'before');
    await withLease(a, id, async (lease) => {
      // In the same store, and in another one.
      for (const store of [a, b]) {
        const snapshot = await readLocked(store, id);
        if (snapshot) assert.equal(text(snapshot.data), 'before');
      }
      await lease.commit({ data: bytes('after') });
    });
    for (const store of [a, b]) assert.equal(text((await store.read(id)).data), 'after');
    await Promise.all([a.close(), b.close()]);
  });

  test('read() makes no request wait', async () => {
    const [store, id] = [make({ lockTimeout: 2 }), newId()];
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    assert.equal(await writeText(store, id, 'after'), 'written');
    assert.equal(text(snapshot.data), 'before');
    await store.close();
  });

  test('read() of a session that does not exist, of one that is about to, and of what is no id', async () => {
    const [store, id] = [make({ lockTimeout: 2 }), newId()];
    await withLease(store, id, async () => {
      for (const missing of [id, newId(), 'no id!', '']) {
        const snapshot = await readLocked(store, missing);
        if (snapshot === undefined) continue;
        assert.equal(snapshot.data, undefined);
        assert.equal(await snapshot.touch(), 'gone');
      }
    });
    assert.equal((await store.read(id)).data, undefined);
    await store.close();
  });

  test('touch() of what was read changes no data, and revives nothing', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    await writeText(store, id, 'after');
    assert.equal(await snapshot.touch(), 'touched');
    assert.equal(text((await store.read(id)).data), 'after');
    await withLease(store, id, (lease) => lease.destroy());
    await snapshot.touch();
    assert.equal((await store.read(id)).data, undefined);
    await store.close();
  });

  test('read() can be given up', async () => {
    const store = make();
    const reason = new Error('the client went away');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(store.read(newId(), { signal }), (error: unknown) => error === reason);
    await store.close();
  });

  test('read() of a closed store', async () => {
    const store = make();
    await store.close();
    await assert.rejects(store.read(newId()), { code: 'ERR_SESSION_UNAVAILABLE' });
  });

  if (makeOld === undefined) return;

  test('what was read is used when it is touched: gc() leaves it', async () => {
    const [store, id, old] = [make(), newId(), newId()];
    for (const each of [id, old]) {
      await writeText(store, each, 'x');
      await makeOld(each, 2_000_000);
    }
    assert.equal(await (await store.read(id)).touch(), 'touched');
    await store.read(old);
    await store.gc(1_000_000);
    assert.equal(text((await store.read(id)).data), 'x');
    assert.equal((await store.read(old)).data, undefined);
    await store.close();
  });
}
