// What the package does with the oldest releases of its peers that it admits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import Express4 from 'express-4';
import Express5 from 'express-5';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa2 from 'koa-2';
import Koa3 from 'koa-3';
import koaSession from 'koa-session';
import mysql from 'mysql2/promise';
import { phpSession as expressSession } from 'php-session-bridge/express';
import { phpSession as fastifySession } from 'php-session-bridge/fastify';
import { phpSession as h3Session, usePhpSession } from 'php-session-bridge/h3';
import { phpSession as honoSession } from 'php-session-bridge/hono';
import { hordeCipher } from 'php-session-bridge/horde/credentials';
import { phpSession } from 'php-session-bridge/koa';
import { phpKoaSession } from 'php-session-bridge/koa-session';
import { createTableSql, mysqlStore } from 'php-session-bridge/mysql';
import { middlewareContract, storeContract } from 'php-session-bridge/testing';

const { connection, lowest } = JSON.parse(readFileSync('given.json', 'utf8'));
const require = createRequire(import.meta.url);
const untyped = require; // the types of these need those of browsers
const { getRequestListener } = untyped('@hono/node-server');
const h3v1 = untyped('h3-1');
const { H3, toNodeHandler } = untyped('h3-2/node');
const table = 'lowest';
let witness;

before(async () => {
  witness = await mysql.createConnection(connection);
  await witness.query(createTableSql({ table }));
});
after(() => witness.end());

test('they are the oldest', () => {
  const found = Object.keys(lowest).map((name) => [name, require(`./node_modules/${name}/package.json`).version]);
  assert.deepEqual(Object.fromEntries(found), lowest);
  assert.equal(found.length, 11);
});

test("Horde's cipher", () => {
  const cipher = hordeCipher({ key: 'pCH3yg2_tKeOA48SzSp8KaK', secretKey: 'hordelab' });
  assert.deepEqual(cipher.decrypt(cipher.encrypt(Buffer.from('secret'))), new Uint8Array(Buffer.from('secret')));
});

storeContract({ describe, test }, 'the store', {
  make: (options) => mysqlStore({ connection, table, touchInterval: 0, ...options }),
  makeOld: (id, seconds) =>
    witness.query(`UPDATE ${table} SET usetime = UNIX_TIMESTAMP() - ? WHERE id = ?`, [seconds, id]),
});

test('mysql2 prepares a statement once for a connection', async () => {
  const store = mysqlStore({ connection, table, connectionLimit: 1 });
  const id = 'prepared';
  const counted = async (name) => {
    const [[row]] = await witness.query(`SHOW GLOBAL STATUS LIKE '${name}'`);
    return Number(row.Value);
  };
  const use = async () => {
    const lease = await store.open(id);
    await lease.commit({ data: Buffer.from(`n|i:${Math.random()};`) });
    await lease.release();
  };
  for (let i = 0; i < 2; i++) await use();
  const [prepared, executed] = [await counted('Com_stmt_prepare'), await counted('Com_stmt_execute')];
  for (let i = 0; i < 5; i++) await use();
  assert.deepEqual([await counted('Com_stmt_prepare'), await counted('Com_stmt_execute')], [prepared, executed + 5]);
  await store.close();
});

test('a trigger refuses a new session: COMMIT was not run', async () => {
  const refusing = `${table}_refusing`;
  await witness.query(createTableSql({ table: refusing }));
  await witness.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON ${refusing} FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 31337`,
  );
  const store = mysqlStore({ connection, table: refusing });
  const lease = await store.open('refused');
  await assert.rejects(lease.commit({ data: Buffer.from('n|i:1;') }), { code: 'ERR_SESSION_UNAVAILABLE' });
  await store.close();
});

const middlewares = {
  phpSession: (_app, store) => phpSession({ store }),
  phpKoaSession: (app, store) => phpKoaSession(koaSession, { store }, app),
};
/** An application for the contract. */
function application(Koa, mount, { sessions, between, handle, onError, onGone }) {
  const app = new Koa();
  const visitOf = (ctx) =>
    Object.defineProperties(
      { control: ctx.phpSession, req: ctx.req, res: ctx.res },
      { session: { get: () => ctx.session, set: (content) => Object.assign(ctx, { session: content }) } },
    );
  app.on('error', onError).on('session:gone', onGone);
  for (const [i, options] of sessions.entries()) {
    if (i > 0) app.use((ctx, next) => Promise.resolve(between(visitOf(ctx))).then(next));
    app.use(mount(app, options));
  }
  app.use(async (ctx) => {
    const body = await handle(visitOf(ctx));
    if (body === undefined) ctx.respond = false;
    else ctx.body = body;
  });
  return app.callback();
}

for (const [name, Koa] of Object.entries({ 'Koa 2': Koa2, 'Koa 3': Koa3 })) {
  const make = (options) => application(Koa, (_, options) => phpSession(options), options);
  middlewareContract({ describe, test }, name, { make });
  for (const [middleware, make] of Object.entries(middlewares)) {
    test(`${middleware} in ${name}`, async () => {
      const store = mysqlStore({ connection, table });
      const app = new Koa();
      app.use(make(app, store));
      app.use((ctx) => {
        ctx.session.count = (ctx.session.count ?? 0) + 1;
        ctx.body = String(ctx.session.count);
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const ask = (headers) => fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
      const first = await ask({});
      const [cookie] = first.headers.getSetCookie()[0].split(';');
      const second = await ask({ cookie });
      assert.deepEqual([await first.text(), await second.text()], ['1', '2']);
      server.closeAllConnections();
      server.close();
      await store.close();
    });
  }
}

/** What the contract sees of a request of Express or Fastify. */
const visitOf = (request, req, res) =>
  Object.defineProperties(
    { control: request.phpSession, req, res },
    { session: { get: () => request.session, set: (content) => Object.assign(request, { session: content }) } },
  );

for (const [name, express] of Object.entries({ 'Express 4': Express4, 'Express 5': Express5 })) {
  const make = ({ sessions, between, handle, onError, onGone }) => {
    const app = express();
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.use((req, res, next) => next(between(visitOf(req, req, res))));
      app.use(expressSession({ ...options, onError, onGone }));
    }
    app.use((req, res, next) => {
      handle(visitOf(req, req, res)).then(
        (body) => (typeof body === 'string' ? res.send(body) : body?.pipe(res)),
        next,
      );
    });
    app.use((error, _req, res, _next) => {
      onError(error);
      if (res.headersSent) return;
      res.status(error.status ?? 500).set(error.headers ?? {});
      res.send('failed');
    });
    return app;
  };
  middlewareContract({ describe, test }, name, { make });
}

middlewareContract({ describe, test }, 'Fastify', {
  async make({ sessions, between, handle, onError, onGone }) {
    const app = fastify();
    app.addContentTypeParser('*', (_request, _body, done) => done(null));
    app.addHook('onError', async (_request, _reply, error) => onError(error.cause ?? error));
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.addHook('onRequest', async (request, reply) => between(visitOf(request, request.raw, reply.raw)));
      // biome-ignore lint/nursery/noMisusedPromises: Fastify takes both kinds of plugins
      await app.register(fastifySession, { ...options, onError, onGone });
    }
    app.all('/', async (request, reply) => {
      const body = await handle(visitOf(request, request.raw, reply.raw)).catch((error) => {
        if (reply.raw.headersSent) onError(error);
        throw error;
      });
      return body === undefined ? reply.hijack() : reply.send(body);
    });
    await app.ready();
    return app.routing;
  },
});

middlewareContract({ describe, test }, 'Hono', {
  make({ sessions, between, handle, onError, onGone }) {
    const app = new Hono();
    const visitOf = (c) =>
      Object.defineProperty({ control: c.var.phpSession }, 'session', {
        get: () => c.get('session'),
        set: (content) => c.set('session', content),
      });
    app.onError((error, c) => {
      onError(error);
      return error.getResponse?.() ?? c.text('failed', 500);
    });
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.use((c, next) => Promise.resolve(between(visitOf(c))).then(next));
      app.use(honoSession({ ...options, onError, onGone }));
    }
    app.all('/', async (c) => {
      const body = await handle(visitOf(c));
      return c.body(body instanceof Readable ? Readable.toWeb(body) : body);
    });
    return getRequestListener(app.fetch);
  },
  answersByHand: false,
});

/** What the contract sees of a session in h3. */
const visitInH3 = (session, event) =>
  Object.defineProperty({ control: session, ...event.node }, 'session', {
    get: () => session.data,
    set: (content) => Object.assign(session, { data: content }),
  });
const onH3Error = (onError) => (error) => void onError(error.cause ?? error);

middlewareContract({ describe, test }, 'h3 1', {
  make({ sessions, between, handle, onError, onGone }) {
    const app = h3v1.createApp({ onError: onH3Error(onError) });
    const visit = async (event) => visitInH3(await usePhpSession(event), event);
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.use(h3v1.eventHandler(async (event) => between(await visit(event))));
      app.use(h3Session({ ...options, onError, onGone }));
    }
    app.use(
      h3v1.eventHandler(async (event) => {
        const body = await handle(await visit(event));
        if (body === undefined) event._handled = true;
        return body;
      }),
    );
    return h3v1.toNodeListener(app);
  },
});

middlewareContract({ describe, test }, 'h3 2', {
  make({ sessions, between, handle, onError, onGone }) {
    const app = new H3({ onError: onH3Error(onError), silent: true });
    const visit = async (event) => visitInH3(await usePhpSession(event), event);
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.use((event, next) => visit(event).then(between).then(next));
      app.use(h3Session({ ...options, onError, onGone }));
    }
    app.all('/', async (event) => {
      const body = await handle(await visit(event));
      return body instanceof Readable ? Readable.toWeb(body) : body;
    });
    return toNodeHandler(app);
  },
  answersByHand: false,
});
