import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { type PhpServer, startPhpServer } from '../../tools/services/php.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { type Service, startProcess } from '../../tools/services/processes.mjs';

/** The applications of examples/ beside a page of PHP. */

const root = join(__dirname, '..', '..');
const names = ['express', 'fastify', 'h3', 'hono', 'http', 'koa'];
const account = { user: 'example', password: 'of the examples' };

let database: Mariadb;
let witness: Connection;
let php: PhpServer;
let server: Service | undefined;
const folder = temporaryDirectory('examples');

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'tools', 'build.mjs')], { stdio: 'inherit' });
  database = await startMariadb();
  const { host, port, user, password } = database;
  witness = await createConnection({ host, port, user, password, database: 'test' });
  await witness.query(createTableSql());
  await witness.query("CREATE USER ?@'127.0.0.1' IDENTIFIED BY ?", [account.user, account.password]);
  await witness.query("GRANT SELECT, INSERT, UPDATE, DELETE ON test.session TO ?@'127.0.0.1'", [account.user]);
  php = await startPhpServer({
    router: join(__dirname, 'examples.php'),
    env: { DSN: `mysql:host=${host};port=${port};dbname=test`, DATABASE_USER: user, DATABASE_PASSWORD: password },
  });
}, 120_000);

afterEach(() => server?.stop(100));

afterAll(async () => {
  await php?.stop();
  await witness?.end();
  await database?.stop();
  folder.remove();
});

/** @returns where it listens */
async function start(name: string): Promise<string> {
  const port = await freePort();
  const { host } = database;
  const address = `${account.user}:${encodeURIComponent(account.password)}@${host}:${database.port}`;
  const log = join(folder.path, name);
  server = startProcess(process.execPath, [join(root, 'examples', name, 'server.mjs')], {
    env: { DATABASE: `mysql://${address}/test`, PORT: String(port) },
    log,
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/nothing`).catch(() => undefined))) {
    if (!server.running()) throw new Error(readFileSync(log, 'utf8'));
    await sleep(20);
  }
  return url;
}

class Browser {
  cookie = '';

  async ask(url: string, method = 'GET'): Promise<string> {
    const answer = await fetch(url, { method, headers: this.cookie === '' ? {} : { cookie: this.cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      this.cookie = pair!.endsWith('=deleted') ? '' : pair!;
    }
    return answer.text();
  }
}

test('each folder is tested, here or by a file of its name', () => {
  const files = [...readdirSync(join(root, 'test/examples')), ...readdirSync(join(root, 'test/package'))];
  if (existsSync(join(root, 'test/horde/example.mjs'))) files.push('horde.mjs'); // by npm run test:horde
  const others = files.map((file) => file.replace(/(\.test)?\.\w+$/, ''));
  const folders = readdirSync(join(root, 'examples')).filter((name) => name !== 'farm');
  const untested = folders.filter((name) => !names.includes(name as never) && !others.includes(name.replace('.', '-')));
  expect(untested).toEqual([]);
});

describe.each(names)('examples/%s', (name) => {
  test('has at most 40 lines', () => {
    const lines = readFileSync(join(root, 'examples', name, 'server.mjs'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
  });

  test('a login and a logout on one side are those of the other', async () => {
    const node = await start(name);
    const browser = new Browser();
    expect(await browser.ask(`${node}/`)).toBe('Visit 1 of somebody');
    expect(await browser.ask(`${php.url}/`)).toBe('Visit 2 of somebody');
    const anonymous = browser.cookie;

    expect(await browser.ask(`${php.url}/login`, 'POST')).toBe('Welcome');
    expect(browser.cookie).not.toBe(anonymous);
    expect(await browser.ask(`${node}/`)).toBe('Visit 3 of Ann');
    const inPhp = browser.cookie;
    expect(await browser.ask(`${node}/logout`, 'POST')).toBe('Goodbye');
    browser.cookie = inPhp;
    expect(await browser.ask(`${php.url}/`)).toBe('Visit 1 of somebody');

    expect(await browser.ask(`${node}/login`, 'POST')).toBe('Welcome');
    expect(browser.cookie).not.toBe(inPhp);
    expect(await browser.ask(`${php.url}/`)).toBe('Visit 2 of Ann');
    const inNode = browser.cookie;
    expect(await browser.ask(`${php.url}/logout`, 'POST')).toBe('Goodbye');
    browser.cookie = inNode;
    expect(await browser.ask(`${node}/`)).toBe('Visit 1 of somebody');
  });

  test('SIGTERM: a request that runs is answered, and neither the process nor a connection is left', async () => {
    const node = await start(name);
    const browser = new Browser();
    await browser.ask(`${node}/`);
    const id = browser.cookie.replace('PHPSESSID=', '');
    await witness.beginTransaction();
    await witness.query('SELECT * FROM session WHERE id = ? FOR UPDATE', [id]);
    const waiting = browser.ask(`${node}/`);
    waiting.catch(() => undefined);
    await until(async () => (await connections()).some(({ INFO }) => INFO?.includes('FOR UPDATE')));
    server!.kill('SIGTERM');
    await until(() =>
      fetch(`${node}/nothing`).then(
        () => false,
        () => true,
      ),
    ); // it takes no requests any more
    expect(server!.running()).toBe(true);
    await witness.commit();
    expect(await waiting).toBe('Visit 2 of somebody');
    expect(await server!.ended).toBe('exit 0');
    expect(await connections()).toEqual([]);
    expect(readFileSync(join(folder.path, name), 'utf8')).toBe('');
  });
});

/** Those of the example. */
async function connections(): Promise<{ INFO: string | null }[]> {
  const [rows] = await witness.query('SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = ?', [account.user]);
  return rows as { INFO: string | null }[];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('It does not happen');
    await sleep(20);
  }
}
