import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import compression from 'compression';
import express from 'express';
// @ts-expect-error: it is the same interface, and there are no types for the name of the copy
import express4 from 'express4';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { PhpSessionError } from '../../../src/errors.ts';
import { type ExpressSessionOptions, type PhpSessionRequest, phpSession } from '../../../src/middleware/express.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';
import type { SessionStore } from '../../../src/stores/store.ts';

/** What is Express's own; what all frameworks promise is in contract.test.ts. */

interface Session {
  [key: string]: unknown;
  count?: number;
}
type Req = express.Request & PhpSessionRequest<Session>;
type Handler = (req: Req, res: express.Response, next: express.NextFunction) => unknown;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  jest.restoreAllMocks();
});

class Site {
  readonly sessions = new Map<string, MemorySession>();
  readonly store: SessionStore = memoryStore({ sessions: this.sessions });
  readonly errors: unknown[] = [];
  readonly options: ExpressSessionOptions = { store: this.store, onError: (error) => this.errors.push(error) };
  url = '';
  cookie = '';

  async start(app: express.Express): Promise<this> {
    app.set('env', 'production');
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  async ask(path = '/', init: RequestInit = {}): Promise<Response & { body: string }> {
    const response = await fetch(this.url + path, {
      redirect: 'manual',
      ...init,
      headers: { ...(this.cookie && { cookie: this.cookie }), ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      if (line.startsWith('PHPSESSID=')) this.cookie = line.split(';')[0]!;
    }
    return Object.defineProperty(response, 'body', { value: await response.text() }) as never;
  }

  /** What is stored for the visitor's cookie. */
  get row(): string | undefined {
    const data = this.sessions.get(this.cookie.replace('PHPSESSID=', ''))?.data;
    return data && Buffer.from(data).toString();
  }
}

const frameworks: [string, typeof express][] = [
  ['Express 5', express],
  ['Express 4', express4],
];

describe.each(frameworks)('%s', (_, framework) => {
  /** A site with this handler behind the session. */
  async function siteOf(handler: Handler, options: Partial<ExpressSessionOptions> = {}): Promise<Site> {
    const site = new Site();
    const app = framework();
    app.use(phpSession<Session>({ ...site.options, ...options }));
    app.use(handler as express.RequestHandler);
    return site.start(app);
  }

  const answers: Record<string, (res: express.Response) => unknown> = {
    'res.send()': (res) => res.send('done'),
    'res.json()': (res) => res.json('done'),
    'res.redirect()': (res) => res.redirect('/done'),
    'res.sendFile()': (res) => res.sendFile(__filename),
    'res.sendStatus()': (res) => res.sendStatus(201),
    'res.end() in a callback': (res) => setImmediate(() => res.end('done')),
    'a stream': (res) => Readable.from(['do', 'ne']).pipe(res),
    'res.writeHead()': (res) => res.writeHead(200, { 'Content-Type': 'text/plain' }).end('done'),
  };
  test.each(Object.entries(answers))('%s: the session is stored when the answer begins', async (_, answer) => {
    const site = await siteOf((req, res) => {
      req.session.count = (req.session.count ?? 0) + 1;
      answer(res);
    });
    for (const count of [1, 2]) {
      const { status, body } = await site.ask();
      expect(status).toBeLessThan(400);
      expect(body).toMatch(status === 201 ? 'Created' : status === 302 ? '/done' : /done|Express/);
      expect(site.row).toBe(`count|i:${count};`);
    }
    expect(site.errors).toEqual([]);
  });

  const lateAnswers: Record<string, (res: express.Response) => unknown> = {
    'res.send()': (res) => res.send('done'),
    'res.sendFile()': (res) => res.sendFile(__filename),
    'a stream': (res) => Readable.from(['do', 'ne']).pipe(res),
  };
  test.each(Object.entries(lateAnswers))('%s when the client has gone: the session is stored', async (_, answer) => {
    const client = new AbortController();
    const site = await siteOf(async (req, res) => {
      client.abort();
      await once(res, 'close');
      await sleep(10);
      req.session.count = 1;
      answer(res);
    });
    site.cookie = 'PHPSESSID=known';
    await expect(site.ask('/', { signal: client.signal })).rejects.toThrow();
    for (let waited = 0; site.row === undefined && waited < 5000; waited += 10) await sleep(10);
    expect(site.row).toBe('count|i:1;');
    await (await site.store.open('known')).release(); // the lock is free
  });

  const seconds: Record<string, (res: express.Response) => unknown> = {
    'res.send()': (res) => res.send('a much longer answer'),
    'res.redirect()': (res) => res.redirect('/elsewhere'),
    'res.setHeader()': (res) => res.setHeader('Content-Length', 1),
    'res.append()': (res) => res.append('Set-Cookie', 'late=1'),
    'res.removeHeader()': (res) => res.removeHeader('Content-Length'),
    'res.writeHead()': (res) => res.writeHead(200, { 'Content-Length': 1 }),
  };
  test.each(Object.entries(seconds))('%s after the answer fails as without a session', async (_, second) => {
    const thrown: unknown[] = [];
    const site = await siteOf((req, res) => {
      req.session.count = 1;
      res.send('first');
      try {
        second(res);
      } catch (error) {
        thrown.push((error as { code: unknown }).code);
      }
    });
    const { status, headers, body } = await site.ask();
    expect([status, headers.get('content-length'), body]).toEqual([200, '5', 'first']);
    expect(thrown).toEqual(['ERR_HTTP_HEADERS_SENT']);
    expect([site.row, site.errors]).toEqual(['count|i:1;', []]);
  });

  test('a status that is set after the answer changes nothing', async () => {
    const site = await siteOf((req, res) => {
      req.session.count = 1;
      res.send('first');
      res.statusMessage = 'Late';
      res.status(404);
    });
    const { status, statusText } = await site.ask();
    expect([status, statusText]).toEqual([200, 'OK']);
  });

  test.each([200, 500])('discardOnError, and res.writeHead(%d)', async (status) => {
    const site = await siteOf(
      (req, res) => {
        req.session.count = 1;
        res.writeHead(status).end();
      },
      { discardOnError: true },
    );
    expect((await site.ask()).status).toBe(status);
    expect(site.row).toBe(status === 200 ? 'count|i:1;' : undefined);
  });

  test.each(['before', 'after'])('compression %s the session', async (place) => {
    const site = new Site();
    const app = framework();
    const pack = compression({ threshold: 0 }) as express.RequestHandler;
    if (place === 'before') app.use(pack);
    app.use(phpSession<Session>(site.options));
    if (place === 'after') app.use(pack);
    const text = 'abcdefgh'.repeat(1_000);
    app.use(((req, res) => {
      req.session.count = (req.session.count ?? 0) + 1;
      res.type('text');
      if (req.path === '/stream') Readable.from([text.slice(0, 3_000), text.slice(3_000)]).pipe(res);
      else if (req.path === '/write') {
        res.write(text.slice(0, 3_000));
        res.end(text.slice(3_000));
      } else if (req.path === '/end') res.end(text);
      else res.send(text);
    }) as Handler as express.RequestHandler);
    await site.start(app);
    for (const [i, path] of ['/', '/end', '/write', '/stream', '/'].entries()) {
      const page = await site.ask(path, { headers: { 'accept-encoding': 'gzip' } });
      expect(page.headers.get('content-encoding')).toBe('gzip');
      expect(page.body).toBe(text);
      expect(site.row).toBe(`count|i:${i + 1};`);
    }
    expect(site.errors).toEqual([]);
  });

  test('an application in the application, and a router, have the session too', async () => {
    const site = new Site();
    const [app, inner, router] = [framework(), framework(), framework.Router()];
    const count = ((req, res) => {
      req.session.count = (req.session.count ?? 0) + 1;
      res.send(String(req.session.count));
    }) as Handler as express.RequestHandler;
    router.get('/count', count);
    inner.use('/router', router);
    inner.get('/count', count);
    app.use(phpSession(site.options));
    app.use('/inner', inner);
    await site.start(app);
    expect((await site.ask('/inner/count')).body).toBe('1');
    expect((await site.ask('/inner/router/count')).body).toBe('2');
  });

  test('routes without a session are as Express has them', async () => {
    const site = new Site();
    const app = framework();
    const seen: unknown[] = [];
    app.get('/with', phpSession<Session>(site.options), (req, res) => {
      (req as Req).session.count = 1;
      res.send('with');
    });
    app.get('/without', (req, res) => {
      seen.push((req as Partial<Req>).session, (req as Partial<Req>).phpSession, Object.hasOwn(req, 'session'));
      Object.assign(req, { session: { other: 1 } });
      seen.push((req as Partial<Req>).session);
      const { end } = res;
      res.end = ((...args: Parameters<typeof end>) => {
        seen.push('end', res.headersSent, res.writableEnded);
        return end.apply(res, args);
      }) as never;
      res.write('with');
      seen.push(res.headersSent);
      res.end('out');
      seen.push(res.writableEnded);
      expect(() => res.setHeader('X-Late', '1')).toThrow(/Cannot set headers after they are sent/);
    });
    await site.start(app);
    for (const path of ['/with', '/without', '/with', '/without']) {
      expect((await site.ask(path)).body).toBe(path.slice(1));
    }
    const once = [undefined, undefined, false, { other: 1 }, true, 'end', true, false, true];
    expect(seen).toEqual([...once, ...once]);
    expect([site.row, site.errors]).toEqual(['count|i:1;', []]);
  });

  test('a property of the request that says there is no session makes way for ours', async () => {
    const site = await siteOf((req, res) => {
      req.session.count = (req.session.count ?? 0) + 1;
      res.send('done');
    });
    const app = framework();
    app.use((req, _, next) => {
      Object.assign(req, { session: undefined });
      next();
    });
    app.use(phpSession<Session>(site.options));
    app.use((req, res) => void res.send(String(++((req as Req).session as { count: number }).count)));
    await site.ask();
    await site.start(app);
    expect((await site.ask()).body).toBe('2');
  });

  test('a session of an application in the application goes on in the outer one', async () => {
    const site = new Site();
    const [app, inner] = [framework(), framework()];
    inner.use(phpSession<Session>(site.options));
    app.use(inner);
    app.get('/', (req, res) => {
      (req as Req).session.count = ((req as Req).session.count ?? 0) + 1;
      res.send('done');
    });
    await site.start(app);
    for (const count of [1, 2]) {
      expect((await site.ask()).body).toBe('done');
      expect(site.row).toBe(`count|i:${count};`);
    }
  });

  test.each(['the first', 'the second'])('two copies of the package, %s of them outside', async (which) => {
    const site = new Site();
    const other = new Site();
    const copies = [phpSession];
    jest.isolateModules(() => copies.push(require('../../../src/middleware/express.ts').phpSession));
    if (which === 'the second') copies.reverse();
    const app = framework();
    app.get('/', copies[0]!<Session>({ ...site.options, name: 'OUTER' }), (req, _, next) => {
      (req as Req).session.count = 1;
      next();
    });
    app.use((req, _, next) => {
      Object.defineProperty(req, 'session', { configurable: true, value: undefined }); // one property cannot be two sessions
      next();
    });
    app.get('/', copies[1]!<Session>({ ...other.options, name: 'INNER' }), (req, res) => {
      (req as Req).session.count = 2;
      res.send('done');
    });
    await site.start(app);
    for (let i = 0; i < 2; i++) {
      const { body, headers } = await site.ask();
      expect([body, site.errors, other.errors]).toEqual(['done', [], []]);
      expect(
        headers
          .getSetCookie()
          .map((line) => line.split('=')[0])
          .sort(),
      ).toEqual(['INNER', 'OUTER']);
    }
    const rows = [site, other].map(({ sessions }) =>
      [...sessions.values()].map(({ data }) => Buffer.from(data!).toString()),
    );
    expect(rows).toEqual([
      ['count|i:1;', 'count|i:1;'],
      ['count|i:2;', 'count|i:2;'],
    ]);
  });

  test('beside another session middleware: an error that says so, and not two sessions in one property', async () => {
    const site = new Site();
    const app = framework();
    app.use((req, _res, next) => {
      Object.assign(req, { session: { cookie: {} } }); // as express-session does
      next();
    });
    app.use(phpSession(site.options));
    app.use(((error, _req, res, _next) => res.status(500).send(error.message)) as express.ErrorRequestHandler);
    await site.start(app);
    expect((await site.ask()).body).toContain('req.session exists already');
  });

  test('a page that does not use the session makes none', async () => {
    const site = await siteOf((_, res) => res.send('done'));
    const { headers } = await site.ask();
    expect([headers.getSetCookie(), site.sessions.size, headers.get('cache-control')]).toEqual([[], 0, null]);
  });

  test('what was not used before the answer began cannot begin a session', async () => {
    const site = await siteOf((req, res) => {
      res.write('a');
      req.session.count = 1;
      res.end('b');
    });
    expect((await site.ask()).body).toBe('ab');
    await new Promise(setImmediate);
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })]);
    expect(site.sessions.size).toBe(0);
  });

  test('a change of what another request has changed too is told', async () => {
    const told: unknown[] = [];
    let meanwhile = async () => {};
    const site = await siteOf(
      async (req, res) => {
        const before = req.session.count ?? 0;
        if (req.path === '/slow') await meanwhile();
        req.session.count = before + (req.path === '/slow' ? 10 : 1);
        res.send('done');
      },
      { mode: 'merge', onConflictDecided: (paths, req) => told.push(paths, (req as Req).path) },
    );
    await site.ask();
    meanwhile = async () => void (await site.ask('/quick'));
    await site.ask('/slow');
    expect([told, site.row]).toEqual([[[['count']], '/slow'], 'count|i:11;']);
  });

  test('null is a logout, and an object takes the place of the session', async () => {
    const site = await siteOf((req, res) => {
      req.session = req.path === '/logout' ? null : { user: 'Ann' };
      res.send('done');
    });
    await site.ask('/login');
    expect(site.row).toBe('user|s:3:"Ann";');
    const { headers } = await site.ask('/logout');
    expect(headers.getSetCookie().join()).toContain('Max-Age=0');
    expect([...site.sessions.values()].filter(({ data }) => data?.length)).toEqual([]);
  });

  test('the mode none: no session, also when the database is away', async () => {
    const away = (): never => {
      throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'for the test');
    };
    const store = { ...memoryStore(), open: away, read: away };
    const mode = (req: Req) => (req.path === '/health' ? 'none' : 'exclusive');
    const site = await siteOf(
      (req, res) => {
        if (req.query.use === undefined) return res.send('done');
        const attempts = [() => req.session.count, () => req.phpSession.lock(), () => req.phpSession.close()];
        const codes = attempts.map((attempt) => {
          try {
            attempt();
            return 'nothing';
          } catch (error) {
            return (error as PhpSessionError).code;
          }
        });
        return res.json(codes);
      },
      { store, mode },
    );
    site.cookie = 'PHPSESSID=known';
    const health = await site.ask('/health');
    expect([health.status, health.body, health.headers.getSetCookie()]).toEqual([200, 'done', []]);
    expect(JSON.parse((await site.ask('/health?use')).body)).toEqual(Array(3).fill('ERR_SESSION_CLOSED'));
    jest.spyOn(console, 'error').mockReturnValue(undefined); // Express prints it
    expect((await site.ask('/')).status).toBe(503);
    await new Promise(setImmediate);
  });

  test('the methods of express-session are there, and are no keys of $_SESSION', async () => {
    const site = await siteOf(async (req, res) => {
      const session = req.session as Session & Record<'regenerate' | 'save' | 'destroy', (done: () => void) => void>;
      if (req.path === '/login') {
        await new Promise<void>((resolve) => session.regenerate(resolve));
        req.session.user = 'Ann';
        await new Promise<void>((resolve) => (req.session as typeof session).save(resolve));
      }
      if (req.path === '/logout') await new Promise<void>((resolve) => session.destroy(resolve));
      res.json({ ...req.session });
    });
    await site.ask('/');
    expect((await site.ask('/login')).body).toBe('{"user":"Ann"}');
    expect(site.row).toBe('user|s:3:"Ann";');
    const before = site.cookie;
    expect((await site.ask('/login')).body).toBe('{"user":"Ann"}');
    expect(site.cookie).not.toBe(before);
    expect((await site.ask('/logout')).body).toBe('{}');
    expect([...site.sessions.values()].filter(({ data }) => data?.length)).toEqual([]);
  });

  test('console.log(req.session) shows the data', async () => {
    const site = await siteOf((req, res) => {
      req.session.user = { name: 'Ann' };
      res.send(inspect(req.session));
    });
    expect((await site.ask()).body).toBe("{ user: { name: 'Ann' } }");
    expect(site.row).toBe('user|a:1:{s:4:"name";s:3:"Ann";}');
  });

  test('res.end(await page()), where the page begins a session: it comes too late, and that is reported', async () => {
    const page = async (req: Req) => {
      await null;
      req.session.count = 1;
      return 'done';
    };
    const site = await siteOf(async (req, res) => res.end(await page(req)));
    expect((await site.ask()).body).toBe('done');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })]);
    expect(site.sessions.size).toBe(0);
  });

  test('passport: a login has a new id, a logout ends it', async () => {
    const site = new Site();
    const app = framework();
    const own = new passport.Passport();
    own.use(new Strategy((user, password, done) => done(null, password === 'secret' ? { user } : false)));
    own.serializeUser((user, done) => done(null, (user as { user: string }).user));
    own.deserializeUser((user, done) => done(null, { user }));
    app.use(phpSession(site.options));
    app.use(own.initialize() as express.RequestHandler, own.session() as express.RequestHandler);
    app.use(framework.urlencoded({ extended: false }));
    app.get('/cart', ((req, res) => {
      req.session.cart = 'tea';
      res.send('done');
    }) as Handler as express.RequestHandler);
    app.post('/login', own.authenticate('local', { keepSessionInfo: true }) as express.RequestHandler, (_, res) => {
      res.redirect('/');
    });
    app.post('/logout', (req, res, next) => {
      req.logout((error) => (error ? next(error) : res.redirect('/')));
    });
    app.get('/', (req, res) => {
      res.send((req.user as { user: string } | undefined)?.user ?? 'nobody');
    });
    await site.start(app);
    const post = (path: string, body = '') =>
      site.ask(path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });

    await site.ask('/cart');
    const anonymous = site.cookie;
    expect((await post('/login', 'username=Ann&password=wrong')).status).toBe(401);
    expect(site.cookie).toBe(anonymous);
    expect((await post('/login', 'username=Ann&password=secret')).status).toBe(302);
    expect(site.cookie).not.toBe(anonymous);
    expect((await site.ask()).body).toBe('Ann');
    // An attacker who has planted the id from before the login has nothing.
    const planted = await fetch(site.url, { headers: { cookie: anonymous } });
    expect([await planted.text(), planted.headers.getSetCookie()]).toEqual(['nobody', []]);
    expect(site.row).toBe('cart|s:3:"tea";passport|a:1:{s:4:"user";s:3:"Ann";}');
    const known = site.cookie;
    await post('/logout');
    site.cookie = known;
    expect((await site.ask()).body).toBe('nobody');
    expect(site.errors).toEqual([]);
  });
});

test('without onError an error is printed', async () => {
  const printed = jest.spyOn(console, 'error').mockReturnValue(undefined);
  const app = express();
  app.use(phpSession({ store: memoryStore() }));
  app.use((req, res) => {
    res.write('a');
    (req as unknown as PhpSessionRequest<Session>).session.count = 1;
    res.end('b');
  });
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  await new Promise(setImmediate);
  expect(printed.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })]]);
});

test('wrong options are refused at the start', () => {
  const store = memoryStore();
  expect(() => phpSession({ store, onError: 'print' as never })).toThrow('onError must be a function');
  expect(() => phpSession({ store, onErrors: () => undefined } as never)).toThrow(
    'onErrors is not an option of phpSession()',
  );
  expect(() => phpSession(undefined as never)).toThrow('store');
});
