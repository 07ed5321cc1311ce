import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { type Mariadb, startMariadb } from '../../tools/services/mariadb.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { type Service, startProcess } from '../../tools/services/processes.mjs';
import { Consumer, clone } from '../package/consumer.ts';

const page = readFileSync(join(clone, 'docs/shutdown.md'), 'utf8');
const [recipe, ofServers, ofFastify] = [...page.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code!);

/** A visit that counts, after so many milliseconds. */
const sites = {
  express: `import express from 'express';
    const app = express();
    app.use(phpSession({ store }));
    app.get('/', async (req, res) => res.send(String(await visit(req.session, req.query.ms))));
    ${ofServers}`,
  koa: `import Koa from 'koa';
    const app = new Koa();
    app.use(phpSession({ store }));
    app.use(async (ctx) => { ctx.body = String(await visit(ctx.session, ctx.query.ms)); });
    ${ofServers}`,
  fastify: `import fastify from 'fastify';
    const app = fastify();
    await app.register(phpSession, { store });
    app.get('/', async (request) => String(await visit(request.session, request.query.ms)));
    ${ofFastify}`,
};

let consumer: Consumer;
let database: Mariadb;
let witness: Connection;

beforeAll(async () => {
  [consumer, database] = await Promise.all([Consumer.create(), startMariadb()]);
  consumer.install('koa', 'express', 'fastify', 'mysql2');
  consumer.write('shutdown.mjs', recipe!);
  witness = await connectTo(database);
  await witness.query(createTableSql());
}, 240_000);
afterAll(async () => {
  consumer?.remove();
  await witness?.end();
  await database?.stop();
});

const connectTo = ({ host, port, user, password }: Mariadb) =>
  createConnection({ host, port, user, password, database: 'test' });

interface Site {
  port: number;
  process: Service;
}

async function start(name: keyof typeof sites, patience = 15_000): Promise<Site> {
  const { host, port: at, user, password } = database;
  const port = await freePort();
  const site = sites[name].replaceAll('3000', String(port)).replace('store,', `store, patience: ${patience},`);
  consumer.write(
    `${name}.mjs`,
    `import { phpSession } from 'php-session-bridge/${name}';
    import { mysqlStore } from 'php-session-bridge/mysql';
    import { endOnSigterm } from './shutdown.mjs';
    const store = mysqlStore('mysql://${user}:${password}@${host}:${at}/test');
    const visit = async (session, ms) => {
      await new Promise((resolve) => setTimeout(resolve, Number(ms)));
      session.count++;
      return session.count;
    };
    ${site}`,
  );
  const program = startProcess(process.execPath, [`${name}.mjs`], { cwd: consumer.path(), log: consumer.path('log') });
  while (!(await canConnect(port))) {
    if (!program.running()) throw new Error(readFileSync(consumer.path('log'), 'utf8'));
    await sleep(20);
  }
  return { port, process: program };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function stored(id: string): Promise<void> {
  await witness.query(`REPLACE INTO session (id, data, usetime) VALUES (?, 'count|i:0;', UNIX_TIMESTAMP())`, [id]);
}

/** @returns the session as it is; fails if it is locked */
async function free(id: string): Promise<string> {
  const [rows] = await witness.query('SELECT data FROM session WHERE id = ? FOR UPDATE NOWAIT', [id]);
  return String((rows as { data: Buffer }[])[0]!.data);
}

async function ask(port: number, id: string, ms: number, agent: Agent): Promise<string> {
  const sent = get({ host: '127.0.0.1', port, path: `/?ms=${ms}`, headers: { cookie: `PHPSESSID=${id}` }, agent });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return `${answer.statusCode} ${await text(answer)}`;
}

describe.each(Object.keys(sites) as (keyof typeof sites)[])('SIGTERM with %s', (name) => {
  const agents: Agent[] = [];
  /** A browser, whose connections stay. */
  const browser = () => {
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    return agent;
  };
  afterAll(() => {
    for (const agent of agents) agent.destroy();
  });

  test('requests under way are answered and stored, also one that waits for its session; then it ends', async () => {
    const id = 'a'.repeat(32);
    await stored(id);
    const { port, process: site } = await start(name);
    const idle = browser();
    expect(await ask(port, id, 0, idle)).toBe('200 1');
    const slow = ask(port, id, 1_500, browser());
    let isAnswered = false;
    void slow.then(() => {
      isAnswered = true;
    });
    await sleep(200);
    const waiting = ask(port, id, 0, browser());
    await sleep(200);
    const begun = performance.now();
    site.kill('SIGTERM');
    while (await canConnect(port)) await sleep(10);
    expect(isAnswered).toBe(false); // new requests are refused at once
    expect(await Promise.all([slow, waiting])).toEqual(['200 2', '200 3']);
    const end = await site.ended;
    // Less than the 5 and 72 seconds for which the servers keep a connection.
    expect(performance.now() - begun).toBeLessThan(4_500);
    expect(end).toBe('exit 0');
    expect(await free(id)).toBe('count|i:3;');
  });

  test('what takes too long is cut, its lock is free, and its session is as it was', async () => {
    const [id, locked] = ['b'.repeat(32), 'c'.repeat(32)];
    await stored(id);
    await stored(locked);
    const { port, process: site } = await start(name, 500);
    const holder = await connectTo(database);
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM session WHERE id = ? FOR UPDATE', [locked]);
    const requests = [ask(port, id, 60_000, browser()), ask(port, locked, 0, browser())];
    const outcomes = Promise.allSettled(requests);
    await sleep(300);
    const begun = performance.now();
    site.kill('SIGTERM');
    expect(await site.ended).toBe('exit 0');
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await holder.end();
    while ((await free(id).catch(() => 'locked')) === 'locked') await sleep(20);
    expect([await free(id), await free(locked)]).toEqual(['count|i:0;', 'count|i:0;']);
  });
});
