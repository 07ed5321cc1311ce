import assert from 'node:assert/strict';
import { bytes, newId, read } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** The end of a store. */
export function closingContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  test('close() waits for leases and refuses new ones', async () => {
    const [store, id] = [make(), newId()];
    const lease = await store.open(id);
    const closed = store.close();
    await assert.rejects(store.open(newId()), { code: 'ERR_SESSION_UNAVAILABLE' });
    assert.equal(await lease.commit({ data: bytes('last') }), 'written');
    await lease.release();
    await closed;
    const other = make();
    assert.equal(await read(other, id), 'last');
    await other.close();
  });

  test('close() does not wait for ever', async () => {
    const [store, id] = [make(), newId()];
    const lease = await store.open(id);
    await store.close(50);
    await assert.rejects(lease.commit({ data: bytes('x') }), { code: 'ERR_SESSION_UNAVAILABLE' });
    await lease.release();
    const other = make();
    assert.equal(await read(other, id), undefined);
    await other.close();
  });

  test('close() again, and before the first session', async () => {
    const store = make();
    await store.close();
    await store.close();
    await assert.rejects(store.open(newId()), { code: 'ERR_SESSION_UNAVAILABLE' });
    await assert.rejects(store.gc(1_000_000), { code: 'ERR_SESSION_UNAVAILABLE' });
  });
}
