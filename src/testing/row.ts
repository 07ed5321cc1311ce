import assert from 'node:assert/strict';
import { bytes, newId, read, withLease, writeText } from './leases.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/** What a row holds: bytes, under an id that is compared as bytes. */
export function rowContract(test: ContractRunner['test'], { make, makeOld }: StoreUnderTest): void {
  test('a session that does not exist: created by commit() only', async () => {
    const [store, id] = [make(), newId()];
    await withLease(store, id, async (lease) => {
      assert.deepEqual([lease.data, lease.writable], [undefined, true]);
    });
    assert.equal(await read(store, id), undefined);
    assert.equal(await writeText(store, id, 'a|i:1;'), 'written');
    assert.equal(await read(store, id), 'a|i:1;');
    await store.close();
  });

  test('an empty session is one that exists', async () => {
    const [store, id] = [make(), newId()];
    assert.equal(await writeText(store, id, ''), 'written');
    assert.equal(await read(store, id), '');
    await writeText(store, id, 'a|i:1;');
    assert.equal(await writeText(store, id, ''), 'written');
    assert.equal(await read(store, id), '');
    await store.close();
  });

  test('every byte comes back; a store for text may refuse it, and leaves what was there', async () => {
    const [store, id] = [make(), newId()];
    const data = Uint8Array.from({ length: 4096 }, (_, i) => (i < 256 ? i : i * 7));
    await unchangedOrRefused(store, id, data, 'ERR_SESSION_CHARSET');
    await unchangedOrRefused(store, id, bytes('é\u0000 \u{1F600} \\ \' " % ends in blanks   '), 'ERR_SESSION_CHARSET');
    await store.close();
  });

  test('20,000 bytes are no problem; a million may be too large, and leave what was there', async () => {
    const [store, id] = [make(), newId()];
    const large = new Uint8Array(20_000).fill(97);
    assert.equal(await withLease(store, id, (lease) => lease.commit({ data: large })), 'written');
    assert.equal((await read(store, id))?.length, 20_000);
    await unchangedOrRefused(store, id, new Uint8Array(1_000_000).fill(98), 'ERR_SESSION_TOO_LARGE');
    await store.close();
  });

  test('an id in other letters is another session, or none', async () => {
    const [store, id] = [make(), `${newId()},case`];
    await writeText(store, id, 'lower');
    const other = id.toUpperCase();
    assert.equal(await read(store, other), undefined);
    const result = await writeText(store, other, 'upper');
    assert.equal(await read(store, id), 'lower');
    assert.equal(await read(store, other), result === 'written' ? 'upper' : undefined);
    await store.close();
  });

  for (const id of ['', 'a b', 'ümlaut', 'a%', "a'", 'a\0', 'x'.repeat(257), 'A|B']) {
    test(`${JSON.stringify(id)} is no id: like a session that neither exists nor may be created`, async () => {
      const store = make();
      await withLease(store, id, async (lease) => {
        assert.deepEqual([lease.data, lease.writable], [undefined, false]);
        assert.equal(await lease.commit({ data: bytes('x') }), 'gone');
      });
      await store.close();
    });
  }

  test('gc() refuses what is no lifetime', async () => {
    const store = make();
    await assert.rejects(store.gc(-1), TypeError);
    await assert.rejects(store.gc(Number.NaN), TypeError);
    await store.close();
  });

  test('gc() leaves what was used lately', async () => {
    const [store, id] = [make(), newId()];
    await writeText(store, id, 'fresh');
    await store.gc(1_000_000);
    assert.equal(await read(store, id), 'fresh');
    await store.close();
  });

  if (makeOld === undefined) return;

  test('gc() deletes what was not used for longer, and what is used is not old', async () => {
    const store = make();
    const [old, written, touched] = [newId(), newId(), newId()];
    for (const id of [old, written, touched]) {
      await writeText(store, id, 'x');
      await makeOld(id, 2_000_000);
    }
    await writeText(store, written, 'y');
    await withLease(store, touched, (lease) => lease.commit({}));
    assert.ok((await store.gc(1_000_000)) >= 1);
    assert.deepEqual(
      [await read(store, old), await read(store, written), await read(store, touched)],
      [undefined, 'y', 'x'],
    );
    await store.close();
  });
}

type Store = ReturnType<StoreUnderTest['make']>;

async function unchangedOrRefused(store: Store, id: string, data: Uint8Array, code: string): Promise<void> {
  await writeText(store, id, 'before');
  const refused = await withLease(store, id, (lease) => lease.commit({ data })).catch((error: unknown) => error);
  if (refused !== 'written') assert.equal((refused as { code?: unknown }).code, code);
  await withLease(store, id, async (lease) => {
    const expected = refused === 'written' ? data : bytes('before');
    assert.deepEqual(Buffer.from(lease.data ?? []), Buffer.from(expected));
  });
}
