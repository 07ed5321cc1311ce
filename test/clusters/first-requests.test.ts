import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeSession, encodeSession } from '../../src/codec/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, withLease } from '../../src/testing/leases.ts';
import { asInAnotherProcess } from '../integration/mysql-store-helpers.ts';
import { type Answer, type Harness, startHarness } from '../php/harness.ts';
import { articleTable, engineUnderTest, makeTable, ownTable, type SessionTable, storeOfNextProcess } from './engine.ts';

// Requests that come at the same moment, to Node processes and to PHP: each has its own connection, and nothing but
// the database keeps them apart. On NDB Cluster they are spread over the SQL nodes.

const engine = engineUnderTest();
const tables = [ownTable(engine, 'first_own'), articleTable(engine, 'first_article')];
const rounds = Array.from({ length: 15 }, (_, i) => i);
let php: Harness;
let nodes: { [table: string]: SessionStore[] } = {};

beforeAll(async () => {
  php = await startHarness([]);
  for (const table of tables) {
    await makeTable(engine, table);
    const stores = Array.from({ length: 4 }, () => asInAnotherProcess(() => storeOfNextProcess(engine, table)));
    nodes = { ...nodes, [table.name]: stores };
  }
});

afterAll(async () => {
  await Promise.all(
    Object.values(nodes)
      .flat()
      .map((store) => store.close()),
  );
  await php.stop();
});

type Counter = { n?: number };
type Count = (table: SessionTable, id: string, i: number) => Promise<number>;

/** `$_SESSION['n']++` in Node, with the `i`th process. */
const countInNode: Count = (table, id, i) =>
  withLease(nodes[table.name]![i % 4]!, id, async (lease) => {
    const session = decodeSession<Counter>(lease.data ?? new Uint8Array());
    session.n = (session.n ?? 0) + 1;
    expect(await lease.commit({ data: encodeSession(session) })).toBe('written');
    return session.n;
  });

/** The same in PHP; `code` is run in the session. */
async function inPhp(table: SessionTable, id: string, i: number, code: string): Promise<unknown> {
  // Galera has one writer; the nodes of NDB Cluster are equal.
  const { port } = engine.endpoints[engine.name === 'ndb' ? i % engine.endpoints.length : 0]!;
  const at = { title: table.name, name: table.name, columns: '', options: {} }; // the handler finds the time column's type out
  const answer: Answer = await php.ask(
    { driver: i % 2 ? 'pdo' : 'mysqli', table: at, id, port },
    `if (!$handler->start()) return 'not started'; ${code}`,
  );
  expect(answer).toMatchObject({ status: 200 });
  return answer.result;
}

const countInPhp: Count = async (table, id, i) =>
  Number(await inPhp(table, id, i, "return $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;"));

/** Half of them by each side. */
const eight = Array.from({ length: 8 }, (_, i): Count => (i < 4 ? countInNode : countInPhp));

describe.each(tables)('$name, 8 first requests at once, 4 to Node and 4 to PHP', (table) => {
  test.each(rounds)('with the same new id (round %i)', async () => {
    const id = newId();
    const counts = await Promise.all(eight.map((count, i) => count(table, id, i)));
    expect(counts.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each(rounds)('with different new ids (round %i)', async () => {
    const ids = eight.map(() => newId());
    expect(await Promise.all(eight.map((count, i) => count(table, ids[i]!, i)))).toEqual(Array(8).fill(1));
    expect(await Promise.all(ids.map((id, i) => eight[7 - i]!(table, id, i)))).toEqual(Array(8).fill(2));
  });

  test.each(rounds)('the first one is one of Node, and gives up while 7 wait (round %i)', async () => {
    const id = newId();
    const owner = await nodes[table.name]![3]!.open(id);
    expect([owner.data, owner.writable]).toEqual([undefined, true]);
    const waiting = Promise.all(eight.slice(1).map((count, i) => count(table, id, i % 3)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await owner.release();
    expect((await waiting).sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test.each(rounds)('the first one is one of PHP, and gives up while 7 wait (round %i)', async () => {
    const id = newId();
    const owner = inPhp(table, id, 0, 'usleep(150000); return session_abort();');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const counts = await Promise.all(eight.slice(0, 7).map((count, i) => count(table, id, i)));
    expect(await owner).toBe(true);
    expect(counts.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('and no request has logged an error', () => expect(php.log()).toBe(''));
});

describe.each(tables)('$name: sessions do not wait for each other', (table) => {
  // A gap lock would reach the ids next to it.
  const around = (id: string) =>
    [`${id}0`, `${id}z`, `${id.slice(0, -1)}`, `0${id}`, `z${id}`].map((each) => each.slice(-32));

  test.each(['a new session', 'one that exists'])('%s is held by Node', async (kind) => {
    const impatient = asInAnotherProcess(() => storeOfNextProcess(engine, table, { lockTimeout: 5 }));
    const id = newId();
    if (kind === 'one that exists') await countInNode(table, id, 0);
    const holder = await nodes[table.name]![0]!.open(id);
    for (const other of around(id)) {
      // All of them end while the lock is held; else they would end in ERR_SESSION_LOCK_TIMEOUT and 503.
      await withLease(impatient, other, (lease) =>
        lease.commit({ data: encodeSession(decodeSession(new Uint8Array())) }),
      );
      expect(await countInPhp(table, other, 1)).toBe(1);
      await withLease(impatient, other, async (lease) => {
        await lease.rename(newId());
        await lease.commit({});
      });
      await withLease(impatient, other, (lease) => lease.destroy());
    }
    await holder.commit({ data: holder.data ?? new Uint8Array() });
    await holder.release();
    await impatient.close();
  });
});
