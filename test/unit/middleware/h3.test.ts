import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type H3SessionOptions, type PhpSession, phpSession, usePhpSession } from '../../../src/middleware/h3.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';
import { expectTwoLogins, Visitor } from './visitor.ts';

// Their types need those of browsers.
const h3v2 = require('h3/node');
const h3v1 = require('h3-1');

/** What is h3's own; what all frameworks promise is in contract.test.ts. */

interface Session {
  count?: number;
  user?: string;
}
interface Event {
  readonly path: string;
  readonly req: { readonly headers: Headers };
}
type Handler = (event: Event) => unknown;
type Middleware = ReturnType<typeof phpSession>;

/** A listener for an application with this middleware, and a handler after it. */
type Framework = (middleware: Middleware[], handler: Handler, onError: (error: unknown) => void) => RequestListener;

const frameworks: Record<string, Framework> = {
  'h3 2': (middleware, handler, onError) => {
    const app = new h3v2.H3({ onError: (error: Error) => void onError(error.cause ?? error), silent: true });
    for (const each of middleware) app.use(each);
    return h3v2.toNodeHandler(app.all('/**', handler));
  },
  'h3 2, as Nitro has lazy middleware': (middleware, handler, onError) => {
    const app = new h3v2.H3({ onError: (error: Error) => void onError(error.cause ?? error), silent: true });
    for (const each of middleware) app.use((event: never) => each(event));
    return h3v2.toNodeHandler(app.all('/**', handler));
  },
  'h3 1': (middleware, handler, onError) => {
    const app = h3v1.createApp({ onError: (error: Error) => void onError(error.cause ?? error) });
    for (const each of middleware) app.use(each);
    app.use(h3v1.eventHandler(handler));
    return h3v1.toNodeListener(app);
  },
};

const servers: ReturnType<typeof createServer>[] = [];
let printed: jest.SpiedFunction<typeof console.error>;
beforeEach(() => {
  printed = jest.spyOn(console, 'error').mockReturnValue(undefined);
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  jest.restoreAllMocks();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const count = ({ data }: PhpSession<Session>): string => {
  data.count = (data.count ?? 0) + 1;
  return String(data.count);
};

describe.each(Object.entries(frameworks))('%s', (name, framework) => {
  const isLazy = name.includes('lazy');

  class Site extends Visitor {
    readonly store = memoryStore({ sessions: this.sessions, lockTimeout: 0.5 });
    /** What `onError` gets. */
    readonly reported: unknown[] = [];
    /** What h3's `onError` gets. */
    readonly failed: unknown[] = [];
    url = '';

    static async of(handler: Handler, ...options: Partial<H3SessionOptions>[]): Promise<Site> {
      const site = new Site();
      const told = { store: site.store, onError: (error: unknown) => site.reported.push(error) };
      const middleware = (options.length === 0 ? [{}] : options).map((each) => phpSession({ ...told, ...each }));
      site.url = await listen(framework(middleware, handler, (error) => site.failed.push(error)));
      return site;
    }

    async ask(path = '/', init: RequestInit = {}): Promise<Response> {
      const response = await fetch(this.url + path, {
        redirect: 'manual',
        ...init,
        headers: this.cookie === '' ? {} : { cookie: this.cookie },
      });
      return this.keepCookie(response);
    }
  }

  test("the four members of h3's useSession()", async () => {
    const ids: unknown[] = [];
    const site = await Site.of(async (event) => {
      const session = await usePhpSession<Session>(event);
      ids.push(session.id);
      if (event.path === '/clear') expect(await session.clear()).toBe(session);
      else if (event.path === '/function') await session.update(({ count = 0 }) => ({ count: count + 1 }));
      else expect(await session.update({ user: 'Ann' })).toBe(session);
      return isLazy ? { ...session.data } : session.data;
    });
    expect(await (await site.ask()).json()).toEqual({ user: 'Ann' });
    expect(site.row).toBe('user|s:3:"Ann";');
    expect(await (await site.ask('/function')).json()).toEqual({ user: 'Ann', count: 1 });
    expect(site.row).toBe('user|s:3:"Ann";count|i:1;');
    expect((await site.ask('/clear')).headers.getSetCookie().join()).toContain('Max-Age=0');
    expect([...site.sessions.values()].filter(({ data }) => data?.length)).toEqual([]);
    expect(ids).toEqual([undefined, expect.any(String), ids[1]]);
  });

  const answers: Record<string, (text: string) => unknown> = {
    text: (text) => text,
    JSON: (text) => ({ text }),
    'a Response': (text) => new Response(text),
    'a Response that says that something is wrong': (text) => new Response(text, { status: 400 }),
    'Response.redirect()': (text) => Response.redirect(`http://127.0.0.1/${text}`, 302),
    'a stream': (text) => new Response(text).body,
  };
  test.each(Object.entries(answers))('%s: the session is stored, and its cookie is there', async (_, answer) => {
    const site = await Site.of(async (event) => answer(count(await usePhpSession(event))));
    for (const n of [1, 2]) {
      const { headers } = await site.ask();
      expect(headers.getSetCookie()).toHaveLength(n === 1 ? 1 : 0);
      expect(headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
      expect(site.row).toBe(`count|i:${n};`);
    }
    expect([site.reported, site.failed]).toEqual([[], []]);
  });

  test('what the application sets itself stays', async () => {
    const site = await Site.of(async (event) => {
      count(await usePhpSession(event));
      return new Response('done', { headers: { 'Set-Cookie': 'own=1', 'Cache-Control': 'private' } });
    });
    const { headers } = await site.ask();
    expect(headers.getSetCookie().sort()).toEqual([expect.stringMatching(/^PHPSESSID=\w{32}/), 'own=1']);
    expect(headers.get('cache-control')).toBe('private');
  });

  test('calls in one request get the same session, also at once', async () => {
    const site = await Site.of(async (event) => {
      const [first, second] = await Promise.all([usePhpSession<Session>(event), usePhpSession<Session>(event)]);
      count(first);
      return String(first === second && first === (await usePhpSession(event)));
    });
    site.cookie = 'PHPSESSID=known';
    expect(await (await site.ask()).text()).toBe('true');
    expect(site.row).toBe('count|i:1;');
  });

  test('a request whose handler does not ask for the session waits for no lock', async () => {
    const site = await Site.of((event) => (event.path === '/free' ? 'free' : usePhpSession(event).then(count)));
    site.cookie = 'PHPSESSID=known';
    const lease = await site.store.open('known');
    expect(await (await site.ask('/free')).text()).toBe('free');
    const refused = await site.ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(site.failed).toEqual([expect.objectContaining({ code: 'ERR_SESSION_LOCK_TIMEOUT' })]);
    await lease.release();
  });

  test('a handler that fails before it waits for the session: the process lives, and the lock is free', async () => {
    const site = await Site.of(async (event) => {
      void usePhpSession(event);
      throw new Error('of the handler');
    });
    site.cookie = 'PHPSESSID=known';
    const lease = await site.store.open('known');
    expect((await site.ask()).status).toBe(500);
    await new Promise((resolve) => setTimeout(resolve, 600)); // the lock could not be had
    await lease.release();
    await (await site.store.open('known')).release();
  });

  test('a handler that ends before it waits for the session: what cannot be saved is reported', async () => {
    const site = await Site.of((event) => {
      usePhpSession(event).then(
        ({ data }) => Object.assign(data, { user: Symbol('no value of PHP') }),
        () => undefined, // lazy middleware comes too late, and the call says so
      );
      return 'an answer';
    });
    site.cookie = 'PHPSESSID=known';
    await site.ask();
    expect(site.reported).toEqual(isLazy ? [] : [expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' })]);
  });

  test.each([false, true])('a handler that throws, discardOnError %s', async (discardOnError) => {
    const site = await Site.of(
      async (event) => {
        count(await usePhpSession(event));
        throw new Error('of the handler');
      },
      { discardOnError },
    );
    const { status, headers } = await site.ask();
    expect([status, headers.getSetCookie().length, site.sessions.size]).toEqual(
      discardOnError ? [500, 0, 0] : [500, 1, 1],
    );
    expect(headers.get('cache-control')).toContain('no-store');
    expect(site.failed).toEqual([expect.objectContaining({ message: 'of the handler' })]);
  });

  test('a client that goes while its request waits for the lock: the handler does not go on, and nothing is printed', async () => {
    let goesOn = 0;
    const site = await Site.of(async (event) => {
      count(await usePhpSession(event));
      goesOn++;
    });
    site.cookie = 'PHPSESSID=known';
    const lease = await site.store.open('known');
    const waiting = site.ask('/', { signal: AbortSignal.timeout(50) });
    await expect(waiting).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await lease.release();
    await (await site.store.open('known')).release();
    expect([goesOn, printed.mock.calls]).toEqual([0, []]);
  });

  test('two logins at once: both are logged in, and the id that both had leads nowhere', async () => {
    const site = await Site.of(async (event) => {
      const session = await usePhpSession<Session>(event);
      if (event.path === '/login') {
        await session.regenerate();
        session.data.user = 'Ann';
      }
      return session.data.user ?? 'nobody';
    });
    await expectTwoLogins((path, cookie) => fetch(site.url + path, { headers: { cookie } }));
  });

  test('a stream that changes the session later: that is not stored, and reported', async () => {
    const site = await Site.of(async (event) => {
      const session = await usePhpSession<Session>(event);
      count(session);
      return new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from('a'));
          await new Promise((resolve) => setTimeout(resolve, 30));
          session.data.count = 9;
          controller.close();
        },
      });
    });
    expect(await (await site.ask()).text()).toBe('a');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([site.row, site.reported]).toEqual([
      'count|i:1;',
      [expect.objectContaining({ code: 'ERR_SESSION_CLOSED' })],
    ]);
  });

  test('two sessions by name, and two by the same', async () => {
    const both = await Site.of(
      async (event) => {
        (await usePhpSession<Session>(event, 'OTHER')).data.user = 'Ann';
        return count(await usePhpSession<Session>(event));
      },
      { name: 'OTHER' },
      {},
    );
    const { headers } = await both.ask();
    expect(
      headers
        .getSetCookie()
        .map((line) => line.split('=')[0])
        .sort(),
    ).toEqual(['OTHER', 'PHPSESSID']);
    expect(both.row).toBe('count|i:1;');
    const twice = await Site.of(() => 'done', {}, {});
    expect((await twice.ask()).status).toBe(500);
    expect(twice.failed).toEqual([expect.objectContaining({ code: 'ERR_SESSION_MOUNTED_TWICE' })]);
  });

  test('without the middleware: an error that says what is missing', async () => {
    const failed: unknown[] = [];
    const url = await listen(
      framework(
        [],
        (event) => usePhpSession(event),
        (error) => failed.push(error),
      ),
    );
    expect((await fetch(url)).status).toBe(500);
    expect(failed).toEqual([expect.objectContaining({ message: expect.stringContaining('app.use(phpSession(') })]);
  });

  test('a page that is not there has the cookie of a session that was begun before it', async () => {
    const site = await Site.of(async (event) => {
      count(await usePhpSession(event));
      throw Object.assign(new Error('not there'), { status: 404 });
    });
    const { status, headers } = await site.ask();
    expect([status, headers.getSetCookie().length, site.row]).toEqual([404, 1, 'count|i:1;']);
  });

  test('the address of a visitor: that of the connection, or what the option says', async () => {
    const seen: unknown[] = [];
    const inner = memoryStore();
    const store: typeof inner = {
      ...inner,
      open: (id, options) => {
        seen.push(options?.visitor?.address);
        return inner.open(id, options);
      },
    };
    const handler: Handler = async (event) => count(await usePhpSession(event));
    await (await Site.of(handler, { store })).ask();
    await (await Site.of(handler, { store, address: () => '192.0.2.1' })).ask();
    expect(seen).toEqual(['127.0.0.1', '192.0.2.1']);
  });
});

test('h3 2 without a server of Node', async () => {
  const sessions = new Map<string, MemorySession>();
  const app = new h3v2.H3({ silent: true });
  app.use(phpSession({ store: memoryStore({ sessions }) }));
  app.get('/', async (event: Event) => count(await usePhpSession(event)));
  const response = await app.fetch(new Request('http://127.0.0.1/'));
  expect([await response.text(), response.headers.getSetCookie().length, sessions.size]).toEqual(['1', 1, 1]);
  const lazy = new h3v2.H3({ silent: true });
  const middleware = phpSession({ store: memoryStore() });
  lazy.use((event: never) => middleware(event));
  lazy.get('/', async (event: Event) => count(await usePhpSession(event)));
  expect((await lazy.fetch(new Request('http://127.0.0.1/'))).status).toBe(500);
});

test('an HTTPResponse that several visitors get carries the cookie of none', async () => {
  const app = new h3v2.H3({ silent: true });
  const shared = new h3v2.HTTPResponse('done', { headers: { 'Cache-Control': 'private' } });
  app.use(phpSession({ store: memoryStore() }));
  app.get('/', async (event: Event) => {
    count(await usePhpSession(event));
    return shared;
  });
  const answers = [await app.fetch(new Request('http://a/')), await app.fetch(new Request('http://a/'))];
  expect(answers.map(({ headers }) => headers.getSetCookie().length)).toEqual([1, 1]);
  expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(['private', 'private']);
  expect([...shared.headers]).toEqual([['cache-control', 'private']]);
});

test('wrong options are refused at the start', () => {
  const store = memoryStore();
  expect(() => phpSession({ store, onError: 'print' as never })).toThrow('onError must be a function');
  expect(() => phpSession({ store, cookieHttpOnly: true } as never)).toThrow('cookieHttponly');
  expect(() => phpSession(undefined as never)).toThrow('store');
});
