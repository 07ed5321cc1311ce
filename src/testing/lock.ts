import assert from 'node:assert/strict';
import type { SessionLease } from '../stores/store.ts';
import { bytes, increment, newId, read, text, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** One lock for each id: from `open()` to the end of the lease, over all processes. */
export function lockContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  test('the lock is free after commit(), before release()', async () => {
    const [store, id] = [make({ lockTimeout: 2 }), newId()];
    const first = await store.open(id);
    await first.commit({ data: bytes('1') });
    assert.equal(await read(store, id), '1');
    await first.release();
    await store.close();
  });

  test('16 requests of one session exclude each other, over two stores', async () => {
    const [a, b, id] = [make(), make(), newId()];
    await Promise.all(Array.from({ length: 16 }, (_, i) => increment(i % 2 ? a : b, id)));
    assert.equal(await read(a, id), '16');
    await Promise.all([a.close(), b.close()]);
  });

  test('8 first requests of one new id lose nothing, over eight stores', async () => {
    const [stores, id] = [Array.from({ length: 8 }, () => make()), newId()];
    await Promise.all(stores.map((store) => increment(store, id)));
    assert.equal(await read(stores[0]!, id), '8');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('the first of 8 first requests gives up: the others go on, and leave no trace of it', async () => {
    const [stores, id] = [Array.from({ length: 8 }, () => make()), newId()];
    const [first, ...others] = stores;
    const lease = await first!.open(id);
    assert.equal(lease.data, undefined);
    const waiting = others.map((store) => increment(store, id));
    await lease.release();
    await Promise.all(waiting);
    assert.equal(await read(first!, id), '7');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('sessions do not wait for each other, new ones neither', async () => {
    const store = make({ lockTimeout: 2 });
    const ids = Array.from({ length: 8 }, newId);
    for (const data of ['first', 'second']) {
      // All are held at the same time.
      const leases: SessionLease[] = await Promise.all(ids.map((id) => store.open(id)));
      await Promise.all(leases.map((lease, i) => lease.commit({ data: bytes(`${data} ${i}`) })));
      await Promise.all(leases.map((lease) => lease.release()));
    }
    assert.deepEqual(
      await Promise.all(ids.map((id) => read(store, id))),
      ids.map((_, i) => `second ${i}`),
    );
    await store.close();
  });

  test('a request that waited reads what was written', async () => {
    const [a, b, id] = [make(), make(), newId()];
    await writeText(a, id, 'before');
    const lease = await a.open(id);
    const waiting = withLease(b, id, async ({ data }) => text(data));
    await lease.commit({ data: bytes('after') });
    await lease.release();
    assert.equal(await waiting, 'after');
    await Promise.all([a.close(), b.close()]);
  });

  test('the lock that cannot be had until the deadline', async () => {
    const [a, b, id] = [make(), make({ lockTimeout: 1 }), newId()];
    const holder = await a.open(id);
    await assert.rejects(b.open(id), { code: 'ERR_SESSION_LOCK_TIMEOUT' });
    await holder.release();
    assert.equal(await writeText(b, id, 'free again'), 'written');
    await Promise.all([a.close(), b.close()]);
  });

  test('too many waiters', async () => {
    const [store, id] = [make({ maxWaiters: 1 }), newId()];
    const holder = await store.open(id);
    const waiting = store.open(id);
    await assert.rejects(store.open(id), { code: 'ERR_SESSION_BUSY' });
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
    const isTheReason = (error: unknown) => error === reason;
    await assert.rejects(given, isTheReason);
    await assert.rejects(store.open(id, { signal: controller.signal }), isTheReason);
    await holder.release();
    await (await patient).release();
    await store.close();
  });
}
