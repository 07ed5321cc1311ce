import { once } from 'node:events';
import { Agent, createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import koaSession from 'koa-session';
import { type PhpKoaSessionContext, phpKoaSession } from '../../src/middleware/koa-session.ts';
import { until } from '../php/harness.ts';
import { BodySite, never, newId } from './koa-body-site.ts';
import { type Handler, isLocked, signal } from './koa-helpers.ts';

/** Clients that send a request and take their time with its body: nothing is held for them. */
let site: BodySite;

const chunked = { 'transfer-encoding': 'chunked' };
const megabyte = Buffer.alloc(2 ** 20, 'x');
const locked: Handler = (ctx) => isLocked(site.table, ctx.phpSession.id!);
const add: Handler = (ctx) => {
  ctx.session.a = Number(ctx.session.a) + 1;
  return ctx.session.a;
};

beforeAll(async () => {
  site = await BodySite.create();
});
afterAll(() => site.remove());
beforeEach(() => site.start({}));
/** Errors that Koa itself reports for clients that disconnected. */
let told: string[];
beforeEach(() => {
  told = [];
});
afterEach(async () => {
  expect(await site.stop()).toEqual(told);
});

describe('24 clients whose bodies do not come, and two connections to the database: others are served', () => {
  const many = Array.from({ length: 24 }, (_, n) => n);
  const others = async () => {
    const ids = await Promise.all(many.map(() => site.put('a|i:1;')));
    return Promise.all(ids.map((id) => site.ask(add, { id })));
  };

  test.each([
    ['with a length', { 'content-length': 5 }, ''],
    ['in chunks', chunked, ''],
    ['in chunks, one has come', chunked, 'a'],
  ])('%s: no row is locked, and no connection used', async (_, headers, first) => {
    await site.restart({ store: { connectionLimit: 2, lockTimeout: 10 } });
    const ids = await Promise.all(many.map((n) => (n % 2 === 0 ? site.put('a|i:1;') : newId())));
    const clients = ids.map((id) => site.post((ctx) => text(ctx.req), id, headers, first));
    const answers = clients.map((client) => site.answer(client));
    await site.has(many.length);
    expect(await site.connections()).toBe(0);
    for (const id of ids) expect(await isLocked(site.table, id)).toBe(false);
    for (const answer of await others()) expect(answer).toMatchObject({ status: 200, value: 2 });
    expect((await site.ask(add, { id: ids[0] })).value).toBe(2); // of the same visitor
    for (const client of clients) client.end('abody'.slice(first.length));
    for (const answer of answers) expect(await answer).toMatchObject({ status: 200, value: 'abody' });
  });

  test('more than the buffer takes: the handler waits, without the lock and a connection', async () => {
    await site.restart({ store: { connectionLimit: 2, lockTimeout: 10 } });
    const ids = await Promise.all(many.map((n) => (n % 2 === 0 ? site.put('a|i:1;') : newId())));
    let running = 0;
    const handler: Handler = async (ctx) => {
      running++;
      // No more than Node buffers: it reads 64 KB at a time, until the buffer is full.
      expect(ctx.req.readableLength).toBeLessThan(ctx.req.readableHighWaterMark + 2 ** 16);
      return (await buffer(ctx.req)).length;
    };
    const clients = ids.map((id) => site.post(handler, id, chunked, megabyte));
    const answers = clients.map((client) => site.answer(client));
    await until(() => running === many.length);
    for (const id of ids) expect(await isLocked(site.table, id)).toBe(false);
    for (const answer of await others()) expect(answer).toMatchObject({ status: 200, value: 2 });
    for (const client of clients) client.end('!');
    for (const answer of answers) expect(await answer).toMatchObject({ status: 200, value: megabyte.length + 1 });
  });

  test('that do not read their answers either', async () => {
    await site.restart({ store: { connectionLimit: 2, lockTimeout: 10 } });
    const long = Buffer.alloc(2 ** 24, 'x');
    let written = 0;
    const handler: Handler = (ctx) => {
      ctx.session.a = 2;
      ctx.body = long;
      ctx.res.once('prefinish', () => written++);
    };
    const ids = await Promise.all(many.map(() => site.put('a|i:1;')));
    const responses = await Promise.all(ids.map(async (id) => once(site.post(handler, id, {}).end(), 'response')));
    for (const id of ids) expect(await isLocked(site.table, id)).toBe(false);
    for (const answer of await others()) expect(answer).toMatchObject({ status: 200, value: 2 });
    for (const [response] of responses) response.destroy();
  });
});

test('100 requests at once of one visitor take one connection: what is too much is refused, others are served', async () => {
  await site.restart({ store: { connectionLimit: 2, lockTimeout: 10, maxWaiters: 16 } });
  const [running, end] = [signal(), signal()];
  const id = newId();
  const holding: Handler = async () => {
    running.happen();
    await end.happened;
  };
  const answers = [site.ask(holding, { id })];
  await running.happened;
  let refused = 0;
  for (let n = 1; n < 100; n++) {
    const answer = site.ask(holding, { id });
    answers.push(answer);
    void answer.then(({ status }) => {
      if (status === 503) refused++;
    });
  }
  await until(() => refused === 99 - 16);
  expect(await site.connections()).toBe(1);
  expect((await site.ask(add, { id: await site.put('a|i:1;') })).value).toBe(2);
  end.happen();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 503)).toHaveLength(refused);
  told = Array(refused).fill('ERR_SESSION_BUSY');
});

describe('a body that comes late', () => {
  test('the session is read, and its lock taken, when the body is there', async () => {
    const id = await site.put('a|i:1;');
    const client = site.post(async (ctx) => [add(ctx), await locked(ctx)], id, { 'content-length': 4 }, 'bo');
    const answer = site.answer(client);
    await site.has(1);
    expect((await site.ask(add, { id })).value).toBe(2);
    client.end('dy');
    expect((await answer).value).toEqual([3, true]);
    expect(await site.row(id)).toBe('a|i:3;');
  });

  test('one that came with its headers is there: the lock is held', async () => {
    const id = await site.put('a|i:1;');
    const body = 'x'.repeat(2 ** 14 + 1); // more than the buffer takes by itself
    const response = await site.raw([
      `POST / HTTP/1.1\r\nHost: a\r\nCookie: PHPSESSID=${id}\r\nx-handler: ${site.add(locked)}\r\n` +
        `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ]);
    expect(response).toContain('{"value":true}');
  });

  test('requests that come at once on one connection: each waits for its own body', async () => {
    const id = await site.put('a|i:1;');
    const number = site.add(async (ctx) => [add(ctx), await text(ctx.req)].join(' '));
    const head = (length: number) =>
      `POST / HTTP/1.1\r\nHost: a\r\nCookie: PHPSESSID=${id}\r\nx-handler: ${number}\r\nContent-Length: ${length}\r\n`;
    const response = await site.raw([`${head(1)}\r\na${head(2)}\r\nbb${head(3)}Connection: close\r\n\r\nc`, 'cc']);
    expect(response.match(/\{.*?\}/g)).toEqual(['{"value":"2 a"}', '{"value":"3 bb"}', '{"value":"4 ccc"}']);
  });

  test('koa-session', async () => {
    const id = await site.put('a|i:1;');
    const app = new Koa<Koa.DefaultState, PhpKoaSessionContext>();
    const store = site.storeOf({});
    app.use((_, next) => {
      site.arrived++;
      return next();
    });
    app.use(phpKoaSession(koaSession, { store }, app));
    app.use(async (ctx) => {
      ctx.session!.a = Number(ctx.session!.a) + 1;
      ctx.body = { value: [ctx.session!.a, await text(ctx.req), await isLocked(site.table, id)] };
    });
    await serving(app.callback(), async (port) => {
      const client = site.post(never, id, chunked, 'bo', { port });
      const answer = site.answer(client);
      await site.has(1);
      expect((await site.ask(add, { id })).value).toBe(2);
      client.end('dy');
      expect((await answer).value).toEqual([3, 'body', true]);
    });
    await store.close();
  });
});

describe('a body that does not fit into the buffer', () => {
  test('the request is merged', async () => {
    const id = await site.put('a|i:1;b|i:1;');
    const running = signal();
    const client = site.post(
      async (ctx) => {
        ctx.session.b = 2;
        running.happen();
        await buffer(ctx.req);
        return locked(ctx);
      },
      id,
      chunked,
      megabyte,
    );
    const answer = site.answer(client);
    await running.happened;
    expect((await site.ask(add, { id })).value).toBe(2);
    client.end();
    expect((await answer).value).toBe(false);
    expect(await site.row(id)).toBe('a|i:2;b|i:2;');
  });

  test('lock() makes it exclusive again, and what was read before is read again', async () => {
    const id = await site.put('a|i:1;');
    const running = signal();
    const client = site.post(
      async (ctx) => {
        const before = ctx.session.a;
        running.happen();
        await buffer(ctx.req);
        await ctx.phpSession.lock();
        return [before, add(ctx), await locked(ctx)];
      },
      id,
      { 'content-length': megabyte.length },
      megabyte.subarray(1),
    );
    const answer = site.answer(client);
    await running.happened;
    expect((await site.ask(add, { id })).value).toBe(2);
    client.end('x');
    expect((await answer).value).toEqual([1, 3, true]);
    expect(await site.row(id)).toBe('a|i:3;');
  });

  test('it is full already when the request comes to the session', async () => {
    await site.restart({}, async (ctx, next) => {
      await until(() => ctx.req.readableLength >= ctx.req.readableHighWaterMark);
      await next();
    });
    const id = await site.put('a|i:1;');
    const client = site.post(async (ctx) => [await locked(ctx), (await buffer(ctx.req)).length], id, chunked, megabyte);
    expect((await site.answer(client.end())).value).toEqual([false, megabyte.length]);
  });

  test('a logout came while it arrived: nothing comes back', async () => {
    const id = await site.put('a|i:1;');
    const running = signal();
    const client = site.post(
      async (ctx) => {
        ctx.session.b = 1;
        running.happen();
        await buffer(ctx.req);
      },
      id,
      chunked,
      megabyte,
    );
    const answer = site.answer(client);
    await running.happened;
    await site.ask((ctx) => ctx.phpSession.destroy(), { id });
    client.end();
    expect((await answer).id).toBeUndefined();
    expect(await site.row(id)).toBeUndefined();
    expect(site.takeGone()).toBe(1);
  });

  test('a body parser in front of the session: the lock is held, whatever the size', async () => {
    await site.restart({}, async (ctx, next) => {
      ctx.state.body = await buffer(ctx.req);
      await next();
    });
    const id = await site.put('a|i:1;');
    const client = site.post(async (ctx) => [ctx.state.body.length, await locked(ctx)], id, chunked, megabyte);
    expect((await site.answer(client.end())).value).toEqual([megabyte.length, true]);
  });

  test('one that an outer middleware is reading is waited for', async () => {
    await site.restart({}, async (ctx, next) => {
      ctx.state.body = buffer(ctx.req);
      await next();
    });
    const id = await site.put('a|i:1;');
    const client = site.post(async (ctx) => [(await ctx.state.body).length, await locked(ctx)], id, chunked, megabyte);
    const answer = site.answer(client);
    await site.has(1);
    expect(await isLocked(site.table, id)).toBe(false);
    client.end('!');
    expect((await answer).value).toEqual([megabyte.length + 1, true]);
  });
});

test.each(['merge', 'readonly'] as const)('in the mode %s nothing is held, and nothing waited for', async (mode) => {
  let asked = 0;
  await site.restart({
    mode: (ctx) => {
      asked++;
      return ctx.method === 'POST' ? mode : 'exclusive';
    },
  });
  const id = await site.put('a|i:1;');
  const running = signal();
  const handler: Handler = async (ctx) => {
    running.happen();
    return [ctx.session.a, await text(ctx.req)];
  };
  const client = site.post(handler, id, chunked);
  const answer = site.answer(client);
  await running.happened;
  client.end('body');
  expect((await answer).value).toEqual([1, 'body']);
  expect(asked).toBe(1);
});

describe('the handler does not run, and the row stays', () => {
  let id: string;

  beforeEach(async () => {
    id = await site.put('a|i:1;');
  });
  afterEach(async () => {
    await until(() => site.ended === 1);
    expect(await isLocked(site.table, id)).toBe(false);
    expect(await site.row(id)).toBe('a|i:1;');
    expect(await site.connections()).toBe(0);
  });

  test.each([
    ['has sent nothing of its body', ''],
    ['has sent a part of it', 'bo'],
  ])('the client goes away, and %s', async (_, first) => {
    const client = site.post(never, id, { 'content-length': 4 }, first);
    await site.has(1);
    client.destroy();
    told = ['HPE_INVALID_EOF_STATE'];
  });

  test('the client disconnects, and so do the next requests of its connection', async () => {
    const id = await site.put('a|i:1;');
    const number = site.add(never);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nCookie: PHPSESSID=${id}\r\nx-handler: ${number}\r\nContent-Length: 2\r\n\r\n`;
    const [running, end] = [signal(), signal()];
    const first = site.add(async () => {
      running.happen();
      await end.happened;
    });
    const socket = connect(site.port, '127.0.0.1').on('error', () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nx-handler: ${first}\r\n\r\n${head}a`);
    await running.happened;
    await site.has(2);
    socket.destroy();
    await until(() => site.ended === 1); // the second one, though the first has no answer
    end.happen();
    await until(() => site.ended === 2);
    site.ended = 1;
    told = ['HPE_INVALID_EOF_STATE'];
  });

  test('an outer middleware has answered, and the connection stays', async () => {
    await site.restart({}, async (ctx, next) => {
      const inner = next();
      ctx.respond = false;
      ctx.res.writeHead(503).end();
      await inner;
    });
    const agent = new Agent({ keepAlive: true });
    const answer = await site.answer(site.post(never, id, { 'content-length': 4 }, '', { agent }));
    expect(answer.status).toBe(503);
    await until(() => site.ended === 1);
    expect(await site.connections()).toBe(0);
    agent.destroy();
    await until(async () => (await site.clients()) === 0);
  });

  test('Node ends a request that takes longer than requestTimeout', async () => {
    const options = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 };
    await serving(
      site.callback(),
      async (port) => {
        const answer = await site.answer(site.post(never, id, { 'content-length': 4 }, 'bo', { port }));
        expect(answer.status).toBe(408);
        told = ['ERR_HTTP_REQUEST_TIMEOUT'];
        await until(() => site.ended === 1);
      },
      options,
    );
  });

  test('a request of HTTP/2 is reset', async () => {
    await servingHttp2(async (client) => {
      const stream = client.request(site.http2Head(never, id)).on('error', () => undefined);
      stream.write('bo');
      await site.has(1);
      stream.close(constants.NGHTTP2_CANCEL);
      await until(() => site.ended === 1);
    });
  });
});

describe('a client that waits for permission to send its body (Expect: 100-continue)', () => {
  const expecting = { expect: '100-continue', 'content-length': 4 };

  test('Node gives it: the lock is held', async () => {
    const id = await site.put('a|i:1;');
    const client = site.post(async (ctx) => [await text(ctx.req), await locked(ctx)], id, expecting);
    client.on('continue', () => client.end('body'));
    expect((await site.answer(client)).value).toEqual(['body', true]);
  });

  test('the application gives it: the request is merged until lock()', async () => {
    const id = await site.put('a|i:1;');
    const listener = site.callback();
    const handler: Handler = async (ctx) => {
      const before = await locked(ctx);
      ctx.res.writeContinue();
      const body = await text(ctx.req);
      await ctx.phpSession.lock();
      return [body, before, await locked(ctx)];
    };
    await serving(listener, async (port, server) => {
      server.on('checkContinue', listener);
      const client = site.post(handler, id, expecting, '', { port });
      client.on('continue', () => client.end('body'));
      expect((await site.answer(client)).value).toEqual(['body', false, true]);
    });
  });

  test('the same with HTTP/2', async () => {
    const id = await site.put('a|i:1;');
    await servingHttp2(async (client, server) => {
      const ask = async (handler: Handler) => {
        const stream = client.request({ ...site.http2Head(handler, id), expect: '100-continue' });
        stream.on('continue', () => stream.end('body'));
        return text(stream);
      };
      expect(await ask(async (ctx) => [await text(ctx.req), await locked(ctx)])).toBe('{"value":["body",true]}');
      server.on('checkContinue', site.callback());
      const handler: Handler = async (ctx) => {
        const before = await locked(ctx);
        (ctx.res as unknown as { writeContinue(): void }).writeContinue();
        return [await text(ctx.req), before];
      };
      expect(await ask(handler)).toBe('{"value":["body",false]}');
    });
  });
});

describe('a body that the handler leaves unread: the connection is good for the next request', () => {
  test.each([4, 2 ** 14, 2 ** 20])('%d bytes', async (size) => {
    const id = await site.put('a|i:1;');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const value of [2, 3, 4]) {
      const client = site.post(add, id, { 'content-length': size }, '', { agent }).end(Buffer.alloc(size));
      expect((await site.answer(client)).value).toBe(value);
    }
    expect(await site.clients()).toBe(1);
    agent.destroy();
  });

  test.each([4, 2 ** 14, 2 ** 20])('HTTP/2, %d bytes', async (size) => {
    const id = await site.put('a|i:1;');
    await servingHttp2(async (client) => {
      for (const value of [2, 3, 4]) {
        const stream = client.request(site.http2Head(add, id)).end(Buffer.alloc(size));
        const closed = once(stream, 'close');
        expect(await text(stream)).toBe(JSON.stringify({ value }));
        await closed;
      }
    });
  });
});

test('HTTP/2: others are served while a body is awaited', async () => {
  const id = await site.put('a|i:1;');
  await servingHttp2(async (client) => {
    const stream = client.request(
      site.http2Head(async (ctx) => [add(ctx), await text(ctx.req), await locked(ctx)], id),
    );
    stream.write('bo');
    await site.has(1);
    await until(async () => (await site.connections()) === 0); // those of the test before may still be ending
    const other = client.request({ ...site.http2Head(add, id), ':method': 'GET' }, { endStream: true });
    expect(await text(other)).toBe('{"value":2}');
    stream.end('dy');
    expect(await text(stream)).toBe('{"value":[3,"body",true]}');
  });
});

async function serving(
  listener: RequestListener,
  work: (port: number, server: Server) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const server = createServer(options, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work((server.address() as AddressInfo).port, server);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function servingHttp2(
  work: (client: ReturnType<typeof connectHttp2>, server: ReturnType<typeof createHttp2Server>) => Promise<void>,
): Promise<void> {
  const server = createHttp2Server(site.callback() as never).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await work(client, server);
  } finally {
    client.close();
    server.close();
  }
}
