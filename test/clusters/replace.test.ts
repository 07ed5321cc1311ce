import { expect, test } from '@jest/globals';
import type { PhpSessionError } from '../../src/errors.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, text, writeText } from '../../src/testing/leases.ts';
import { asInAnotherProcess, utf8Bytes } from '../integration/mysql-store-helpers.ts';
import { articleTable, engineUnderTest, makeTable, ownTable } from './engine.ts';

const engine = engineUnderTest();

test.each([ownTable(engine, 'replace_own'), articleTable(engine, 'replace_article')])(
  '$name: two processes count in one session that they read without its lock, each on a server of its own if there are several',
  async (table) => {
    await makeTable(engine, table);
    const [first, second = first] = engine.endpoints;
    const stores = [first!, second!].map((connection) =>
      asInAnotherProcess(() => mysqlStore({ connection, table: table.name, lockTimeout: 25 })),
    );
    const id = newId();
    await writeText(stores[0]!, id, '0');
    const next = (data: Uint8Array | undefined) => utf8Bytes(String(Number(text(data)) + 1));
    const outcomes = new Map<string, number>();
    const note = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    const countOnce = async (store: SessionStore) => {
      const snapshot = await store.read(id);
      const lease = await snapshot.replace!(next(snapshot.data));
      if (lease === 'written') return 'replaced';
      try {
        return await lease.commit({ data: next(lease.data) });
      } finally {
        await lease.release();
      }
    };
    const count = async (store: SessionStore) => {
      for (let done = 0; done < 50; ) {
        try {
          note(await countOnce(store));
          done++;
        } catch (error) {
          const { code } = error as PhpSessionError;
          expect(code).toMatch(/^ERR_SESSION_(CONFLICT|LOCK_TIMEOUT|OUTCOME_UNKNOWN)$/);
          note(code);
        }
      }
    };
    await Promise.all(stores.map(count));
    const last = Number(await read(stores[1]!, id));
    expect(last).toBeGreaterThanOrEqual(100);
    expect(last).toBeLessThanOrEqual(100 + (outcomes.get('ERR_SESSION_OUTCOME_UNKNOWN') ?? 0));
    expect(outcomes.get('replaced')).toBeGreaterThan(0);
    await Promise.all(stores.map((store) => store.close()));
    process.stdout.write(`\n  ${table.name}: counter at ${last}: ${JSON.stringify([...outcomes])}\n`);
  },
);
