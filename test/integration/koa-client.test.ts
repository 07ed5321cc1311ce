import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { type PhpSessionContext, phpSession } from '../../src/middleware/koa.ts';
import { binaryTable, type Harness, until } from '../php/harness.ts';
import { isLocked, putNew, Site, signal, siteForEach, storeOf } from './koa-helpers.ts';

/** Clients that go away, and headers that are sent before the session wants to. */
const table = binaryTable();
let php: Harness;
let site: Site;

const put = (data: string) => putNew(php, table, data, 1_000);
const forgetErrors = (error: Error) => void error;

siteForEach([table], (...started) => {
  [php, site] = started;
});

describe('a client that goes away', () => {
  test('while it waits for the lock: the handler does not run, and the row stays', async () => {
    const id = await put('a|i:1;');
    const release = await php.hold(table, id);
    let runs = 0;
    const waiting = site.send(() => runs++, { id }).on('error', forgetErrors);
    await until(async () => (await waiters()) > 0);
    waiting.destroy();
    await until(async () => (await waiters()) === 0);
    await release();
    const answer = await site.ask((ctx) => ctx.session.a, { id });
    expect([answer.value, runs]).toEqual([1, 0]);
    expect(await php.row(table, id)).toBe('a|i:1;');
  });

  test('while it waits for another request of this process', async () => {
    const id = await put('a|i:1;');
    const [running, end] = [signal(), signal()];
    let runs = 0;
    const first = site.ask(
      async () => {
        running.happen();
        await end.happened;
      },
      { id },
    );
    await running.happened;
    const waiting = site.send(() => runs++, { id }).on('error', forgetErrors);
    const third = site.ask((ctx) => (ctx.session.a = 3), { id });
    await once(waiting, 'socket');
    await connections(3);
    waiting.destroy();
    await connections(2);
    end.happen();
    await Promise.all([first, third]);
    expect(runs).toBe(0);
    expect(await php.row(table, id)).toBe('a|i:3;');
  });

  test('has been answered by an outer middleware while it waits: the handler does not run, and the row stays', async () => {
    const id = await put('a|i:1;');
    const [answered, ended] = [signal(), signal()];
    const impatient = await Site.start({ store: storeOf(table) }, async (ctx, next) => {
      const inner = next().finally(ended.happen);
      await until(async () => (await waiters()) > 0);
      ctx.respond = false;
      ctx.res.shouldKeepAlive = true; // the connection stays, as others would come on it
      ctx.res.writeHead(503).end(answered.happen);
      await inner;
    });
    const release = await php.hold(table, id);
    let runs = 0;
    const response = once(
      impatient.send(() => runs++, { id }),
      'response',
    ) as Promise<[IncomingMessage]>;
    await answered.happened;
    await release();
    await ended.happened;
    const [{ statusCode }] = await response;
    expect([statusCode, runs]).toEqual([503, 0]);
    expect(await isLocked(table, id)).toBe(false);
    expect(await php.row(table, id)).toBe('a|i:1;');
    await impatient.stop();
  });

  test.each([undefined, { remoteAddress: '127.0.0.1' }])(
    'where requests have no socket that shows it: %j',
    async (socket) => {
      const id = await put('a|i:1;');
      const without = await Site.start({ store: storeOf(table) }, (ctx, next) => {
        const { req } = ctx;
        Object.defineProperty(req, 'socket', { value: socket });
        return next();
      });
      expect((await without.ask((ctx) => ++(ctx.session.a as number), { id })).value).toBe(2);
      await without.stop();
    },
  );

  test('before the session was opened', async () => {
    const [arrived, gone] = [signal(), signal()];
    const late = await Site.start({ store: storeOf(table) }, async (ctx, next) => {
      ctx.res.on('close', gone.happen);
      arrived.happen();
      await gone.happened;
      await next();
      passed.happen();
    });
    const passed = signal();
    const id = await put('a|i:1;');
    let runs = 0;
    const request = late.send(() => runs++, { id }).on('error', forgetErrors);
    await arrived.happened;
    request.destroy();
    await passed.happened;
    expect(runs).toBe(0);
    expect(await php.age(table, id)).toBeGreaterThanOrEqual(1_000);
    await late.stop();
  });

  test('while the handler runs: the lock is held until its end, and what it changed is saved', async () => {
    const id = await put('a|i:1;');
    const [running, gone, end] = [signal(), signal(), signal()];
    const request = site
      .send(
        async (ctx) => {
          ctx.res.on('close', gone.happen);
          ctx.session.a = 2;
          running.happen();
          await end.happened;
          ctx.session.a = 3;
        },
        { id },
      )
      .on('error', forgetErrors);
    await running.happened;
    request.destroy();
    await gone.happened;
    expect(await isLocked(table, id)).toBe(true);
    end.happen();
    await until(async () => !(await isLocked(table, id)));
    expect(await php.row(table, id)).toBe('a|i:3;');
  });

  /** How many statements wait for a row of this table. (INNODB_TRX would tell, but not more often than each 0.1 s.) */
  async function waiters(): Promise<number> {
    const rows = (await php.sql(
      `SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE '%${table.name}% FOR UPDATE' AND ID <> CONNECTION_ID()`,
    )) as unknown[];
    return rows.length;
  }

  async function connections(count: number): Promise<void> {
    await until(async () => (await site.connections()) === count);
  }
});

describe('a client of HTTP/2, whose requests share one connection', () => {
  test('gives one of them up while it waits: its handler does not run, and the others go on', async () => {
    const id = await put('a|i:1;');
    const [running, end] = [signal(), signal()];
    const runs: string[] = [];
    const store = storeOf(table);
    const server = createServer(
      new Koa<Koa.DefaultState, PhpSessionContext>()
        .use(phpSession({ store }))
        .use(async (ctx) => {
          runs.push(ctx.path);
          ctx.session.a = (ctx.session.a as number) + 1;
          if (ctx.path !== '/first') return;
          running.happen();
          await end.happened;
        })
        .callback(),
    ).listen(0, '127.0.0.1');
    let arrived = 0;
    server.on('stream', () => arrived++);
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const get = (path: string) => client.request({ ':path': path, cookie: `PHPSESSID=${id}` });

    const first = get('/first');
    await running.happened;
    const [given, last] = [get('/given-up'), get('/last')];
    await until(async () => arrived === 3);
    given.close(constants.NGHTTP2_CANCEL);
    await once(given, 'close');
    end.happen();
    await Promise.all([first.resume(), last.resume()].map((stream) => once(stream, 'end')));

    expect(runs).toEqual(['/first', '/last']);
    expect(await php.row(table, id)).toBe('a|i:3;');
    client.close();
    server.close();
    await store.close();
  });
});

describe('headers that the session finds sent', () => {
  test('a new session cannot begin: reported, and no row', async () => {
    const before = await php.count(table);
    const answer = await site.ask((ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(200, { 'Content-Type': 'text/plain' });
      ctx.session.a = 1;
      ctx.res.end('streamed');
    });
    expect(answer.value).toBe('streamed');
    expect(answer.headers['set-cookie']).toBeUndefined();
    await until(() => site.errors.length > 0);
    expect(site.codes()).toEqual(['ERR_SESSION_HEADERS_SENT']);
    expect(await php.count(table)).toBe(before);
  });

  test('one that has its cookie is saved', async () => {
    const id = await put('a|i:1;');
    await site.ask(
      (ctx) => {
        ctx.respond = false;
        ctx.session.a = 2;
        ctx.res.end('streamed');
      },
      { id },
    );
    await until(async () => !(await isLocked(table, id)));
    expect(await php.row(table, id)).toBe('a|i:2;');
  });

  test('before it is opened: it works, and its lock is free in the end', async () => {
    const early = await Site.start({ store: storeOf(table) }, async (ctx, next) => {
      ctx.respond = false;
      ctx.res.write('early');
      await next().finally(() => ctx.res.end());
    });
    const id = await put('a|i:1;');
    const answer = await early.ask((ctx) => Object.assign(ctx.session, { a: 2 }), { id });
    expect(answer.value).toBe('early');
    expect(await isLocked(table, id)).toBe(false);
    expect(await php.row(table, id)).toBe('a|i:2;');
    expect(early.codes()).toEqual([]);
    await early.stop();
  });
});
