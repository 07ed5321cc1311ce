import assert from 'node:assert/strict';
import { bytes, newId, read, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** How a lease ends, and what stays of it. */
export function leaseContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  test('create: false leaves the table as it is, and takes no lock', async () => {
    const [store, id] = [make(), newId()];
    await withLease(
      store,
      id,
      async (lease) => {
        assert.deepEqual([lease.data, lease.writable], [undefined, false]);
        assert.equal(await writeText(store, id, 'by another request'), 'written');
        assert.equal(await lease.commit({ data: bytes('x') }), 'gone');
        await assert.rejects(lease.rename(newId()), { code: 'ERR_SESSION_CLOSED' });
        await lease.destroy();
      },
      { create: false },
    );
    assert.equal(await read(store, id), 'by another request');
    await store.close();
  });

  test('commit() without data sets the time only', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'kept');
    assert.equal(await withLease(store, id, (lease) => lease.commit({})), 'touched');
    assert.equal(await read(store, id), 'kept');
    await store.close();
  });

  test('commit() with the bytes that were there', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'same');
    assert.equal(await writeText(store, id, 'same'), 'written');
    assert.equal(await read(store, id), 'same');
    await store.close();
  });

  test('a lease ends once, and can be released twice', async () => {
    const [store, id] = [make(), newId()];
    const lease = await store.open(id);
    await lease.commit({ data: bytes('1') });
    const closed = { code: 'ERR_SESSION_CLOSED' };
    await assert.rejects(lease.commit({ data: bytes('2') }), closed);
    await assert.rejects(lease.destroy(), closed);
    await assert.rejects(lease.rename(newId()), closed);
    await Promise.all([lease.release(), lease.release()]);
    assert.equal(await read(store, id), '1');
    await store.close();
  });

  test('a lease that was released is closed', async () => {
    const [store, id] = [make(), newId()];
    const lease = await store.open(id);
    await lease.release();
    await assert.rejects(lease.commit({ data: bytes('late') }), { code: 'ERR_SESSION_CLOSED' });
    assert.equal(await read(store, id), undefined);
    await store.close();
  });

  test('release() waits for a commit() that is under way', async () => {
    const [store, id] = [make(), newId()];
    const lease = await store.open(id);
    const committed = lease.commit({ data: bytes('slow') });
    await lease.release();
    assert.equal(await committed, 'written');
    assert.equal(await read(store, id), 'slow');
    await store.close();
  });

  test('destroy() deletes; a request that waited finds nothing', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'logged in');
    const logout = await store.open(id);
    const waiting = store.open(id, { create: false });
    assert.equal(await logout.destroy(), 'destroyed');
    const lease = await waiting;
    assert.deepEqual([lease.data, lease.writable], [undefined, false]);
    assert.equal(await lease.destroy(), 'gone');
    await lease.release();
    await logout.release();
    await store.close();
  });

  test('destroy(), and another store waited: it may begin anew', async () => {
    const [a, b, id] = [make(), make(), newId()];
    await writeText(a, id, 'logged in');
    const logout = await a.open(id);
    const waiting = b.open(id);
    await logout.destroy();
    await logout.release();
    const lease = await waiting;
    assert.deepEqual([lease.data, lease.writable], [undefined, true]);
    assert.equal(await lease.commit({ data: bytes('anew') }), 'written');
    await lease.release();
    assert.equal(await read(a, id), 'anew');
    await Promise.all([a.close(), b.close()]);
  });

  test('destroy() of a session that was never stored', async () => {
    const [store, id] = [make(), newId()];
    assert.equal(await withLease(store, id, (lease) => lease.destroy()), 'gone');
    assert.equal(await read(store, id), undefined);
    await store.close();
  });
}
