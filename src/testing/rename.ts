import assert from 'node:assert/strict';
import { bytes, newId, read, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './store-contract.ts';

/** A session that gets a new id: PHP's `session_regenerate_id()`. */
export function renameContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  test('rename() moves the row', async () => {
    const [store, id, next, last] = [make(), newId(), newId(), newId()];
    await writeText(store, id, 'guest');
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      assert.equal(await lease.commit({ data: bytes('user') }), 'written');
    });
    assert.deepEqual([await read(store, id), await read(store, next)], [undefined, 'user']);
    await withLease(store, next, async (lease) => {
      await lease.rename(last);
      assert.equal(await lease.commit({}), 'touched');
    });
    assert.deepEqual([await read(store, next), await read(store, last)], [undefined, 'user']);
    await store.close();
  });

  test('rename() that was not committed is not done', async () => {
    const [store, id, next] = [make(), newId(), newId()];
    await writeText(store, id, 'first');
    await withLease(store, id, async (lease) => lease.rename(next));
    assert.deepEqual([await read(store, id), await read(store, next)], ['first', undefined]);
    await store.close();
  });

  test('rename() of a new session', async () => {
    const [store, id, next] = [make(), newId(), newId()];
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      await lease.commit({ data: bytes('user') });
    });
    assert.deepEqual([await read(store, id), await read(store, next)], [undefined, 'user']);
    await store.close();
  });

  test('rename() twice, and back to the first id', async () => {
    const [store, id, next] = [make(), newId(), newId()];
    await writeText(store, id, 'guest');
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      await lease.rename(id);
      assert.equal(await lease.commit({ data: bytes('user') }), 'written');
    });
    assert.deepEqual([await read(store, id), await read(store, next)], ['user', undefined]);
    await store.close();
  });

  test('rename(), and whoever waited for the old id finds nothing', async () => {
    const [a, b, id, next] = [make(), make(), newId(), newId()];
    await writeText(a, id, 'guest');
    const lease = await a.open(id);
    const waiting = b.open(id, { create: false });
    await lease.rename(next);
    await lease.commit({ data: bytes('user') });
    await lease.release();
    const late = await waiting;
    assert.deepEqual([late.data, late.writable], [undefined, false]);
    await late.release();
    await Promise.all([a.close(), b.close()]);
  });

  test('rename() never overwrites another session', async () => {
    const [store, id, taken] = [make(), newId(), newId()];
    await writeText(store, id, 'mine');
    await writeText(store, taken, 'theirs');
    await withLease(store, id, async (lease) => {
      await assert.rejects(lease.rename('no id!'), { code: 'ERR_SESSION_ID' });
      await lease.rename(taken);
      await assert.rejects(lease.commit({ data: bytes('x') }), { code: 'ERR_SESSION_ID' });
    });
    assert.deepEqual([await read(store, id), await read(store, taken)], ['mine', 'theirs']);
    await store.close();
  });
}
