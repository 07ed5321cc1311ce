import { afterEach, describe, expect, test } from '@jest/globals';
import { keyOfLock } from '../../src/cli/top/lock-data.ts';
import type { ServerPicture } from '../../src/cli/top/picture.ts';
import { statementKind } from '../../src/cli/top/statement-kind.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { mentions, planted, secretId } from './canary.ts';
import { connectionOf, type Run, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { asInAnotherProcess, sleep, testServer, type Witness } from './mysql-store-helpers.ts';
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

/** Until somebody waits in the database. InnoDB renews these tables only after nobody has read them for 0.1 s. */
async function untilOneWaits() {
  for (let tries = 0; ; tries++) {
    const seen = await picture();
    if (seen.transactions.some(({ does, session }) => does === 'waits' && session !== null)) return seen;
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
    const ours = transactions.filter(({ session }) => session !== null);
    const [holder, waiter] = ['holds', 'waits'].map((does) => ours.find((one) => one.does === does)!);
    const session = await handle();
    expect([holder!.session, waiter!.session]).toEqual([session, session]);
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
