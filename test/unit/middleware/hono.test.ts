import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { PhpSessionError } from '../../../src/errors.ts';
import { type HonoSessionOptions, type PhpSessionVariables, phpSession } from '../../../src/middleware/hono.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import type { SessionStore } from '../../../src/stores/store.ts';
import { expectTwoLogins, Visitor } from './visitor.ts';

const { getRequestListener } = require('@hono/node-server'); // its types need those of browsers

/** What is Hono's own; what all frameworks promise is in contract.test.ts. */

interface Session {
  count?: number;
  user?: string;
  cart?: string[];
}
type Env = { Variables: PhpSessionVariables<Session> };
type Handler = (c: Context<Env>) => Response | Promise<Response>;

class Site extends Visitor {
  readonly store: SessionStore = memoryStore({ sessions: this.sessions });
  readonly errors: unknown[] = [];
  readonly app = new Hono<Env>();

  constructor(handler: Handler, options: Partial<HonoSessionOptions> = {}) {
    super();
    this.app.use(phpSession<Session>({ store: this.store, onError: (error) => this.errors.push(error), ...options }));
    this.app.all('*', handler);
  }

  /** As a browser asks, without a server between. */
  async ask(path = '/', init: RequestInit = {}): Promise<Response> {
    const response = await this.app.request(path, {
      ...init,
      ...(this.cookie && { headers: { cookie: this.cookie } }),
    });
    return this.keepCookie(response);
  }
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  jest.restoreAllMocks();
});

async function listen(app: Hono<Env>): Promise<string> {
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false })).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function count({ session }: PhpSessionVariables<Session>): string {
  session.count = (session.count ?? 0) + 1;
  return String(session.count);
}

const answers: Record<string, Handler> = {
  'c.text()': (c) => c.text(count(c.var)),
  'c.json()': (c) => c.json(count(c.var)),
  'c.redirect()': (c) => c.redirect(`/${count(c.var)}`),
  'a Response': (c) => new Response(count(c.var)),
  'Response.redirect()': (c) => Response.redirect(`http://127.0.0.1/${count(c.var)}`, 302),
  'a stream': (c) => {
    count(c.var);
    return stream(c, async (body) => void (await body.write('done')));
  },
};
test.each(Object.entries(answers))(
  '%s: the session is stored, and its cookie and cache headers are there',
  async (_, handler) => {
    const site = new Site(handler);
    for (const n of [1, 2]) {
      const { headers } = await site.ask();
      expect(headers.getSetCookie()).toHaveLength(n === 1 ? 1 : 0);
      expect(headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
      expect(site.row).toBe(`count|i:${n};`);
    }
    expect(site.errors).toEqual([]);
  },
);

test('a Response that several visitors get carries the cookie of none', async () => {
  const shared = new Response(null, { status: 204 });
  const site = new Site((c) => {
    count(c.var);
    return shared;
  });
  const [first, second] = [await site.app.request('/'), await site.app.request('/')];
  expect(first.headers.getSetCookie()).toHaveLength(1);
  expect(second.headers.getSetCookie()).toHaveLength(1);
  expect(first.headers.getSetCookie()).not.toEqual(second.headers.getSetCookie());
  expect([...shared.headers]).toEqual([]);
});

test('what the application sets itself stays: cookies, and headers for caches', async () => {
  const site = new Site((c) => {
    c.header('Set-Cookie', 'own=1');
    c.header('Cache-Control', 'public, max-age=60');
    count(c.var);
    c.header('Cache-Control', 'private');
    return c.text('done');
  });
  const { headers } = await site.ask();
  expect(headers.getSetCookie()).toEqual(['own=1', expect.stringMatching(/^PHPSESSID=\w{32}/)]);
  expect(headers.get('cache-control')).toBe('private');
});

test("a cookie of the session's name from elsewhere, as from a page of PHP, is replaced", async () => {
  const site = new Site((c) => {
    count(c.var);
    return new Response('done', {
      headers: [
        ['Set-Cookie', 'PHPSESSID=theirs'],
        ['Set-Cookie', 'other=1'],
      ],
    });
  });
  const { headers } = await site.ask();
  expect(headers.getSetCookie()).toEqual(['other=1', expect.stringMatching(/^PHPSESSID=\w{32}/)]);
});

describe('c.set()', () => {
  test('of an object takes the place of the session, and null is a logout', async () => {
    const site = new Site((c) => {
      if (c.req.path === '/login') c.set('session', { user: 'Ann' });
      if (c.req.path === '/logout') c.set('session', null as never);
      return c.text(c.var.session?.user ?? 'nobody');
    });
    expect(await (await site.ask('/login')).text()).toBe('Ann');
    expect(site.row).toBe('user|s:3:"Ann";');
    expect((await site.ask('/logout')).headers.getSetCookie().join()).toContain('Max-Age=0');
    expect([...site.sessions.values()].filter(({ data }) => data?.length)).toEqual([]);
  });

  test('of what is no session: an error, and the row stays', async () => {
    const printed = jest.spyOn(console, 'error').mockReturnValue(undefined);
    const site = new Site((c) => {
      if (c.req.path === '/wrong') c.set('session', 'Ann' as never);
      else count(c.var);
      return c.text('done');
    });
    await site.ask('/');
    expect((await site.ask('/wrong')).status).toBe(500);
    expect(printed.mock.calls).toEqual([[expect.objectContaining({ message: 'A session is a plain object' })]]);
    expect(site.row).toBe('count|i:1;');
  });
});

test('beside another session middleware: an error that says so', async () => {
  jest.spyOn(console, 'error').mockReturnValue(undefined);
  const app = new Hono<Env>();
  app.use((c, next) => {
    c.set('session', {});
    return next();
  });
  app.use(phpSession<Session>({ store: memoryStore() }));
  app.onError((error, c) => c.text(error.message, 500));
  expect(await (await app.request('/')).text()).toContain("c.get('session') exists already");
});

test('a second session by another name: after the handler the first one is there again', async () => {
  const site = new Site(() => new Response('unused'));
  const app = new Hono<Env>();
  app.use(phpSession<Session>({ store: site.store, name: 'OTHER' }));
  app.use(async (c, next) => {
    await next();
    c.var.session.user = 'outer';
  });
  app.use(phpSession<Session>({ store: site.store }));
  app.get('/', (c) => c.text(count(c.var)));
  const { headers } = await app.request('/');
  expect(headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['PHPSESSID', 'OTHER']);
  const rows = [...site.sessions.values()].map(({ data }) => Buffer.from(data!).toString());
  expect(rows.sort()).toEqual(['count|i:1;', 'user|s:5:"outer";']);
});

test('an application in the application has the session too', async () => {
  const inner = new Hono<Env>().get('/count', (c) => c.text(count(c.var)));
  const site = new Site(() => new Response('outer'));
  const app = new Hono<Env>().use(phpSession<Session>({ store: site.store })).route('/inner', inner);
  expect(await (await app.request('/inner/count')).text()).toBe('1');
});

test.each([false, true])('a handler that throws, discardOnError %s', async (discardOnError) => {
  jest.spyOn(console, 'error').mockReturnValue(undefined);
  const site = new Site(
    (c) => {
      c.var.session.user = 'Ann';
      throw new Error('of the handler');
    },
    { discardOnError },
  );
  const { status, headers } = await site.ask();
  expect([status, headers.getSetCookie().length, site.sessions.size]).toEqual(
    discardOnError ? [500, 0, 0] : [500, 1, 1],
  );
  expect(headers.get('cache-control')).toContain('no-store');
});

test('what is thrown and is no error: the session is saved, and it goes on as Hono has it', async () => {
  const site = new Site((c) => {
    c.var.session.user = 'Ann';
    throw 'text';
  });
  await expect(site.ask()).rejects.toBe('text');
  expect(site.sessions.size).toBe(1);
});

test('a lock that cannot be had in a handler is a 503, and where it is not waited for the process lives', async () => {
  const store = memoryStore({ lockTimeout: 0.05 });
  const site = new Site(
    async (c) => {
      if (c.req.path === '/forgotten') void c.var.phpSession.lock();
      else await c.var.phpSession.lock();
      return c.text('done');
    },
    { store, mode: 'merge' },
  );
  site.cookie = 'PHPSESSID=known';
  const other = await store.open('known');
  const refused = await site.ask('/');
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '1',
    'Service Unavailable',
  ]);
  site.errors.length = 0;
  expect((await site.ask('/forgotten')).status).toBe(200);
  expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_LOCK_TIMEOUT' })]);
  await other.release();
});

test('what cannot be saved leaves nothing of the page', async () => {
  const site = new Site((c) => {
    c.header('X-Own', '1');
    (c.var.session as { cart: unknown }).cart = () => 1;
    return new Response('secret', { headers: { 'X-Page': '1' } });
  });
  const { status, headers } = await site.ask();
  expect([status, headers.get('x-page'), headers.getSetCookie()]).toEqual([500, null, []]);
});

test('a client that goes while its request waits for the lock: the handler does not run', async () => {
  let runs = 0;
  let end!: () => void;
  let begun!: () => void;
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const site = new Site(async (c) => {
    runs++;
    count(c.var);
    begun();
    if (c.req.path === '/slow') {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    }
    return c.text('done');
  });
  site.cookie = 'PHPSESSID=known';
  const slow = site.ask('/slow');
  await hasBegun;
  const client = new AbortController();
  const waiting = site.ask('/', { signal: client.signal });
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.abort();
  expect((await waiting).status).toBe(499);
  end();
  await slow;
  expect([runs, site.row]).toEqual([1, 'count|i:1;']);
});

test('a stream begins when the session is stored, and what it changes later is reported', async () => {
  const site = new Site((c) => {
    const { session } = c.var;
    session.count = 1;
    return stream(c, async (body) => {
      await body.write(site.row === undefined && site.sessions.size === 0 ? 'early' : 'stored');
      await body.sleep(30);
      session.count = 2;
      await body.write(' end');
    });
  });
  const response = await fetch(await listen(site.app));
  expect([...site.sessions.values()].map(({ data }) => String(data && Buffer.from(data)))).toEqual(['count|i:1;']);
  expect(await response.text()).toMatch(/ end$/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CLOSED' })]);
});

test('c.var.session in a stream, without a server of Node: a change is reported', async () => {
  const site = new Site((c) => {
    c.var.session.count = 1;
    return stream(c, async (body) => {
      await body.sleep(20);
      c.var.session.count = 2;
      await body.write('done');
    });
  });
  expect(await (await site.ask()).text()).toBe('done');
  await new Promise(setImmediate);
  expect([site.row, site.errors]).toEqual(['count|i:1;', [expect.objectContaining({ code: 'ERR_SESSION_CLOSED' })]]);
});

test('an answer by hand: a session cannot begin in it, and that is an error', async () => {
  jest.spyOn(console, 'error').mockReturnValue(undefined);
  const told: unknown[] = [];
  const site = new Site((c) => {
    (c.env as { outgoing: { end(text: string): void } }).outgoing.end('by hand');
    c.var.session.count = 1;
    return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
  });
  site.app.onError((error, c) => {
    told.push(error);
    return c.body(null, { headers: { 'x-hono-already-sent': 'true' } });
  });
  const page = await fetch(await listen(site.app));
  expect([await page.text(), page.headers.getSetCookie(), site.sessions.size]).toEqual(['by hand', [], 0]);
  expect(told).toEqual([expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })]);
});

test('two logins at once: both are logged in, and the id that both had leads nowhere', async () => {
  const site = new Site(async (c) => {
    if (c.req.path === '/login') {
      await c.var.phpSession.regenerate();
      c.var.session.user = 'Ann';
    }
    return c.text(c.var.session.user ?? 'nobody');
  });
  await expectTwoLogins((path, cookie) => site.app.request(path, { headers: { cookie } }));
});

test('the address of a visitor: that of the connection, or what the option says', async () => {
  const seen: unknown[] = [];
  const inner = memoryStore();
  const store: SessionStore = {
    ...inner,
    open: (id, options) => {
      seen.push(options?.visitor?.address);
      return inner.open(id, options);
    },
  };
  const own = new Site((c) => c.text(count(c.var)), { store });
  await (await fetch(await listen(own.app))).text();
  const given = new Site((c) => c.text(count(c.var)), { store, address: (c) => c.req.header('x-real-ip') });
  await given.app.request('/', { headers: { 'x-real-ip': '::ffff:192.0.2.1' } });
  await own.app.request('/');
  expect(seen).toEqual(['127.0.0.1', '192.0.2.1', undefined]);
});

test('c.var.session is what it shows: keys, JSON, copies and console.log()', async () => {
  const site = new Site((c) => {
    const { session } = c.var;
    session.user = 'Ann';
    session.cart = ['tea'];
    session.count = 1;
    delete session.count;
    expect([Object.keys(session), { ...session }, 'user' in session]).toEqual([
      ['user', 'cart'],
      { user: 'Ann', cart: ['tea'] },
      true,
    ]);
    expect(inspect(session)).toBe("{ user: 'Ann', cart: [ 'tea' ] }");
    return c.json(session);
  });
  expect(await (await site.ask()).json()).toEqual({ user: 'Ann', cart: ['tea'] });
  expect(site.row).toBe('user|s:3:"Ann";cart|a:1:{i:0;s:3:"tea";}');
});

test('the mode none: no session, also when the database is away', async () => {
  const away = (): never => {
    throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the database at db.example is away');
  };
  const site = new Site((c) => c.text(c.req.query('use') === undefined ? 'well' : String(c.var.session.count)), {
    store: { ...memoryStore(), open: away, read: away },
    mode: (c: Context) => (c.req.path === '/health' ? 'none' : 'exclusive'),
  });
  site.cookie = 'PHPSESSID=known';
  expect(await (await site.ask('/health')).text()).toBe('well');
  jest.spyOn(console, 'error').mockReturnValue(undefined);
  expect((await site.ask('/health?use')).status).toBe(500);
  const refused = await site.ask('/');
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '1',
    'Service Unavailable',
  ]);
});

test('wrong options are refused at the start', () => {
  const store = memoryStore();
  expect(() => phpSession({ store, onError: 'print' as never })).toThrow('onError must be a function');
  expect(() => phpSession({ store, cookieHttpOnly: true } as never)).toThrow('cookieHttponly');
  expect(() => phpSession(undefined as never)).toThrow('store');
});
