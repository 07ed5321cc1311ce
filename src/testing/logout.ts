import assert from 'node:assert/strict';
import type { SessionStore } from '../stores/store.ts';
import { bytes, newId, read, text, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/**
 * What was read without the lock is known again: a session that is begun under the same id after a logout is another one. For stores whose
 * snapshots have `lock()`.
 */
export function logoutContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  const logOut = (store: SessionStore, id: string) => withLease(store, id, (lease) => lease.destroy());

  /** Reads, lets `meanwhile` happen, and locks: twice, as the first lock must not change what the second one says. */
  async function isOther(
    before: string | undefined,
    meanwhile: (store: SessionStore, id: string) => Promise<unknown>,
    create = false,
  ): Promise<{ isOther: boolean; data: string | undefined } | undefined> {
    const [store, other, id] = [make(), make(), newId()];
    if (before !== undefined) await writeText(store, id, before);
    const snapshot = await store.read(id);
    await meanwhile(other, id);
    const found: { isOther: boolean; data: string | undefined }[] = [];
    for (let time = 1; time <= 2; time++) {
      const lease = await snapshot.lock?.({ create });
      if (lease === undefined) break;
      if (lease.writable) found.push({ isOther: lease.isOther ?? false, data: text(lease.data) });
      await lease.release();
    }
    await Promise.all([store.close(), other.close()]);
    assert.deepEqual(found[1], found[0]);
    return found[0];
  }

  test('lock() of a snapshot: another session, after a logout', async () => {
    const [store, id] = [make(), newId()];
    const hasLock = (await store.read(id)).lock !== undefined;
    await store.close();
    if (!hasLock) return;
    const writes = (data: string) => (other: SessionStore, one: string) => writeText(other, one, data);
    const ends = logOut;
    const begunAnew = async (other: SessionStore, one: string) => {
      await ends(other, one);
      await writeText(other, one, 'another');
    };

    assert.deepEqual(await isOther('before', async () => undefined), { isOther: false, data: 'before' });
    assert.deepEqual(await isOther('before', writes('after')), { isOther: false, data: 'after' });
    assert.deepEqual(await isOther('before', begunAnew), { isOther: true, data: 'another' });
    assert.equal(await isOther('before', ends), undefined);

    assert.deepEqual(await isOther(undefined, async () => undefined, true), { isOther: false, data: undefined });
    assert.deepEqual(await isOther(undefined, writes('begun'), true), { isOther: false, data: 'begun' });
    const begunAndEnded = async (other: SessionStore, one: string) => {
      await writeText(other, one, 'begun');
      await ends(other, one);
    };
    assert.deepEqual(await isOther(undefined, begunAndEnded, true), { isOther: true, data: undefined });
  });

  test('replace(): another session, after a logout', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'before');
    const snapshot = await store.read(id);
    await logOut(store, id);
    await writeText(store, id, 'another');
    const lease = snapshot.lock && (await snapshot.replace?.(bytes('mine')));
    if (lease !== undefined) {
      assert(lease !== 'written');
      assert.deepEqual([lease.isOther, text(lease.data)], [true, 'another']);
      await lease.release();
    }
    assert.equal(await read(store, id), 'another');
    await store.close();
  });

  test('each logout counts, also within one second', async () => {
    const [store, id] = [make(), newId()];
    for (let time = 1; time <= 4; time++) {
      await writeText(store, id, `session ${time}`);
      const snapshot = await store.read(id);
      const same = await snapshot.lock?.({ create: false });
      await same?.release();
      await logOut(store, id);
      await writeText(store, id, 'another');
      const lease = await snapshot.lock?.({ create: false });
      await lease?.release();
      if (same !== undefined) assert.deepEqual([same.isOther, lease?.isOther], [false, true]);
    }
    await store.close();
  });
}
