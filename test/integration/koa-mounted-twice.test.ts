import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import Koa from 'koa';
import session from 'koa-session';
import { phpSession } from '../../src/middleware/koa.ts';
import { phpKoaSession } from '../../src/middleware/koa-session.ts';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { withLease } from '../../src/testing/leases.ts';
import { Site } from './koa-helpers.ts';
import { asInAnotherProcess, storeOn, utf8Bytes, Witness } from './mysql-store-helpers.ts';

// A second phpSession() for the same session would wait until its timeout for the lock that its own request has. It must get an error.

const table = 'koa_mounted_twice';
let witness: Witness;
let store: SessionStore;
let ids = 0;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.table(table, createTableSql({ table }));
  store = storeOn(table);
});
afterAll(async () => {
  await store.close();
  await witness.end();
});

async function stored(): Promise<string> {
  const id = `twice${++ids}`;
  await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes('a|i:1;') }));
  return id;
}

const twice = expect.objectContaining({
  code: 'ERR_SESSION_MOUNTED_TWICE',
  message: expect.stringContaining('PHPSESSID'),
});

async function isRefused(outer: Koa.Middleware): Promise<void> {
  // Whoever waits for the lock after all, would do so for longer than the test.
  const patient = storeOn(table, { lockTimeout: 600 });
  const site = await Site.start({ store: patient }, outer);
  try {
    for (const id of [await stored(), undefined]) {
      const { status, headers } = await site.ask(({ session }) => Object.assign(session, { a: 2 }), { id });
      expect([status, headers['retry-after']]).toEqual([500, undefined]);
      expect(site.errors.splice(0)).toEqual([twice]);
      if (id === undefined) continue;
      const other = asInAnotherProcess(() => storeOn(table));
      await withLease(other, id, async ({ data }) => expect(Buffer.from(data!).toString()).toBe('a|i:1;')); // not locked any more
      await other.close();
    }
  } finally {
    await site.stop();
  }
}

test('twice in one application', () => isRefused(phpSession({ store }) as unknown as Koa.Middleware));

test('the same one twice, with another mode, and without the lock', () =>
  isRefused(phpSession({ store, mode: 'readonly' }) as unknown as Koa.Middleware));

test('phpKoaSession() and phpSession()', async () => {
  const app = new Koa();
  const patient = storeOn(table, { lockTimeout: 600 });
  app.use(phpKoaSession(session, { store: patient }, app));
  app.use(phpSession({ store: patient }));
  app.use((ctx) => {
    ctx.body = 'done';
  });
  const errors: unknown[] = [];
  app.on('error', (error) => errors.push(error));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: `PHPSESSID=${await stored()}` } });
  expect(answer.status).toBe(500);
  expect(errors).toEqual([twice]);
  server.close();
  server.closeAllConnections();
  await patient.close();
});

test('in two copies of the package', async () => {
  let copy: { phpSession: typeof phpSession } | undefined;
  jest.isolateModules(() => {
    copy = require('../../src/middleware/koa.ts');
  });
  expect(copy!.phpSession).not.toBe(phpSession);
  await isRefused(copy!.phpSession({ store }) as unknown as Koa.Middleware);
});

test('two sessions with two names go on working', async () => {
  const other = storeOn(table);
  const seen: unknown[] = [];
  const site = await Site.start(
    { store: storeOn(table) },
    phpSession({ store: other, name: 'OTHER' }) as unknown as Koa.Middleware,
    (async (ctx, next) => {
      const outer = ctx.session;
      outer.of = 'outer';
      await next();
    }) as Koa.Middleware,
  );
  const { status, lines } = await site.ask((ctx) => {
    ctx.session.of = 'inner';
    seen.push(ctx.session.of);
  });
  expect([status, seen, site.errors]).toEqual([200, ['inner'], []]);
  const cookies = lines.filter((line) => /^set-cookie:/i.test(line)).join();
  const [, outerId] = /OTHER=(\w+)/.exec(cookies)!;
  const [, innerId] = /PHPSESSID=(\w+)/.exec(cookies)!;
  const data = async (id: string) =>
    String((await witness.query(`SELECT data FROM ${table} WHERE id = ?`, [id]))[0]!.data);
  expect([await data(outerId!), await data(innerId!)]).toEqual(['of|s:5:"outer";', 'of|s:5:"inner";']);
  await site.stop();
  await other.close();
});

test('one after the other is not twice', async () => {
  const first = phpSession({ store }) as unknown as Koa.Middleware;
  const site = await Site.start({ store: storeOn(table) }, async (ctx, next) => {
    await first(ctx as never, async () => undefined);
    await next();
  });
  const id = await stored();
  expect((await site.ask((ctx) => ctx.session.a, { id })).value).toBe(1);
  expect(site.errors).toEqual([]);
  await site.stop();
});
