import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { PhpSessionError } from '../../src/errors.ts';
import { type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
import { asInAnotherProcess, utf8Bytes } from '../integration/mysql-store-helpers.ts';
import { engineUnderTest, makeTable, ownTable } from './engine.ts';

const engine = engineUnderTest();
const table = ownTable(engine, 'writers');
const [first, second] = engine.endpoints;

if (engine.name !== 'galera') {
  test('of Galera only', () => expect(engine.name).not.toBe('galera'));
} else {
  describe('Galera, with two nodes that are written to', () => {
    let stores: [SessionStore, SessionStore];
    const storeOn = (connection: MysqlStoreOptions['connection']) =>
      asInAnotherProcess(() => mysqlStore({ connection, table: table.name, lockTimeout: 25 }));

    beforeAll(async () => {
      await makeTable(engine, table);
      stores = [storeOn(first!), storeOn(second!)];
    });
    afterAll(() => Promise.all(stores.map((store) => store.close())));

    test('what one node has committed, the other one shows at once', async () => {
      const [here, there] = stores;
      const id = newId();
      const plain = await createConnection(second!);
      const rounds = 100;
      let stale = 0;
      for (let i = 0; i < rounds; i++) {
        await writeText(here, id, `a${i}`);
        const [[row]] = (await plain.query(`SELECT data FROM ${table.name} WHERE id = '${id}'`)) as unknown as [
          { data: Buffer }[],
        ];
        if (String(row?.data) !== `a${i}`) stale++;
        await writeText(here, id, `b${i}`);
        expect(Buffer.from((await there.read(id)).data ?? []).toString()).toBe(`b${i}`);
        await writeText(here, id, `c${i}`);
        expect(await read(there, id)).toBe(`c${i}`);
      }
      await plain.end();
      process.stdout.write(
        `\n  of ${rounds} reads without wsrep_sync_wait on another node, ${stale} were stale; with it none\n`,
      );
    });

    test("PHP's handler: what one node has committed, another one shows at once", async () => {
      const to = JSON.stringify({ connection: second, options: { table: table.name } });
      const reader = spawn('php', ['test/clusters/reader.php', to], { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: reader.stdout })[Symbol.asyncIterator]();
      const id = newId();
      for (let i = 0; i < 100; i++) {
        await writeText(stores[0], id, `n|i:${i};`);
        reader.stdin.write(`${id}\n`);
        expect((await lines.next()).value).toBe(`{"n":${i}}`);
      }
      reader.stdin.end();
    });

    test('both count in one session: the second one is refused or begins again, and nothing is lost', async () => {
      const id = newId();
      await writeText(stores[0], id, '0');
      let unknown = 0;
      const refused = new Map<string, number>();
      const count = async (store: SessionStore) => {
        for (let done = 0; done < 50; ) {
          try {
            await withLease(store, id, async (lease) => {
              await lease.commit({ data: utf8Bytes(String(Number(Buffer.from(lease.data!).toString()) + 1)) });
            });
            done++;
          } catch (error) {
            const { code } = error as PhpSessionError;
            refused.set(code, (refused.get(code) ?? 0) + 1);
            if (code === 'ERR_SESSION_OUTCOME_UNKNOWN') unknown++;
            else expect(code).toMatch(/^ERR_SESSION_(CONFLICT|LOCK_TIMEOUT)$/);
          }
        }
      };
      await Promise.all(stores.map(count));
      const last = Number(await read(stores[0], id));
      expect(last).toBeGreaterThanOrEqual(100);
      expect(last).toBeLessThanOrEqual(100 + unknown);
      expect(await read(stores[1], id)).toBe(String(last));
      process.stdout.write(
        `\n  two writers, 50 increments each, counter at ${last}: ${JSON.stringify([...refused])}\n`,
      );
    });

    test('both hold the lock: one commits, the other one gets an error', async () => {
      const id = newId();
      await writeText(stores[0], id, 'before');
      const leases = await Promise.all(stores.map((store) => store.open(id)));
      const results = await Promise.allSettled(leases.map((lease, i) => lease.commit({ data: utf8Bytes(`by ${i}`) })));
      await Promise.all(leases.map((lease) => lease.release()));
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results[winner]).toMatchObject({ value: 'written' });
      expect(results[1 - winner]).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SESSION_CONFLICT' } });
      expect(await Promise.all(stores.map((store) => read(store, id)))).toEqual([`by ${winner}`, `by ${winner}`]);
    });

    test('both create the same session: it is one', async () => {
      const results: string[] = [];
      for (let i = 0; i < 20; i++) {
        const id = newId();
        const ends = await Promise.allSettled(stores.map((store, n) => writeText(store, id, `by ${n}`)));
        const [a, b] = await Promise.all(stores.map((store) => read(store, id)));
        expect(a).toMatch(/^by [01]$/);
        expect(b).toBe(a);
        results.push(ends.map((end) => (end.status === 'fulfilled' ? end.value : end.reason.code)).join());
        for (const end of ends) {
          if (end.status === 'rejected') expect(end.reason.code).toMatch(/^ERR_SESSION_(CONFLICT|OUTCOME_UNKNOWN)$/);
        }
      }
      expect(results.every((each) => each.includes('written'))).toBe(true);
    });

    test('a session that the other node has deleted stays deleted', async () => {
      const id = newId();
      await writeText(stores[0], id, 'before');
      await withLease(stores[1], id, async (lease) => {
        await withLease(stores[0], id, (other) => other.destroy());
        expect(await lease.commit({ data: utf8Bytes('after') })).toBe('gone');
      });
      expect(await read(stores[0], id)).toBeUndefined();
    });
  });
}
