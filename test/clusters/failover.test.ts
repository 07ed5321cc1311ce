import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { PhpSessionError } from '../../src/errors.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { newId, read, withLease } from '../../src/testing/leases.ts';
import { type EngineNode, type RunningEngine, startEngine } from '../../tools/services/engines.mjs';
import { sleep } from '../integration/mysql-store-helpers.ts';
import { engineUnderTest, makeTable, ownTable } from './engine.ts';

// What a store with a list of servers makes of the loss of one, on a cluster of its own. See docs/clusters.md.

const { name, endpoints } = engineUnderTest();

/** What happens to a node, and how it is undone. */
interface Fault {
  title: string;
  /** Its name. */
  node: string;
  begin(node: EngineNode): Promise<unknown>;
  end(node: EngineNode): Promise<unknown>;
  /** Whether the store must go to another server. */
  moves: boolean;
}

const killed = { begin: (node: EngineNode) => node.kill('SIGKILL'), end: (node: EngineNode) => node.start() };
const frozen = { begin: (node: EngineNode) => node.kill('SIGSTOP'), end: (node: EngineNode) => node.kill('SIGCONT') };
const cutOff = { begin: (node: EngineNode) => node.isolate!(true), end: (node: EngineNode) => node.isolate!(false) };

const faults: Partial<Record<typeof name, Fault[]>> = {
  ndb: [
    { title: 'the SQL node in use is killed', node: 'sql1', ...killed, moves: true },
    { title: 'the SQL node in use is frozen', node: 'sql1', ...frozen, moves: true },
    { title: 'a data node is killed', node: 'ndb2', ...killed, moves: false },
  ],
  galera: [
    { title: 'the node in use is killed', node: 'galera1', ...killed, moves: true },
    { title: 'the node in use is frozen', node: 'galera1', ...frozen, moves: true },
    { title: 'the node in use is cut off from the others', node: 'galera1', ...cutOff, moves: true },
    { title: 'another node is killed', node: 'galera3', ...killed, moves: false },
  ],
};

if (faults[name] === undefined) {
  test('one server has no other to fail over to', () => expect(endpoints).toHaveLength(1));
} else {
  describe('a node fails under traffic: no request fails, unless it asks what COMMIT did, and nothing is lost', () => {
    let engine: RunningEngine;
    let store: SessionStore;
    const table = ownTable(engineUnderTest(), 'failover');

    beforeAll(async () => {
      engine = await startEngine(name);
      await makeTable({ ...engineUnderTest(), endpoints: engine.endpoints }, table);
    }, 120_000);
    afterAll(() => engine?.stop(), 60_000);

    test.each(faults[name]!)(
      '$title',
      async ({ title, node: of, begin, end, moves }) => {
        const node = engine.nodes.find((each) => each.name === of)!;
        await untilWhole(engine);
        let begun: number | undefined;
        let movedAfter: number | undefined;
        const moved = () => {
          if (begun !== undefined) movedAfter ??= performance.now() - begun;
        };
        subscribe('php-session-bridge:failover', moved);
        store = mysqlStore({ connection: engine.endpoints, table: table.name, lockTimeout: 25 });
        const always = newId();
        const clients = [counting(store, () => always), ...[1, 2, 3, 4].map(() => counting(store, newId))];
        await Promise.all(clients.map(({ more }) => more(20)));
        await begin(node);
        begun = performance.now();
        // Their sessions are not among those that the node has locked.
        const later = [1, 2, 3, 4].map(() => counting(store, newId));
        await Promise.all([...later, ...clients].map(({ more }) => more(50)));
        const [same, ...results] = await Promise.all([...clients, ...later].map(({ stop }) => stop()));
        unsubscribe('php-session-bridge:failover', moved);
        const last = Number(await read(store, always));
        await store.close();
        await end(node);

        for (const { errors } of [same!, ...results]) expect(errors).toEqual([]);
        expect(last).toBeGreaterThanOrEqual(same!.acknowledged);
        expect(last).toBeLessThanOrEqual(same!.acknowledged + same!.unknown);
        expect(movedAfter !== undefined).toBe(moves);
        const longest = (of: typeof results) => Math.round(Math.max(...of.map(({ longestWait }) => longestWait)));
        process.stdout.write(
          `\n  ${title}: ${movedAfter === undefined ? 'stayed' : `left it after ${Math.round(movedAfter)} ms`}; longest wait ` +
            `of a request that came later ${longest(results.slice(4))} ms, of one under way ${longest([same!, ...results.slice(0, 4)])} ms\n`,
        );
      },
      180_000,
    );
  });
}

/** Waits until each node serves and knows all the others. */
async function untilWhole({ endpoints }: RunningEngine): Promise<void> {
  const goal = { wsrep_cluster_size: endpoints.length, Ndb_number_of_ready_data_nodes: 2, wsrep_local_state: 4 };
  for (const endpoint of endpoints) {
    for (let isWhole = false; !isWhole; ) {
      try {
        const connection = await createConnection(endpoint);
        const [rows] = await connection.query('SHOW GLOBAL STATUS WHERE Variable_name IN (?)', [Object.keys(goal)]);
        connection.destroy();
        isWhole = Object.values(rows).every(
          ({ Variable_name: of, Value: value }) => Number(value) === goal[of as keyof typeof goal],
        );
      } catch {}
      if (!isWhole) await sleep(100);
    }
  }
}

/** Counts in sessions, one request after the other, until it is stopped. */
function counting(store: SessionStore, id: () => string) {
  let stopped = false;
  let acknowledged = 0;
  let unknown = 0;
  let longestWait = 0;
  const errors: unknown[] = [];
  const done = (async () => {
    while (!stopped) {
      const start = performance.now();
      try {
        await withLease(store, id(), async (lease) => {
          const count = Number(Buffer.from(lease.data ?? []).toString() || 0);
          await lease.commit({ data: Buffer.from(String(count + 1)) });
        });
        acknowledged++;
      } catch (error) {
        if ((error as PhpSessionError).code === 'ERR_SESSION_OUTCOME_UNKNOWN') unknown++;
        else errors.push(error, (error as PhpSessionError).cause);
      }
      longestWait = Math.max(longestWait, performance.now() - start);
    }
  })();
  return {
    async more(n: number) {
      const goal = acknowledged + n;
      while (acknowledged < goal) await sleep(5);
    },
    async stop() {
      stopped = true;
      await done;
      return { acknowledged, unknown, errors, longestWait };
    },
  };
}
