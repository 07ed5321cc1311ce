import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { type Service, startProcess } from '../../tools/services/processes.mjs';
import { Consumer, clone, run } from '../package/consumer.ts';

const { WebSocket } = require('ws');

/** The programs of the pages do what the pages say, in a folder that `npm init -y` made. Only the address of the database is another. */
let consumer: Consumer;
let database: Mariadb;
let program: Service | undefined;
let site: string;
/** What the browser has. */
let cookie: string;

beforeAll(async () => {
  [consumer, database] = await Promise.all([
    Consumer.create(),
    startMariadb({ settings: { 'default-time-zone': '+00:00' } }),
  ]);
  await run('npm', ['init', '-y', '--cache', consumer.path('npm')], consumer.path());
  consumer.install('koa', 'koa-passport', 'express', 'fastify', 'ws', 'mysql2', '@types/koa', '@types/node');
  consumer.install('hono', '@hono/node-server', 'h3');
  await query(createTableSql());
  // As Symfony 5.4 makes it.
  await query(`CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL,
    sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL) COLLATE utf8mb4_bin, ENGINE = InnoDB`);
}, 240_000);

afterEach(() => program?.stop(100));

afterAll(async () => {
  consumer?.remove();
  await database?.stop();
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const { host, port, user, password } = database;
  const connection = await createConnection({ host, port, user, password, database: 'test' });
  try {
    const [rows] = await connection.query(sql);
    return rows as Record<string, unknown>[];
  } finally {
    await connection.end();
  }
}

/** The program of a page by the name in its first line; README.md has one only, without. */
function programOf(page: string, name?: string): string {
  const programs = readFileSync(join(clone, page), 'utf8').matchAll(/^```(?:js|ts)\n(.*?)^```/gms);
  const found = [...programs].find(([, code]) => code!.startsWith(name === undefined ? 'import Koa' : `// ${name}\n`));
  if (found === undefined) throw new Error(`${page} has no program ${name}`);
  return found[1]!;
}

async function start(file: string, code: string): Promise<void> {
  const { host, port, user, password } = database;
  const ownPort = await freePort();
  site = `http://127.0.0.1:${ownPort}`;
  cookie = '';
  const uri = `mysql://${user}:${password}@${host}:${port}/test`;
  const placed = code.replace('mysql://user:password@127.0.0.1/app', uri).replaceAll('3000', String(ownPort));
  expect(placed).not.toBe(code);
  consumer.write(file, placed);
  let runs = file;
  if (file.endsWith('.mts')) {
    const options = ['--module', 'NodeNext', '--strict', '--types', 'node', '--target', 'ES2022'];
    await run(process.execPath, [join(clone, 'node_modules/typescript/bin/tsc'), ...options, file], consumer.path());
    runs = file.replace('.mts', '.mjs');
  }
  program = startProcess(process.execPath, [runs], { cwd: consumer.path(), log: consumer.path('log') });
  while (!(await fetch(site).catch(() => undefined))) {
    if (!program.running()) throw new Error(readFileSync(consumer.path('log'), 'utf8'));
    await sleep(20);
  }
}

/** As a browser asks. */
async function ask(path = '/', method = 'GET'): Promise<string> {
  const answer = await fetch(site + path, { method, headers: cookie === '' ? {} : { cookie } });
  for (const line of answer.headers.getSetCookie()) {
    const [pair] = line.split(';');
    cookie = /=deleted$/.test(pair!) ? '' : pair!;
  }
  return answer.text();
}

/** A visit, a login and a logout. */
async function visit(): Promise<void> {
  expect([await ask(), await ask()]).toEqual(['Visit 1 of somebody', 'Visit 2 of somebody']);
  const before = cookie;
  expect(await ask('/login', 'POST')).toBe('Welcome');
  expect(cookie).not.toBe(before);
  expect(await ask()).toBe('Visit 3 of Ann');
  const loggedIn = cookie;
  cookie = before;
  expect(await ask()).toBe('Visit 1 of somebody');
  cookie = loggedIn;
  expect(await ask('/logout', 'POST')).toBe('Goodbye');
  cookie = loggedIn;
  expect(await ask()).toBe('Visit 1 of somebody');
}

test('README.md', async () => {
  await start('server.mjs', programOf('README.md'));
  await visit();
});

describe('docs/koa.md', () => {
  test('server.mjs', async () => {
    await start('server.mjs', programOf('docs/koa.md', 'server.mjs'));
    await visit();
  });

  test('server.cjs', async () => {
    const page = readFileSync(join(clone, 'docs/koa.md'), 'utf8');
    const [, beginning] = /^```js\n(const Koa = require.*?)^```/ms.exec(page)!;
    const code = programOf('docs/koa.md', 'server.mjs');
    await start('server.cjs', beginning! + code.replace(/^import .*$/gm, ''));
    await visit();
  });

  test('typed.mts', async () => {
    await start('typed.mts', programOf('docs/koa.md', 'typed.mts'));
    expect([await ask(), await ask()]).toEqual(['Visit 1 of somebody', 'Visit 2 of somebody']);
  }, 240_000); // TypeScript on a busy machine

  test('passport.mjs', async () => {
    await start('passport.mjs', programOf('docs/koa.md', 'passport.mjs'));
    expect(await ask()).toBe('Hello somebody');
    expect(await ask('/login', 'POST')).toBe('Hello Ann');
    expect(await ask()).toBe('Hello Ann');
    const loggedIn = cookie;
    expect(await ask('/logout', 'POST')).toBe('Hello somebody');
    cookie = loggedIn;
    expect(await ask()).toBe('Hello somebody');
  });
});

test('docs/express.md, express.mjs', async () => {
  await start('express.mjs', programOf('docs/express.md', 'express.mjs'));
  await visit();
  // As Koa answers, where the session cannot be had.
  await query('RENAME TABLE session TO away');
  const answer = await fetch(site, { headers: { cookie: `PHPSESSID=${'a'.repeat(32)}` } });
  await query('RENAME TABLE away TO session');
  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain('the session table cannot be used');
});

test('docs/fastify.md, fastify.mjs', async () => {
  await start('fastify.mjs', programOf('docs/fastify.md', 'fastify.mjs'));
  await visit();
});

test.each(['http', 'hono', 'h3'])('docs/%s.md', async (name) => {
  await start(`${name}.mjs`, programOf(`docs/${name}.md`, `${name}.mjs`));
  await visit();
});

describe('docs/elsewhere.md', () => {
  const page = 'docs/elsewhere.md';

  test('websocket.mjs', async () => {
    const open = async (headers: Record<string, string>) => {
      const socket = new WebSocket(site.replace('http', 'ws'), { headers });
      const outcome = await new Promise((resolve) => {
        socket.once('open', () => resolve(socket));
        socket.once('unexpected-response', (_: unknown, { statusCode }: { statusCode: number }) => resolve(statusCode));
        socket.once('error', resolve);
      });
      return outcome as typeof socket;
    };
    const said = (socket: typeof WebSocket) =>
      new Promise((resolve) => {
        socket.once('message', (data: Buffer) => resolve(String(data)));
        socket.once('close', resolve);
        socket.send('hello');
      });
    const code = programOf(page, 'websocket.mjs');
    // It answers upgrades only; so that `start()` sees it, the others too.
    await start('websocket.mjs', `${code}server.on('request', (_, res) => res.end());\n`);
    const id = 'b'.repeat(32);
    const headers = { origin: site, cookie: `other=1; PHPSESSID=${id}` };
    expect(await open(headers)).toBe(401);
    await query(
      `REPLACE INTO session (id, data, usetime) VALUES ('${id}', 'user|a:1:{s:4:"name";s:3:"Ann";}', UNIX_TIMESTAMP())`,
    );
    expect(await open({ ...headers, origin: 'http://127.0.0.2' })).toBe(403);
    expect(await open({ origin: site })).toBe(401);
    const socket = await open(headers);
    expect(await said(socket)).toBe('Ann says hello');
    await query(`DELETE FROM session WHERE id = '${id}'`);
    expect(await said(socket)).toBe(1008);
  });

  test('symfony.mjs, with the ALTER of the page', async () => {
    const [, sql] = /^```sql\n(.*?)^```/ms.exec(readFileSync(join(clone, page), 'utf8'))!;
    await query(sql!);
    await start('symfony.mjs', programOf(page, 'symfony.mjs'));
    expect(await ask()).toBe('Visit 1');
    expect(await ask()).toBe('Visit 2');
    const rows = await query(
      'SELECT CAST(sess_data AS CHAR) data, sess_lifetime > UNIX_TIMESTAMP() + 1400 AS lives FROM sessions',
    );
    expect(rows).toContainEqual({ data: '_sf2_attributes|a:1:{s:5:"count";i:2;}', lives: 1 });
  });
});
