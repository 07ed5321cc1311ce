import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { PhpFloat } from '../../src/codec/index.ts';
import { phpSession } from '../../src/middleware/koa.ts';
import { type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { type PhpServer, startPhpServer } from '../../tools/services/php.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { connectionOf, type Run, type Said, Shell } from './cli-helpers.ts';
import { emptyDatabase } from './empty-database.ts';
import { sleep, testServer, type Witness } from './mysql-store-helpers.ts';

const database = `cli_diff_${process.pid}`;
const root = join(__dirname, '../..');
let witness: Witness;
emptyDatabase(database, (made) => {
  witness = made;
});
/** Beside the shadow the table has to be named. */
const shell = new (class extends Shell {
  override run(args: readonly string[], how: Run = {}): Promise<Said> {
    return super.run([...args, '--table', 'session'], how);
  }
})(database);
let php: PhpServer;
const servers: Server[] = [];
const stores: SessionStore[] = [];

/** The page of PHP and its port, as a reader copies them from the documentation. */
const page = readFileSync(join(root, 'docs/operations-sessions.md'), 'utf8');
const [phpPage, nodePage] = ['php', 'js'].map(
  (language) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page)![1]!,
);
/** As step 3 says. */
const mended = `import { PhpFloat } from 'php-session-bridge';\n${nodePage!.replace('price: 9', 'price: new PhpFloat(9)')}`;

beforeAll(async () => {
  const { host, port, user, password } = testServer();
  writeFileSync(join(shell.directory, 'cart.php'), phpPage!);
  writeFileSync(
    join(shell.directory, 'session.php'),
    `<?php require '${root}/php/src/SessionHandler.php';
    (new PhpSessionBridge\\SessionHandler(fn () => new PDO(getenv('DSN'), getenv('DATABASE_USER'), getenv('DATABASE_PASSWORD'))))->start();`,
  );
  php = await startPhpServer({
    router: join(shell.directory, 'cart.php'),
    env: {
      DSN: `mysql:host=${host};port=${port};dbname=${database}`,
      DATABASE_USER: user,
      DATABASE_PASSWORD: password,
    },
  });
}, 60_000);
beforeEach(() =>
  witness.query(`CREATE TABLE session (id CHAR(32) PRIMARY KEY, data BLOB, usetime INT); CREATE TABLE session_shadow LIKE session;
    INSERT INTO session VALUES ('${id}', 'cart|a:1:{i:0;a:2:{s:3:"sku";s:6:"secret";s:5:"price";d:1;}}user|s:6:"secret";', UNIX_TIMESTAMP())`),
);
afterEach(() => stop());
afterAll(() => php?.stop());

const id = 'ab'.repeat(16);
const json = async (args: string[]) => {
  const { out, code } = await shell.run([...args, '--json']);
  return { ...JSON.parse(out), code };
};

/** Runs the port on a table, in this process: what it imports are the sources. @returns where */
async function start(code: string, table: string): Promise<string> {
  const port = await freePort();
  const body = code.replace(/^import .*$/gm, '').replace('app.listen', 'return app.listen');
  const open = (options: MysqlStoreOptions) => {
    const store = mysqlStore(options);
    stores.push(store);
    return store;
  };
  const env = { DATABASE: connectionOf(database), SESSION_TABLE: table, PORT: String(port) };
  const run = new Function('Koa', 'phpSession', 'mysqlStore', 'PhpFloat', 'process', body);
  const server: Server = run(Koa, phpSession, open, PhpFloat, { env });
  await once(server, 'listening');
  servers.push(server);
  return `http://127.0.0.1:${port}/?sku=7`;
}

async function stop(): Promise<void> {
  for (const server of servers.splice(0)) server.close();
  for (const store of stores.splice(0)) await store.close();
}

/** Of the only session. */
async function handleOf(): Promise<string> {
  return JSON.parse((await shell.run(['list', '--json'])).out).handle;
}

async function record(...args: string[]) {
  const handle = await handleOf();
  const recorded = json(['diff', 'record', handle, ...args]);
  await sleep(600);
  await fetch(`${php.url}/?sku=7`, { headers: { cookie: `PHPSESSID=${id}` } });
  return recorded;
}

const folder = () => join(shell.directory, '.local/state/php-session-bridge/recordings');
const rowsOf = async (table: string) => (await witness.query(`SELECT id FROM ${table} WHERE id NOT LIKE '<%'`)).length;

describe('a page that is ported', () => {
  test('is proven, as the documentation does it', async () => {
    const { name, changes } = await record();
    expect(changes).toBe(3);
    const before = await witness.query('SELECT * FROM session');

    const replay = async (code: string, ...args: string[]) => {
      const url = await start(code, 'session_shadow');
      const found = await json(['diff', 'replay', name, '--shadow', 'session_shadow', '--to', url, ...args]);
      expect(await rowsOf('session_shadow')).toBe(0);
      await stop();
      return found;
    };
    expect(await replay(nodePage!)).toMatchObject({
      ...{ status: 200, hasNewId: false, isSame: false, changes: { php: 3, node: 3 }, ignored: 0, code: 1 },
      differences: [
        { path: 'key 1 > key 2 > key 2', kind: 'type', php: 'float', node: 'int' },
        { path: 'key 4', kind: 'value', php: 'string, 8 bytes', node: 'string, 8 bytes' },
      ],
    });
    expect(await replay(nodePage!, '--reveal')).toMatchObject({
      differences: [
        { path: '/cart/1/price', kind: 'type', php: 'float, 9', node: 'int, 9' },
        { path: '/last', kind: 'value', php: 'string, 8 bytes, "cart.php"', node: 'string, 8 bytes, "cart.mjs"' },
      ],
    });
    expect(await replay(mended, '--ignore', '/last')).toMatchObject({ differences: [], ignored: 1, code: 0 });
    // Nothing was written to the session table.
    expect(await witness.query('SELECT * FROM session')).toEqual(before);
  }, 120_000);

  test('a page on the sessions themselves, or with another cookie, is found out', async () => {
    const { name } = await record();
    const ask = async (code: string, table: string, expected: number) => {
      const url = await start(code, table);
      const { err, code: exit } = await shell.run(['diff', 'replay', name, '--shadow', 'session_shadow', '--to', url]);
      await stop();
      expect(exit).toBe(expected);
      return err;
    };
    expect(await ask(nodePage!, 'session', 3)).toMatch(/writes into the session table itself/);
    const other = nodePage!.replace('phpSession({', "phpSession({ name: 'other',");
    expect(await ask(other, 'session_shadow', 1)).toMatch(/has changed nothing/);
    const strict = nodePage!.replace('phpSession({', 'phpSession({ useStrictMode: true,');
    await witness.query('CREATE TABLE third LIKE session');
    expect(await ask(strict, 'third', 3)).toMatch(/did not take the session/);
  }, 120_000);
});

describe('a recording', () => {
  let made: Promise<{ name: string }> | undefined;
  /** One for all, as each takes some seconds. */
  const one = async () => {
    made ??= record('--keep', '1');
    const { name } = await made;
    return { name, ...JSON.parse(readFileSync(join(folder(), name), 'utf8')) };
  };
  /** Of a recording that is not as it was made. */
  const replayOf = (stored: object) => {
    writeFileSync(join(folder(), '0123abcd'), JSON.stringify(stored));
    return shell.run(['diff', 'replay', '0123abcd', '--shadow', 'session_shadow', '--to', 'http://127.0.0.1:1/']);
  };

  test('is a file that nobody else can read, and shows nothing', async () => {
    const { name, ends, sealed, ...others } = await one();
    expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
    expect(others).toEqual({});
    expect(Math.round((ends - Date.now()) / 60_000)).toBe(60);
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('secret');
  });

  test('is deleted after its time, by the next diff', async () => {
    const { sealed } = await one();
    const { err, code } = await replayOf({ ends: Date.now() - 1, sealed });
    expect([err, code]).toEqual([expect.stringMatching(/no such recording/), 3]);
    expect(readdirSync(folder())).not.toContain('0123abcd');
  });

  test('that was changed is refused', async () => {
    const { ends, sealed } = await one();
    const bytes = Buffer.from(sealed, 'base64');
    bytes[40]! ^= 1;
    const { err, code } = await replayOf({ ends, sealed: bytes.toString('base64') });
    expect([err, code]).toEqual([expect.stringMatching(/another key of handles, or was changed/), 3]);
    // As it was made, it is read: there is no page.
    expect((await replayOf({ ends, sealed })).err).toMatch(/does not answer/);
  });

  test.each<[string[], RegExp, number]>([
    [['--to', 'http://127.0.0.1:1/'], /--shadow must be/, 2],
    [['--shadow', 'session_shadow'], /--to must be/, 2],
    [['--shadow', 'session', '--to', 'http://127.0.0.1:1/'], /another table than that of the sessions/, 2],
    [['--shadow', 'SESSION', '--to', 'http://127.0.0.1:1/'], /another table/, 2],
    [['--shadow', 'session_shadow', '--to', 'http://127.0.0.1:1/'], /does not answer/, 3],
    [['--shadow', 'nothing', '--to', 'http://127.0.0.1:1/'], /ERR_SESSION_TABLE/, 3],
  ])('replay %j', async (args, message, exit) => {
    const { name } = await one();
    const { err, code } = await shell.run(['diff', 'replay', name, ...args]);
    expect([err, code]).toEqual([expect.stringMatching(message), exit]);
    expect(await rowsOf('session')).toBe(1);
    expect(await rowsOf('session_shadow')).toBe(0);
  });

  test('of a session that cannot be read is none, at once', async () => {
    await witness.query("UPDATE session SET data = 'n|i:'");
    const { err, code } = await shell.run(['diff', 'record', await handleOf()]);
    expect([err, code]).toEqual([expect.stringMatching(/^ERR_PHP_SYNTAX/m), 3]);
  });

  test('of a session that ends is none', async () => {
    const handle = await handleOf();
    const recorded = shell.run(['diff', 'record', handle]);
    await sleep(600);
    await witness.query('DELETE FROM session');
    expect((await recorded).err).toMatch(/the row has gone/);
  });

  test('Ctrl-C ends it', async () => {
    const handle = await handleOf();
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 500);
    expect((await shell.run(['diff', 'record', handle], { signal: interruption.signal })).code).toBe(130);
  });
});
