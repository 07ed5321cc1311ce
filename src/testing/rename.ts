import assert from 'node:assert/strict';
import { bytes, newId, read, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** A session that gets a new id: PHP's `session_regenerate_id()`. */
export function renameContract(test: ContractRunner['test'], { make }: StoreUnderTest): void {
  test('rename() moves the row, and leaves an empty one', async () => {
    const [store, id, next, last] = [make(), newId(), newId(), newId()];
    await writeText(store, id, 'guest');
    await withLease(store, id, async (lease) => {
      await lease.rename(next);
      assert.equal(await lease.commit({ data: bytes('user') }), 'written');
    });
    assert.deepEqual([await read(store, id), await read(store, next)], ['', 'user']);
    await withLease(store, next, async (lease) => {
      await lease.rename(last);
      assert.equal(await lease.commit({}), 'touched');
    });
    assert.deepEqual([await read(store, next), await read(store, last)], ['', 'user']);
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
    assert.deepEqual([await read(store, id), await read(store, next)], ['', 'user']);
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

  test('rename() of what was left under the old id: it never leads to the new one', async () => {
    const [store, id, first, second] = [make(), newId(), newId(), newId()];
    await writeText(store, id, 'guest');
    for (const [next, text] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      await withLease(store, id, async (lease) => {
        await lease.rename(next);
        assert.equal(await lease.commit({ data: bytes(text) }), 'written');
      });
    }
    assert.deepEqual(
      [await read(store, id), await read(store, first), await read(store, second)],
      ['', 'first', 'second'],
    );
    assert.equal(await withLease(store, id, (lease) => lease.destroy()), 'destroyed');
    assert.deepEqual([await read(store, id), await read(store, first)], [undefined, 'first']);
    await store.close();
  });

  test('rename(): a request that waited for the old id finds nothing in it, and may use it', async () => {
    const [a, b, id, next] = [make(), make(), newId(), newId()];
    await writeText(a, id, 'guest');
    const lease = await a.open(id);
    const waiting = b.open(id, { create: false });
    await lease.rename(next);
    await lease.commit({ data: bytes('user') });
    await lease.release();
    const late = await waiting;
    assert.deepEqual([late.data?.length, late.writable], [0, true]);
    assert.equal(await late.commit({ data: bytes('late') }), 'written');
    await late.release();
    assert.deepEqual([await read(a, id), await read(a, next)], ['late', 'user']);
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
