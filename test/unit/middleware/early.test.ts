import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import Koa from 'koa';
import session from 'koa-session';
import { PhpSessionError } from '../../../src/errors.ts';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../../src/middleware/koa.ts';
import { phpKoaSession } from '../../../src/middleware/koa-session.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';
import type { SessionStore } from '../../../src/stores/store.ts';

const unavailable = () => new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'for the test');

/** Answers that begin early, and something else that happens in the same moment. */

type Session = Record<string, unknown>;
type Context = Koa.ParameterizedContext<{ outer: Session }, PhpSessionContext>;
type Handler = (ctx: Context, res: ServerResponse) => unknown;

class Site {
  readonly errors: unknown[] = [];
  gone = 0;
  sessions = new Map<string, MemorySession>();
  readonly app = new Koa<Koa.DefaultState, PhpSessionContext>();

  /** @param handler answers by hand */
  constructor(handler: Handler, ...mounted: Partial<SessionOptions>[]) {
    this.app.on('error', (error) => this.errors.push(error)).on('session:gone', () => this.gone++);
    const store = memoryStore({ sessions: this.sessions });
    for (const options of mounted.length === 0 ? [{}] : mounted) {
      this.app.use((ctx, next) => {
        if (!('session' in ctx)) return next();
        const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(ctx), 'session')!;
        Object.defineProperty(ctx.state, 'outer', { get: () => get!.call(ctx) });
        return next();
      });
      this.app.use(phpSession({ store, ...options }));
    }
    this.app.use((ctx) => {
      ctx.respond = false;
      ctx.res.statusCode = 200;
      return handler(ctx as Context, ctx.res) as Promise<void>;
    });
  }

  get codes(): unknown[] {
    return this.errors.map((error) => (error as { code?: unknown }).code ?? error);
  }

  put(id: string, data: string): void {
    this.sessions.set(id, { data: Buffer.from(data), usedAt: Date.now(), logouts: 0 });
  }

  /** What is stored under the id of this cookie. */
  row(cookies: readonly string[], name = 'PHPSESSID'): string | undefined {
    const id = cookies.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1, name.length + 33);
    const data = this.sessions.get(id ?? '')?.data;
    return data && Buffer.from(data).toString();
  }

  async ask(cookie = '', path = '/') {
    const server = createServer(this.app.callback()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, path, agent: false, headers: { cookie } }).end();
    try {
      const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(3_000) })) as [IncomingMessage];
      const body = await text(response);
      await sleep(50); // the handler ends, and the session is saved
      return { status: response.statusCode, body, cookies: [...(response.headers['set-cookie'] ?? [])] };
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

test.each(['outer', 'inner'])('two sessions by name begin, the %s one first', async (first) => {
  const site = new Site(
    (ctx, res) => {
      const uses = [() => (ctx.state.outer.a = 1), () => (ctx.session.b = 1)];
      for (const use of first === 'outer' ? uses : uses.reverse()) use();
      res.end('ab');
    },
    { name: 'A' },
    { name: 'B' },
  );
  const { cookies, body } = await site.ask();
  expect(site.codes).toEqual([]);
  expect([body, site.row(cookies, 'A'), site.row(cookies, 'B')]).toEqual(['ab', 'a|i:1;', 'b|i:1;']);
});

test.each(['end', 'write'] as const)('HTTP/2: %s() was looked up before the session was used', async (method) => {
  const site = new Site(async (ctx, res) => {
    const { [method]: call } = res;
    await sleep(1);
    ctx.session.a = 1;
    Reflect.apply(call, res, ['ab', 'utf8']);
    res.end();
  });
  const server = createHttp2Server(site.app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const stream = client.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [IncomingMessage['headers']];
    expect([await text(stream), site.row([...(headers['set-cookie'] ?? [])])]).toEqual(['ab', 'a|i:1;']);
    expect(site.codes).toEqual([]);
  } finally {
    client.close();
    server.close();
  }
});

test.each([false, true])(
  'an answer begins while the session cannot be saved; the handler has failed too: %s',
  async (hasFailed) => {
    const store = memoryStore();
    const site = new Site(
      (ctx, res) => {
        ctx.session.a = 1;
        setTimeout(() => res.end('ab'), 10);
        if (hasFailed) throw new Error('of the handler');
      },
      {
        store: {
          ...store,
          open: async (id, options) => {
            const lease = await store.open(id, options);
            const fail = async () => {
              await sleep(50);
              await lease.release();
              throw unavailable();
            };
            return { ...lease, writable: true, commit: fail, release: () => lease.release() };
          },
        },
      },
    );
    expect(await site.ask()).toMatchObject({ status: 503, body: 'Service Unavailable', cookies: [] });
    expect(site.codes).toContain('ERR_SESSION_UNAVAILABLE');
  },
);

test.each(['exclusive', 'merge'] as const)(
  'a login is committed, and then the store fails, in the mode %s',
  async (mode) => {
    const sessions = new Map<string, MemorySession>();
    const store = memoryStore({ sessions });
    let isDown = false;
    const site = new Site(
      async (ctx, res) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'ann';
        isDown = true;
        res.write('a');
        await sleep(20);
        if (ctx.query.changes) ctx.session.later = 1;
        res.end('b');
      },
      {
        mode,
        store: {
          ...store,
          open: async (id, options) => (isDown ? Promise.reject(unavailable()) : store.open(id, options)),
          read: async (id, options) => (isDown ? Promise.reject(unavailable()) : store.read(id, options)),
        },
      },
    );
    for (const path of ['/', '/?changes=1']) {
      isDown = false;
      site.sessions = sessions;
      site.put('old', 'cart|i:1;');
      const { status, body, cookies } = await site.ask('PHPSESSID=old', path);
      expect([status, body, site.row(cookies)]).toEqual([200, 'ab', 'cart|i:1;user|s:3:"ann";']);
      expect(site.codes).toEqual(path === '/' ? [] : ['ERR_SESSION_UNAVAILABLE']);
    }
  },
);

test.each(['exclusive', 'merge'] as const)(
  'a logout elsewhere, before a login is committed, in the mode %s',
  async (mode) => {
    const site = new Site(
      async (ctx, res) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'ann';
        site.sessions.delete('old');
        res.write('a');
        await sleep(20);
        ctx.session.later = 1;
        res.end('b');
      },
      { mode },
    );
    site.put('old', 'cart|i:1;');
    expect(await site.ask('PHPSESSID=old')).toMatchObject({ body: 'ab', cookies: [] });
    expect([site.gone, site.codes, site.sessions.size]).toEqual([1, [], 0]);
  },
);

test('what Node refuses while the answer waits: each callback is called once', async () => {
  const calls: string[] = [];
  const site = new Site((ctx, res) => {
    ctx.session.a = 1;
    res.write('a', () => calls.push('write'));
    res.write(null, () => calls.push('refused'));
    res.end(() => calls.push('end'));
  });
  await site.ask().catch(() => undefined); // the client sees a connection that breaks
  expect([calls, site.codes]).toEqual([['write', 'refused', 'end'], ['ERR_STREAM_NULL_VALUES']]);
});

test('a method of Node that was looked up before the session, while the answer waits: the headers come first', async () => {
  const site = new Site((ctx, res) => {
    const { end } = res;
    ctx.session.a = 1;
    res.write('a');
    end.call(res, 'b', 'utf8');
  });
  expect(await site.ask()).toMatchObject({ status: 200, body: 'ab', cookies: [] });
  expect(site.codes).toEqual(['ERR_SESSION_HEADERS_SENT']);
});

test('writeHead() with a list in which a name comes in two cases', async () => {
  const site = new Site((ctx, res) => {
    ctx.session.a = 1;
    res.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=1']).end();
  });
  const { cookies } = await site.ask();
  expect(cookies.map((one) => one.split('=')[0])).toEqual(['a', 'b', 'PHPSESSID']);
});

const closings: Record<string, Handler> = {
  'a session begins': async (ctx) => {
    ctx.session.user = 'ann';
    await ctx.phpSession.close();
  },
  'a login': async (ctx) => {
    await ctx.phpSession.regenerate();
    ctx.session.user = 'ann';
    await ctx.phpSession.close();
  },
};

test.each(Object.entries(closings))(
  '%s, and is closed: writeHead() brings the cookie beside its own',
  async (_, close) => {
    const site = new Site(async (ctx, res) => {
      await close(ctx, res);
      res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end('ab');
    });
    site.put('old', '');
    const { cookies } = await site.ask(close === closings['a login'] ? 'PHPSESSID=old' : '');
    expect(cookies.map((one) => one.split('=')[0])).toEqual(['a', 'b', 'PHPSESSID']);
    expect(site.row(cookies.slice(2))).toBe('user|s:3:"ann";');
  },
);

/** A store that takes its time, as a database does. */
function slowStore(sessions: Map<string, MemorySession>): SessionStore {
  const store = memoryStore({ sessions });
  return { ...store, open: (id, options) => sleep(5).then(() => store.open(id, options)) };
}

test.each(['before', 'after'])(
  'koa-session without autoCommit: manuallyCommit() %s the first byte, and no await',
  async (when) => {
    const sessions = new Map<string, MemorySession>();
    const errors: unknown[] = [];
    const app = new Koa();
    app.on('error', (error) => errors.push(error));
    app.use(
      phpKoaSession(session, { store: slowStore(sessions), autoCommit: false }, app) as unknown as Koa.Middleware,
    );
    app.use(async (ctx) => {
      ctx.respond = false;
      ctx.res.statusCode = 200;
      ctx.session!.a = 1;
      if (when === 'after') ctx.res.write('a');
      const committed = ctx.session!.manuallyCommit();
      if (when === 'before') ctx.res.write('a');
      await committed.catch((error: unknown) => error);
      ctx.res.end('b');
    });
    const site = new Site(() => undefined);
    Object.assign(site, { app, sessions });
    const { body, cookies } = await site.ask();
    const codes = errors.map((error) => (error as { code: unknown }).code);
    const expected = when === 'before' ? [[], 'a|i:1;', 1] : [['ERR_SESSION_HEADERS_SENT'], undefined, 0];
    expect([body, codes, site.row(cookies), sessions.size]).toEqual(['ab', ...expected]);
  },
);

test('destroy() without await, and the answer at once: the cookie is removed', async () => {
  const site = new Site((ctx, res) => {
    void ctx.phpSession.destroy();
    res.end('ab');
  });
  site.put('old', 'user|s:3:"ann";');
  const { cookies } = await site.ask('PHPSESSID=old');
  expect([cookies.length, cookies[0]?.startsWith('PHPSESSID=deleted;')]).toEqual([1, true]);
  expect(site.sessions.get('old')?.data).toBeUndefined();
});
