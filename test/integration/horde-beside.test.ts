import { once } from 'node:events';
import { get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import Koa from 'koa';
import { type Connection, createConnection } from 'mysql2/promise';
import { encodeSession } from '../../src/codec/index.ts';
import { type HordeBeside, hordeBeside } from '../../src/horde/login.ts';
import { phpSession as expressSession, type PhpSessionRequest } from '../../src/middleware/express.ts';
import { phpSession as koaSession, loggedIn } from '../../src/middleware/koa.ts';
import { horde } from '../../src/presets/index.ts';
import { createTableSql, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { testServer } from './mysql-store-helpers.ts';

// Horde's table and Node's own in a real database. Horde's part is its statements: it reads without a lock and writes whole rows
// (Horde_SessionHandler_Storage_Sql; SqlBackend of Horde 6). A whole Horde is in test/differential/horde-lab.test.ts.

interface Own {
  [name: string]: unknown;
}

const now = Math.floor(Date.now() / 1000);
const id = 'a'.repeat(26);
const cookie = `Horde=${id}; horde_secret_key=key`;
const app = horde();
const { host, port, user, password } = testServer();
const connection = { host, port, user, password, database: 'test' };

const row = (more: object = {}): Buffer =>
  Buffer.from(
    encodeSession({
      _b: now,
      _r: now + 21_600,
      horde: {
        'auth/authId': '\0alice',
        'auth/browser': '\0made up',
        'auth/timestamp': now,
        'auth/userId': '\0alice',
        ...more,
      },
    }),
  );

let admin: Connection;
let hordeStore: SessionStore;
let store: SessionStore;
let beside: HordeBeside<Own>;
let server: Server | undefined;

beforeAll(async () => {
  admin = await createConnection({ ...connection, multipleStatements: true });
});
afterAll(() => admin.end());

beforeEach(async () => {
  await admin.query(`DROP TABLE IF EXISTS horde_sessionhandler, node_session; ${createTableSql({ table: 'node_session' })};
    CREATE TABLE horde_sessionhandler (session_id varchar(32) NOT NULL PRIMARY KEY, session_lastmodified int NOT NULL,
      session_data longblob)`);
  hordeStore = mysqlStore({ connection, ...app.store });
  store = mysqlStore({ connection, table: 'node_session', gcMaxlifetime: 72_000 });
  beside = hordeBeside<Own>({ store, login: app.login, secret: 'a made-up text of 32 characters.' });
});
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  await hordeStore.close();
  await store.close();
});

async function hordeRead(of = id): Promise<Buffer | undefined> {
  const [rows] = await admin.execute('SELECT session_data FROM horde_sessionhandler WHERE session_id = ?', [of]);
  return (rows as { session_data: Buffer }[])[0]?.session_data;
}

/** Horde 6 asks whether there is a row, and inserts one if there is none. */
async function hordeWrite(data: Buffer, of = id): Promise<void> {
  const isThere = (await hordeRead(of)) !== undefined;
  await admin.execute(
    isThere
      ? 'UPDATE horde_sessionhandler SET session_data = ?, session_lastmodified = UNIX_TIMESTAMP() WHERE session_id = ?'
      : 'INSERT INTO horde_sessionhandler (session_data, session_lastmodified, session_id) VALUES (?, UNIX_TIMESTAMP(), ?)',
    [data, of],
  );
}

/** Pages of Node: one adds to its own data, one logs out. */
const onKoa = (): Server => {
  const site = new Koa();
  site.use(koaSession({ store: hordeStore, ...app.session }));
  site.use(
    loggedIn({
      ...app.login,
      required: true,
      check: async (_, ctx) => !(await beside.hasEnded((ctx as unknown as { session: object }).session, ctx.req)),
    }),
  );
  site.use(async (ctx) => {
    if (ctx.path === '/logout') {
      await beside.logout(ctx.session, ctx.req);
      await ctx.phpSession.destroy();
    } else {
      await using own = await beside.open(ctx.session, ctx.req);
      own!.data.count = ((own!.data.count as number | undefined) ?? 0) + 1;
      await own!.commit();
      ctx.body = own!.data;
    }
  });
  return site.listen(0, '127.0.0.1');
};

const onExpress = (): Server => {
  const site = express();
  site.use(expressSession({ store: hordeStore, ...app.session }));
  site.use(async (req, res) => {
    const { session, phpSession } = req as typeof req & PhpSessionRequest;
    const own = (await beside.hasEnded(session, req)) ? undefined : await beside.open(session, req);
    if (own === undefined) {
      res.status(401).end();
    } else if (req.path === '/logout') {
      await own.discard();
      await beside.logout(session, req);
      await phpSession.destroy();
      res.end();
    } else {
      own.data.count = ((own.data.count as number | undefined) ?? 0) + 1;
      await own.commit();
      res.json(own.data);
    }
  });
  return site.listen(0, '127.0.0.1');
};

async function ask(path: string, cookies = cookie) {
  const { port } = server!.address() as AddressInfo;
  const headers = { cookie: cookies, 'user-agent': 'made up' };
  const [answer] = (await once(get({ port, path, headers, agent: false }), 'response')) as [IncomingMessage];
  const body = await text(answer);
  return { status: answer.statusCode, body: body.startsWith('{') ? JSON.parse(body) : body };
}

describe.each([
  ['Koa', onKoa],
  ['Express', onExpress],
])('hordeBeside() in %s', (_, make) => {
  beforeEach(async () => {
    server = make();
    await once(server, 'listening');
  });

  test('Horde writes whole rows meanwhile: nothing of Node is lost, and Node writes nothing there', async () => {
    let changes = 0;
    await hordeWrite(row());
    const writer = (async () => {
      for (; changes < 100; changes++) await hordeWrite(row({ changes }));
    })();
    await Promise.all(Array.from({ length: 60 }, () => ask('/')));
    await writer;
    expect((await ask('/')).body).toEqual({ count: 61 });
    expect(await hordeRead()).toEqual(row({ changes: changes - 1 }));
  });

  test('a new id takes the data along; the old one has no login', async () => {
    await hordeWrite(row());
    await ask('/');
    await admin.query('DELETE FROM horde_sessionhandler');
    await hordeWrite(row(), 'b'.repeat(26));
    expect((await ask('/', cookie.replace(id, 'b'.repeat(26)))).body).toEqual({ count: 2 });
    expect((await ask('/')).status).toBe(401);
    expect(await hordeRead()).toBeUndefined();
  });

  test('an anonymous session under the same id has none, nor has the next login', async () => {
    await hordeWrite(row());
    await ask('/');
    await hordeWrite(Buffer.from(encodeSession({ _b: now, horde: { language: '\0en_US' } })));
    expect((await ask('/')).status).toBe(401);
    await hordeWrite(row({ 'auth/timestamp': now + 1 }));
    expect((await ask('/')).body).toEqual({ count: 1 });
  });

  test('a logout by Node holds, though Horde 6 inserts the row again', async () => {
    await hordeWrite(row());
    const read = (await hordeRead())!; // a request of Horde has begun
    await ask('/');
    await ask('/logout');
    expect(await hordeRead()).toBeUndefined();
    await hordeWrite(read);
    expect((await ask('/')).status).toBe(401);
    const [rows] = await admin.query('SELECT data FROM node_session');
    // Beside the mark stands what a deleted session leaves for a while.
    const data = (rows as { data: Buffer }[]).map((one) => String(one.data)).filter((text) => text !== '');
    expect(data).toEqual([expect.stringMatching(/^_ended\|i:\d+;$/)]);
  });
});

test('Horde’s own table in place of one for Node is an error, and gets no row', async () => {
  const wrong = hordeBeside<Own>({ store: hordeStore, login: app.login, secret: 'a made-up text of 32 characters.' });
  await hordeWrite(row());
  const session = { _b: now, horde: { 'auth/userId': '\0alice', 'auth/browser': '\0made up', 'auth/timestamp': now } };
  const source = { headers: { 'user-agent': 'made up', cookie } };
  const use = async () => {
    const own = await wrong.open(session, source);
    own!.data.cart = 1;
    await own!.commit();
  };
  await expect(use()).rejects.toMatchObject({ name: 'PhpSessionError', code: 'ERR_SESSION_TABLE' });
  await expect(wrong.logout(session, source)).rejects.toMatchObject({
    name: 'PhpSessionError',
    code: 'ERR_SESSION_TABLE',
  });
  const [rows] = await admin.query('SELECT session_id FROM horde_sessionhandler');
  expect(rows).toEqual([{ session_id: id }]);
});

test('gc of the own table removes what was not used for as long as a login can last, and Horde’s table stays', async () => {
  server = onKoa();
  await once(server, 'listening');
  await hordeWrite(row());
  await ask('/');
  expect(await store.gc(72_000)).toBe(0);
  await admin.query('UPDATE node_session SET usetime = usetime - 72001');
  expect(await store.gc(72_000)).toBe(1);
  expect(await hordeRead()).toEqual(row());
  expect((await ask('/')).body).toEqual({ count: 1 });
});
