import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createServer2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, jest, test } from '@jest/globals';
import { PhpSessionError } from '../../../src/errors.ts';
import { type HttpSessionOptions, type PhpSessionRequest, phpSession } from '../../../src/middleware/http.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';
import type { SessionStore } from '../../../src/stores/store.ts';
import { expectTwoLogins, Visitor } from './visitor.ts';

/** What is the entry's own; what all frameworks promise is in contract.test.ts. */

interface Session {
  count?: number;
  user?: string;
}
type Handler = Parameters<typeof phpSession<Session>>[1];

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
  jest.restoreAllMocks();
});

class Site extends Visitor {
  readonly store: SessionStore = memoryStore({ sessions: this.sessions });
  readonly errors: unknown[] = [];
  url = '';

  static async of(handler: Handler, options: Partial<HttpSessionOptions> = {}): Promise<Site> {
    const site = new Site();
    const told = { store: site.store, onError: (error: unknown) => site.errors.push(error) };
    const server: Server = createServer(phpSession<Session>({ ...told, ...options }, handler));
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return site;
  }

  async ask(path = '/', headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.url + path, {
      headers: { ...(this.cookie && { cookie: this.cookie }), ...headers },
    });
    return this.keepCookie(response);
  }
}

const count = (req: PhpSessionRequest<Session>): string => {
  req.session.count = (req.session.count ?? 0) + 1;
  return String(req.session.count);
};

// `res.end` is looked up before the page uses the session.
const ways: Record<string, Handler> = {
  'res.end(page)': (req, res) => res.end(count(req)),
  'res.end(await page)': async (req, res) => res.end(await Promise.resolve().then(() => count(req))),
  'res.write(page)': (req, res) => {
    res.write(count(req));
    res.end();
  },
};
test.each(Object.entries(ways))('%s begins a session', async (_, handler) => {
  const site = await Site.of(handler);
  for (const n of ['1', '2']) expect(await (await site.ask()).text()).toBe(n);
  expect([site.row, site.errors]).toEqual(['count|i:2;', []]);
});

const failures: [string, unknown, number, string][] = [
  ['an error', new Error('secret'), 500, 'Internal Server Error'],
  ['an error with a status', Object.assign(new Error('secret'), { status: 404 }), 404, 'Not Found'],
  ['a status that is none', Object.assign(new Error('secret'), { status: 'secret' }), 500, 'Internal Server Error'],
  ['the status of a success', Object.assign(new Error('secret'), { status: 200 }), 500, 'Internal Server Error'],
  ['nothing', undefined, 500, 'Internal Server Error'],
];
test.each(failures)(
  '%s is thrown: an answer without its message, and what the session holds is stored',
  async (_, error, status, body) => {
    const site = await Site.of(async (req, res) => {
      count(req);
      res.setHeader('Content-Encoding', 'gzip').setHeader('Content-Length', 1);
      await null;
      throw error;
    });
    const page = await site.ask();
    expect([page.status, await page.text(), page.headers.get('content-encoding')]).toEqual([status, body, null]);
    expect(page.headers.get('cache-control')).toContain('no-store');
    expect([site.row, site.errors]).toEqual(['count|i:1;', [error]]);
  },
);

test('headers of an error are those of its answer, and one that is none is reported', async () => {
  const site = await Site.of((req) => {
    count(req);
    const headers = req.url === '/wrong' ? { 'no header': '1' } : { 'Retry-After': '9' };
    throw Object.assign(new Error('busy'), { status: 503, headers });
  });
  const page = await site.ask();
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '9']);
  expect((await site.ask('/wrong')).status).toBe(503);
  expect(site.row).toBe('count|i:2;');
  expect(site.errors.at(-1)).toMatchObject({ code: 'ERR_INVALID_HTTP_TOKEN' });
});

test('a handler that fails when its answer has begun: that is cut off, and not taken for whole', async () => {
  const site = await Site.of(async (req, res) => {
    count(req);
    res.write('half');
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new Error('of the handler');
  });
  const page = await site.ask();
  await expect(page.text()).rejects.toThrow();
  expect(site.errors).toEqual([expect.objectContaining({ message: 'of the handler' })]);
  expect(site.row).toBe('count|i:1;');
});

test('a handler that fails when its answer is complete: the answer stays, and the error is reported', async () => {
  const site = await Site.of((req, res) => {
    res.end(count(req));
    throw new Error('of the handler');
  });
  expect(await (await site.ask()).text()).toBe('1');
  expect(site.errors).toEqual([expect.objectContaining({ message: 'of the handler' })]);
});

test('with discardOnError the session is as it was', async () => {
  const site = await Site.of(
    (req, res) => {
      count(req);
      if (req.url === '/wrong') throw new Error('of the handler');
      res.end();
    },
    { discardOnError: true },
  );
  await site.ask();
  expect((await site.ask('/wrong')).status).toBe(500);
  expect(site.row).toBe('count|i:1;');
});

test('a lock that cannot be had in a handler is a 503, and where it is not waited for the process lives', async () => {
  const store = memoryStore({ lockTimeout: 0.05 });
  const site = await Site.of(
    async (req, res) => {
      if (req.url === '/forgotten') void req.phpSession.lock();
      else await req.phpSession.lock();
      res.end('done');
    },
    { store, mode: 'merge' },
  );
  site.cookie = 'PHPSESSID=known';
  const other = await store.open('known');
  const refused = await site.ask();
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '1',
    'Service Unavailable',
  ]);
  expect((await site.ask('/forgotten')).status).toBe(200);
  expect(site.errors.at(-1)).toMatchObject({ code: 'ERR_SESSION_LOCK_TIMEOUT' });
  await other.release();
});

test('null is a logout, and an object takes the place of the session', async () => {
  const site = await Site.of((req, res) => {
    req.session = req.url === '/logout' ? null : { user: 'Ann' };
    res.end();
  });
  await site.ask();
  expect(site.row).toBe('user|s:3:"Ann";');
  expect((await site.ask('/logout')).headers.getSetCookie().join()).toContain('Max-Age=0');
  expect([...site.sessions.values()].filter(({ data }) => data?.length)).toEqual([]);
});

test('two logins at once: both are logged in, and the id that both had leads nowhere', async () => {
  const site = await Site.of(async (req, res) => {
    if (req.url === '/login') {
      await req.phpSession.regenerate();
      req.session.user = 'Ann';
    }
    res.end(req.session.user ?? 'nobody');
  });
  await expectTwoLogins((path, cookie) => fetch(site.url + path, { headers: { cookie } }));
});

test('a session that is used when its answer is out: that is reported, and the process lives', async () => {
  const site = await Site.of((req, res) => {
    res.end(count(req));
    setTimeout(() => {
      req.session.count = 9;
    }, 10);
  });
  await (await site.ask()).text();
  while (site.errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect([site.row, site.errors]).toEqual(['count|i:1;', [expect.objectContaining({ code: 'ERR_SESSION_CLOSED' })]]);
});

test('the function mode: one that returns no mode is an error of its request', async () => {
  const mode = (req: { url: string }) => (req.url === '/health' ? 'none' : 'nothing');
  const site = await Site.of((_, res) => res.end('well'), { mode: mode as never });
  expect(await (await site.ask('/health')).text()).toBe('well');
  expect((await site.ask()).status).toBe(500);
  expect(site.errors).toEqual([expect.objectContaining({ message: expect.stringContaining('mode() must return') })]);
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
  const handler: Handler = (req, res) => res.end(count(req));
  await (await Site.of(handler, { store })).ask();
  const behindProxy = await Site.of(handler, { store, address: (req) => String(req.headers['x-real-ip']) });
  await behindProxy.ask('/', { 'x-real-ip': '192.0.2.1' });
  expect(seen).toEqual(['127.0.0.1', '192.0.2.1']);
});

test('HTTP/2', async () => {
  const sessions = new Map<string, MemorySession>();
  const errors: unknown[] = [];
  const server = createServer2(
    phpSession({ store: memoryStore({ sessions }), onError: (error) => errors.push(error) }, async (req, res) => {
      Object.assign(req.session, { path: req.url });
      if (req.url === '/wrong') throw new PhpSessionError('ERR_SESSION_BUSY', 'for the test');
      res.end(`stream ${res.stream.id}`);
    }),
  );
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const ask = async (path: string) => {
    const request = client.request({ ':path': path });
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>];
    return { status: headers[':status'], cookies: headers['set-cookie'], body: await text(request) };
  };
  expect(await ask('/')).toEqual({ status: 200, cookies: [expect.stringContaining('PHPSESSID=')], body: 'stream 1' });
  expect(await ask('/wrong')).toMatchObject({ status: 500, body: 'Internal Server Error' });
  client.close();
  expect([...sessions.values()].map(({ data }) => Buffer.from(data!).toString())).toEqual([
    'path|s:1:"/";',
    'path|s:6:"/wrong";',
  ]);
  expect(errors).toHaveLength(1);
});

test('without onError an error is printed', async () => {
  const printed = jest.spyOn(console, 'error').mockReturnValue(undefined);
  const server = createServer(
    phpSession({ store: memoryStore() }, () => {
      throw new Error('of the handler');
    }),
  );
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(printed.mock.calls).toEqual([[expect.objectContaining({ message: 'of the handler' })]]);
});

test('wrong options are refused at the start', () => {
  const store = memoryStore();
  const handler = () => undefined;
  expect(() => phpSession({ store, onError: 'print' as never }, handler)).toThrow('onError must be a function');
  expect(() => phpSession({ store, cookieHttpOnly: true } as never, handler)).toThrow('cookieHttponly');
  expect(() => phpSession({ store }, undefined as never)).toThrow('needs a handler');
  expect(() => phpSession(undefined as never, handler)).toThrow('store');
});
