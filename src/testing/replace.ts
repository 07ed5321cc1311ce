import assert from 'node:assert/strict';
import type { SessionLease, SessionSnapshot, SessionStore } from '../stores/store.ts';
import { bytes, newId, read, text, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** What was read without the lock is written back: `replace()`, or the lock where the store or this snapshot has none. */
export function replaceContract(test: ContractRunner['test'], { make, makeOld }: StoreUnderTest): void {
  test('replace(): no other request wrote', async () => {
    const [store, id] = [make(), newId()];
    for (const [before, after] of [
      ['', 'first'],
      ['same', 'same'],
      ['Über\\ \' "%', ''],
      ['a'.repeat(20_000), 'b'.repeat(20_000)],
    ] as const) {
      await writeText(store, id, before);
      await replaceOrWrite(store, id, await store.read(id), before, after);
      assert.equal(await read(store, id), after);
    }
    await store.close();
  });

  for (const [before, theirs] of [
    ['name|s:3:"bob";', 'name|s:3:"Bob";'],
    ['ends in a blank', 'ends in a blank '],
    ['not empty', ''],
    ['', ' '],
  ] as const) {
    test(`replace(): ${JSON.stringify(before)} has become ${JSON.stringify(theirs)}`, async () => {
      const [store, id] = [make(), newId()];
      await writeText(store, id, before);
      const snapshot = await store.read(id);
      await writeText(store, id, theirs);
      const lease = await replaceOrLock(store, id, snapshot, 'mine');
      assert(lease !== 'written');
      assert.deepEqual([text(lease.data), lease.writable], [theirs, true]);
      const waiting = read(store, id); // as it is a lock
      assert.equal(await lease.commit({ data: bytes('merged') }), 'written');
      await lease.release();
      assert.equal(await waiting, 'merged');
      await store.close();
    });
  }

  test('replace(): what has been deleted meanwhile stays deleted', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    await withLease(store, id, (lease) => lease.destroy());
    const lease = await replaceOrLock(store, id, snapshot, 'mine');
    assert(lease !== 'written');
    assert.deepEqual([lease.data, lease.writable], [undefined, false]);
    await lease.release();
    assert.equal(await read(store, id), undefined);
    await store.close();
  });

  test('replace() waits for the lock, and sees what its holder has written', async () => {
    const [a, b, id] = [make(), make(), newId()];
    await writeText(a, id, 'before');
    const snapshot = await a.read(id);
    const holder = await b.open(id);
    const replacing = replaceOrLock(a, id, snapshot, 'mine');
    await holder.commit({ data: bytes('theirs') });
    await holder.release();
    const lease = await replacing;
    assert(lease !== 'written');
    assert.equal(text(lease.data), 'theirs');
    await lease.release();
    await Promise.all([a.close(), b.close()]);
  });

  test('replace(): the lock that cannot be had until the deadline; nothing is written later', async () => {
    const [a, b, id] = [make({ lockTimeout: 0.3 }), make(), newId()];
    await writeText(b, id, 'before');
    const snapshot = await a.read(id);
    const holder = await b.open(id);
    await assert.rejects(replaceOrLock(a, id, snapshot, 'mine'), { code: 'ERR_SESSION_LOCK_TIMEOUT' });
    await holder.release();
    assert.equal(await read(b, id), 'before');
    await Promise.all([a.close(), b.close()]);
  });

  test('16 requests of one session that read without the lock lose nothing, over two stores', async () => {
    const [a, b, id] = [make(), make(), newId()];
    await writeText(a, id, '0');
    const count = async (store: SessionStore) => {
      const snapshot = await store.read(id);
      const next = (data: Uint8Array | undefined) => String(Number(text(data)) + 1);
      const lease = await replaceOrLock(store, id, snapshot, next(snapshot.data));
      if (lease === 'written') return;
      await lease.commit({ data: bytes(next(lease.data)) });
      await lease.release();
    };
    for (let round = 1; round <= 3; round++) {
      await Promise.all(Array.from({ length: 16 }, (_, i) => count(i % 2 ? a : b)));
      assert.equal(await read(a, id), String(16 * round));
    }
    await Promise.all([a.close(), b.close()]);
  });

  test('replace() of a closed store', async () => {
    const [store, other, id] = [make(), make(), newId()];
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    await store.close();
    await assert.rejects(replaceOrLock(store, id, snapshot, 'mine'), { code: 'ERR_SESSION_UNAVAILABLE' });
    assert.equal(await read(other, id), 'before');
    await other.close();
  });

  if (makeOld === undefined) return;

  test('what is replaced is used: gc() leaves it', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'before');
    await makeOld(id, 2_000_000);
    await replaceOrWrite(store, id, await store.read(id), 'before', 'after');
    await store.gc(1_000_000);
    assert.equal(await read(store, id), 'after');
    await store.close();
  });
}

async function replaceOrLock(
  store: SessionStore,
  id: string,
  snapshot: SessionSnapshot,
  data: string,
): Promise<'written' | SessionLease> {
  return (await snapshot.replace?.(bytes(data))) ?? store.open(id, { create: false });
}

/** Where no other request has written: a lease, if there is one, is on what was read. */
async function replaceOrWrite(
  store: SessionStore,
  id: string,
  snapshot: SessionSnapshot,
  before: string,
  data: string,
): Promise<void> {
  const lease = await replaceOrLock(store, id, snapshot, data);
  if (lease === 'written') return;
  assert.equal(text(lease.data), before);
  assert.equal(await lease.commit({ data: bytes(data) }), 'written');
  await lease.release();
}
