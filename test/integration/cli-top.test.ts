import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { keyOfLock } from '../../src/cli/top/lock-data.ts';
import type { ServerPicture } from '../../src/cli/top/picture.ts';
import { statementKind } from '../../src/cli/top/statement-kind.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { mentions, planted, secretId } from './canary.ts';
import { connectionOf, type Run, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { asInAnotherProcess, type Server, sleep, testServer, Witness } from './mysql-store-helpers.ts';
import { readCases } from './recognize-cases.ts';

const database = `cli_top_${process.pid}`;
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
const shell = new Shell(database);

const tables = {
  text: 'CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT)',
  bytes: 'CREATE TABLE session (id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB, usetime INT, KEY (usetime))',
};

const stores: SessionStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

/** As in a process of its own. */
function store(options: Partial<MysqlStoreOptions> = {}): SessionStore {
  const connection = { ...testServer(), database };
  const made = asInAnotherProcess(() => mysqlStore({ connection, gcInterval: 0, lockTimeout: 20, ...options }));
  stores.push(made);
  return made;
}

async function picture(run: Run = {}) {
  const { out, err, code } = await shell.run(['top', '--once', '--json', '--table', 'session'], run);
  if (out === '') throw new Error(err);
  const { servers } = JSON.parse(out) as { servers: ServerPicture[] };
  return { ...servers[0]!, code };
}

/**
 * Until somebody waits for the session of the table. InnoDB renews these tables only after nobody has read them for 0.1 s, and other tests have
 * transactions on the same server.
 */
async function untilOneWaits() {
  const handleOfIt = await handle();
  for (let tries = 0; ; tries++) {
    const seen = await picture();
    if (seen.transactions.some(({ does, session }) => does === 'waits' && session === handleOfIt)) return seen;
    if (tries === 40) throw new Error(`nobody waits: ${JSON.stringify(seen)}`);
    await sleep(200);
  }
}

const insert = (id: string) =>
  witness.query('INSERT INTO session VALUES (?, ?, UNIX_TIMESTAMP())', [id, Buffer.from(planted)]);

async function handle(): Promise<string> {
  const { out } = await shell.run(['list', '--json', '--table', 'session']);
  return JSON.parse(out.split('\n')[0]!).handle;
}

describe('top', () => {
  test.each(Object.entries(tables))('who holds a session and who waits for it: an id of %s', async (_, schema) => {
    await witness.query(schema);
    const id = secretId();
    await insert(id);
    const lease = await store().open(id);
    const waiting = store().open(id);
    const { transactions, connections, table } = await untilOneWaits();
    const session = await handle();
    const ours = transactions.filter((one) => one.session === session);
    expect(ours.map(({ does }) => does).sort()).toEqual(['holds', 'waits']);
    const [holder, waiter] = ['holds', 'waits'].map((does) => ours.find((one) => one.does === does));
    expect(waiter).toMatchObject({ waitsFor: [holder!.connection], statement: 'SELECT … FOR UPDATE' });
    expect(holder).toMatchObject({ waitsFor: [], statement: 'none: its application works' });
    expect(holder!.seconds).toBeGreaterThan(0);
    expect(connections!.all).toBeGreaterThan(2);
    expect(table!.bytes).toBeGreaterThan(0);
    await lease.release();
    await (await waiting).release();
  });

  test('no id, key or value is shown', async () => {
    await witness.query(tables.bytes);
    const id = secretId();
    await insert(id);
    const lease = await store().open(id);
    const waiting = store().open(id);
    // The text of a statement has what stands in it.
    const writing = witness.query(`UPDATE session SET data = '${id}' WHERE id = '${id}'`);
    await untilOneWaits();
    for (const [flags, isTerminal] of [
      [[], true],
      [[], false],
      [['--json'], false],
    ] as const) {
      const { out, err } = await shell.run(['top', '--once', '--table', 'session', ...flags], { isTerminal });
      expect(out).toContain(await handle());
      expect([out, err].filter(mentions)).toEqual([]);
    }
    await lease.release();
    await (await waiting).release();
    await writing;
  });

  test('what an account may not see is said', async () => {
    await witness.query(tables.bytes);
    const user = `top_${process.pid}`;
    await witness.query(`CREATE OR REPLACE USER ${user}@127.0.0.1 IDENTIFIED BY 'secret';
      GRANT SELECT ON ${database}.session TO ${user}@127.0.0.1`);
    const env = {
      PHP_SESSION_BRIDGE_CONNECTION: connectionOf(database, { ...testServer(), user, password: 'secret' }),
    };
    const { unseen, code } = await picture({ env });
    expect(unseen).toContain('transactions and locks: it needs GRANT PROCESS ON *.*');
    expect(code).toBe(0);
    await witness.query(`DROP USER ${user}@127.0.0.1`);
  });

  test('picture after picture until Ctrl-C, with rates', async () => {
    await witness.query(tables.bytes);
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 4_000);
    const args = ['top', '--json', '--interval', '1', '--table', 'session'];
    const { out, code } = await shell.run(args, { signal: interruption.signal });
    const pictures = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(130);
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures[0].servers[0].rates).toBeNull();
    expect(pictures.at(-1).servers[0].rates.statements).toBeGreaterThan(0);
  });

  test('a server that is not there', async () => {
    const env = { PHP_SESSION_BRIDGE_CONNECTION: 'mysql://nobody:secret@127.0.0.1:1/x' };
    const { out, code } = await shell.run(['top', '--once', '--preset', 'yii'], { env });
    expect([code, out]).toEqual([3, expect.stringMatching(/not seen: the server: ECONNREFUSED/)]);
    expect(out).not.toContain('secret');
  });

  test('each application that is recognized', async () => {
    for (const { title, schema, fill, env } of await readCases()) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}; ${schema}`);
      await fill(witness.connection);
      const { out, code } = await shell.run(['top', '--once', '--json'], { env });
      expect([title, code, JSON.parse(out).servers[0].table]).toEqual([title, 0, expect.anything()]);
    }
  }, 240_000);
});

describe('named locks', () => {
  type Place = Server & { database: string };
  const byId = { name: (id: string) => id };
  const hashed = { name: (id: string) => createHash('md5').update(id).digest('hex') };

  /** What a page of PHP does, with the name in the text of its statement. */
  async function take(on: Place, name: string): Promise<{ taken: Promise<unknown>; id: number; end(): void }> {
    const connection = await createConnection(on);
    return {
      taken: connection.query(`SELECT GET_LOCK('${name}', 20)`),
      id: connection.threadId!,
      end: () => connection.destroy(),
    };
  }

  async function pictureOf(on: Place, lock: string): Promise<ServerPicture & { out: string; err: string }> {
    const file = join(shell.directory, `${createHash('md5').update(lock).digest('hex')}.mjs`);
    const crypto = "import { createHash } from 'node:crypto';";
    writeFileSync(file, `${crypto} export default { store: { table: 'session', lock: { name: ${lock} } } };`);
    const env = { PHP_SESSION_BRIDGE_CONNECTION: connectionOf(on.database, on) };
    const { out, err } = await shell.run(['top', '--once', '--json', '--config', file], { env });
    if (out === '') throw new Error(err);
    return { ...JSON.parse(out).servers[0], out, err };
  }

  /** @param waiter its connection, where others are on the same server */
  async function untilWaiting(on: Place, lock: string, waiter?: number) {
    for (let tries = 0; ; tries++) {
      const seen = await pictureOf(on, lock);
      const waiters = seen.transactions.filter(({ does }) => does === 'waits').map(({ connection }) => connection);
      if (waiter === undefined ? waiters.length > 0 : waiters.includes(waiter)) return seen;
      if (tries === 40) throw new Error(`nobody waits: ${seen.out}`);
      await sleep(200);
    }
  }

  test('who waits, and who holds what somebody waits for; the name of a lock is never shown', async () => {
    await witness.query(tables.bytes);
    const id = secretId();
    await insert(id);
    const on = { ...testServer(), database };
    for (const [lock, text] of [
      [byId, '(id) => id'],
      [hashed, "(id) => createHash('md5').update(id).digest('hex')"],
    ] as const) {
      const holder = await take(on, lock.name(id));
      await holder.taken;
      const alone = await pictureOf(on, text);
      expect(alone.transactions.map(({ connection }) => connection)).not.toContain(holder.id);
      expect(alone.unseen).toContainEqual(expect.stringMatching(/^who holds a named lock, unless/));
      const waiter = await take(on, lock.name(id));
      const nameless = store({ lock }).open(id);
      const seen = await untilWaiting(on, text, waiter.id);
      const session = lock === byId ? await handle() : null;
      const byConnection = new Map(seen.transactions.map((one) => [one.connection, one]));
      expect(byConnection.get(holder.id)).toMatchObject({ does: 'holds', session, waitsFor: [] });
      expect(byConnection.get(waiter.id)).toMatchObject({ does: 'waits', session, waitsFor: [holder.id] });
      expect([seen.out, seen.err].filter((said) => mentions(said) || said.includes(lock.name(id)))).toEqual([]);
      holder.end();
      await waiter.taken;
      waiter.end();
      await (await nameless).release();
    }
  });

  test('a name that is SQL is a name', async () => {
    await witness.query(tables.bytes);
    const on = { ...testServer(), database };
    const name = "x'') OR SLEEP(9) -- ";
    const holder = await take(on, name);
    await holder.taken;
    const waiter = await take(on, name);
    const { transactions } = await untilWaiting(on, '(id) => id', waiter.id);
    const does = new Map(transactions.map((one) => [one.connection, one.does]));
    expect([does.get(holder.id), does.get(waiter.id)]).toEqual(['holds', 'waits']);
    holder.end();
    await waiter.taken;
    waiter.end();
  });

  test('with performance_schema all of them are listed', async () => {
    const settings = { 'performance-schema': 'ON', 'performance-schema-instrument': 'wait/lock/metadata/sql/mdl=ON' };
    const server = await startMariadb({ settings });
    const { host, port, user, password } = server;
    const on = { host, port, user, password, database: 'test' };
    const there = await Witness.connect(on);
    try {
      await there.query(`USE test; ${tables.bytes}`);
      const id = secretId();
      await there.query('INSERT INTO session VALUES (?, ?, 1)', [id, Buffer.from('n|i:1;')]);
      const holder = await take(on, id);
      await holder.taken;
      const alone = await pictureOf(on, '(id) => id');
      const { session } = alone.transactions[0]!;
      expect(alone.transactions).toMatchObject([{ connection: holder.id, does: 'holds', session: expect.any(String) }]);
      expect(alone.unseen).not.toContainEqual(expect.stringMatching(/named lock/));
      const opening = store({ lock: byId, connection: on }).open(id);
      const { transactions } = await untilWaiting(on, '(id) => id');
      const waiter = transactions.find(({ does }) => does === 'waits');
      expect(waiter).toMatchObject({ session, waitsFor: [holder.id], who: expect.stringMatching(/^Node .*, process/) });
      holder.end();
      await (await opening).release();
    } finally {
      await there.end();
      await Promise.all(stores.splice(0).map((one) => one.close()));
      await server.stop();
    }
  }, 60_000);
});

test.each([
  ["'abc'", 'abc'],
  ["'abc                             '", 'abc'],
  ["'it''s', 5", "it's"],
  ['0x616263', 'abc'],
  ['0x 616263', 'abc'],
  ['supremum pseudo-record', undefined],
  [null, undefined],
])('the row of the lock %j', (data, key) => expect(keyOfLock(data)).toBe(key));

test.each([
  ["SELECT * FROM s WHERE id = 'secret' FOR UPDATE", 'SELECT … FOR UPDATE'],
  ['/* a page */ select 1', 'SELECT'],
  ["SELECT GET_LOCK('secret', 50)", 'SELECT GET_LOCK()'],
  ["UPDATE s SET data = 'secret'", 'UPDATE'],
  ['secret', 'another statement'],
  [null, 'none: its application works'],
])('the kind of %j', (text, kind) => expect(statementKind(text)).toBe(kind));
