import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Handles } from '../../src/cli/handles.ts';
import type { ServerPicture, Transaction } from '../../src/cli/top/picture.ts';
import type { World } from '../../src/cli/world.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionLease, SessionStore } from '../../src/stores/store.ts';
import { newId, writeText } from '../../src/testing/leases.ts';
import type { Endpoint } from '../../tools/services/engines.mjs';
import { Shell } from '../integration/cli-helpers.ts';
import { sleep } from '../integration/mysql-store-helpers.ts';
import { engineUnderTest, makeTable, ownTable } from './engine.ts';

// `top` on each engine: a process of PHP and a store of Node have one session, each in its turn.

const engine = engineUnderTest();
const table = ownTable(engine, 'top_sessions');
const [first, second] = engine.endpoints;
const { name } = engine;
const env = { PHP_SESSION_BRIDGE_HANDLE_KEY: 'k'.repeat(32) };
const shell = new Shell('test');
const lock = { name: (id: string) => id, singleServer: true };

/** What these servers do not tell: performance_schema is off, as it is by default on MariaDB. */
const processes = 'which process a connection is of (its address is shown): performance_schema is off';
const unseen: Record<typeof name, RegExp> = {
  mariadb: /^MariaDB shows the session of a lock only while somebody waits for it$/,
  galera: /^MariaDB shows the session of a lock only while somebody waits for it$/,
  mysql: /^which session a lock is on, and who waits for whom: performance_schema is off$/,
  ndb: /^NDB does not show which session a lock is on\./,
};
const showsSession = name === 'mariadb' || name === 'galera';

let handles: Handles;
beforeAll(async () => {
  await makeTable(engine, table);
  handles = await Handles.of({ env } as unknown as World);
});

/** What a test has started, in the order in which it is to end. */
const started: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of started.splice(0)) await stop();
});

let id: string;
beforeEach(async () => {
  id = newId();
  const store = storeOn(first!);
  await writeText(store, id, 'n|i:1;');
});

function storeOn(connection: Endpoint, isNamed = false): SessionStore {
  const made = mysqlStore({ connection, table: table.name, lockTimeout: 30, ...(isNamed && { lock }) });
  started.push(() => made.close());
  return made;
}

/** A process of PHP. @returns whether it holds the lock by now */
function php(script: string, argument: object): { said: Promise<string>; end(): void } {
  const child = spawn('php', [`test/clusters/${script}`, JSON.stringify(argument), id], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const end = () => child.kill('SIGKILL');
  started.unshift(end);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { said: lines.next().then(({ value }) => value), end };
}
const phpWithRow = (connection: Endpoint) =>
  php('holder.php', { connection, options: { table: table.name, lock_timeout: 30 } });

/** Node holds; or waits, until the test has seen it. */
async function whileNodeOpens(store: SessionStore, look: () => Promise<void>, php: { end(): void }): Promise<void> {
  const opening: Promise<SessionLease> = store.open(id);
  await look();
  php.end();
  await (await opening).release();
}

async function pictures(isNamed = false): Promise<ServerPicture[]> {
  const file = join(shell.directory, `${isNamed}.mjs`);
  const own = isNamed ? ', lock: { name: (id) => id, singleServer: true }' : '';
  const connection = JSON.stringify(engine.endpoints);
  writeFileSync(file, `export default { connection: ${connection}, store: { table: '${table.name}'${own} } };`);
  const unset = { PHP_SESSION_BRIDGE_CONNECTION: undefined } as unknown as Record<string, string>;
  const { out, err } = await shell.run(['top', '--once', '--json', '--config', file], { env: { ...env, ...unset } });
  if (out === '') throw new Error(err);
  return JSON.parse(out).servers;
}

/** A picture of the first server in which as many hold and wait. InnoDB renews its tables only after nobody has read them for 0.1 s. */
async function pictureOf(holds: number, waits: number, { isNamed = false, server = 0 } = {}) {
  for (let tries = 0; ; tries++) {
    const all = await pictures(isNamed);
    const { transactions, unseen } = all[server]!;
    const [holder, waiter] = ['holds', 'waits'].map((does) => transactions.filter((one) => one.does === does));
    const isWaiting = waiter!.every(
      ({ session, waitsFor }) => isNamed || !showsSession || (session && waitsFor.length > 0),
    );
    if (holder!.length === holds && waiter!.length === waits && isWaiting) {
      return { holder: holder![0]!, waiter: waiter![0]!, unseen, all };
    }
    if (tries === 40) throw new Error(`they are not in the picture: ${JSON.stringify(all)}`);
    await sleep(250);
  }
}

const session = () => handles.of(id);

function expectRowLocks(holder: Transaction, waiter: Transaction, unseen_: readonly string[]): void {
  const shown = showsSession ? session() : null;
  expect([holder.session, waiter.session]).toEqual([shown, shown]);
  expect(waiter.waitsFor).toEqual(name === 'mysql' ? [] : [holder.connection]);
  expect([holder.statement, waiter.statement]).toEqual(['none: its application works', 'SELECT … FOR UPDATE']);
  expect([holder.who, waiter.who]).toEqual(Array(2).fill(expect.stringMatching(/^\S+ at \S+:\d+$/)));
  expect([holder.seconds > 0, waiter.seconds < 60]).toEqual([true, true]);
  expect(unseen_).toEqual([processes, expect.stringMatching(unseen[name])]);
}

describe('a row lock', () => {
  test('PHP holds it, and Node waits', async () => {
    const holder = phpWithRow(first!);
    expect(await holder.said).toBe('held');
    await whileNodeOpens(
      storeOn(first!),
      async () => {
        const { holder, waiter, unseen } = await pictureOf(1, 1);
        expectRowLocks(holder, waiter, unseen);
      },
      holder,
    );
  });

  test('Node holds it, and PHP waits', async () => {
    const lease = await storeOn(first!).open(id);
    phpWithRow(first!);
    const { holder, waiter, unseen } = await pictureOf(1, 1);
    expectRowLocks(holder, waiter, unseen);
    await lease.release();
  });

  if (second !== undefined) {
    test('one on another server of the cluster', async () => {
      const holder = phpWithRow(first!);
      expect(await holder.said).toBe('held');
      const look = async () => {
        const { all } = await pictureOf(1, 0);
        // What it waits for, only NDB knows; a lock of Galera is on one node, and keeps nobody off another one.
        const { transactions } = all[1]!;
        const does = name === 'ndb' ? 'waits' : 'holds';
        expect(transactions.map((one) => [one.does, one.waitsFor])).toEqual([[does, []]]);
      };
      const store = storeOn(second);
      if (name === 'ndb') {
        const opening = store.open(id);
        await pictureOf(0, 1, { server: 1 });
        await look();
        holder.end();
        await (await opening).release();
      } else {
        const lease = await store.open(id);
        await look();
        await lease.release().catch(() => {});
      }
    });
  }
});

describe('a named lock', () => {
  const named = () => php('named-holder.php', first!);

  test('PHP holds it, and PHP waits', async () => {
    expect(await named().said).toBe('held');
    named();
    const { holder, waiter } = await pictureOf(1, 1, { isNamed: true });
    expect([holder.session, waiter.session]).toEqual([session(), session()]);
    expect(waiter).toMatchObject({ waitsFor: [holder.connection], statement: 'SELECT GET_LOCK()' });
    expect(holder).toMatchObject({ waitsFor: [], statement: 'none: its application works' });
  });

  test('Node holds it, and its row; and PHP waits', async () => {
    const lease = await storeOn(first!, true).open(id);
    named();
    const { holder, waiter } = await pictureOf(1, 1, { isNamed: true });
    expect([holder.session, waiter.session]).toEqual([session(), session()]);
    expect(waiter.waitsFor).toEqual([holder.connection]);
    await lease.release();
  });

  test('PHP holds it, and Node waits, whose statement does not have the name', async () => {
    const holder = named();
    expect(await holder.said).toBe('held');
    await whileNodeOpens(
      storeOn(first!, true),
      async () => {
        const { waiter, unseen } = await pictureOf(0, 1, { isNamed: true });
        expect(waiter).toMatchObject({ session: null, waitsFor: [], statement: 'SELECT GET_LOCK()' });
        expect(unseen).toContainEqual(expect.stringMatching(/^who holds a named lock, unless/));
      },
      holder,
    );
  });
});
