import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
// @ts-expect-error: it is the same interface, and there are no types for the name of the copy
import express4 from 'express4';
import Koa from 'koa';
import type { LoginOptions } from '../../../src/login/login-options.ts';
import { loggedIn as expressLoggedIn, phpSession as expressSession } from '../../../src/middleware/express.ts';
import { loggedIn as koaLoggedIn, phpSession as koaSession } from '../../../src/middleware/koa.ts';
import { drupal, horde, laravel, symfony } from '../../../src/presets/index.ts';
import type { SessionOptions } from '../../../src/session/options.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

const key = `base64:${Buffer.alloc(32, 'made up').toString('base64')}`;
const app = laravel({ key });
const GUARD = '59ba36addc2b2f9401580f014c7f58ea4e30989d';
const [REMEMBER] = app.login.rememberCookies!;
const id = 'a'.repeat(32);

// biome-ignore lint/suspicious/noExplicitAny: the contexts of two frameworks
type Options = LoginOptions<any, unknown>;
type Make = (options: Options, session: SessionOptions, errors: unknown[]) => Promise<Server>;

const onKoa: Make = async (options, session, errors) => {
  const site = new Koa();
  site.on('error', (error) => errors.push(error));
  site.use(koaSession(session));
  site.use(koaLoggedIn(options));
  site.use((ctx) => {
    ctx.body = { user: ctx.state.user ?? null };
  });
  const server = site.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const onExpress =
  (framework: typeof express): Make =>
  async (options, session, errors) => {
    const site = framework();
    site.use(expressSession({ ...session, onError: (error) => errors.push(error) }));
    // In a part of the application `req.url` is cut.
    site.use('/shop', expressLoggedIn(options));
    site.use(expressLoggedIn(options));
    site.use((req, res) => {
      res.json({ user: (req as { user?: unknown }).user ?? null });
    });
    site.use(((error, _req, res, _next) => {
      errors.push(error);
      res.status(error.status ?? 500).end();
    }) as express.ErrorRequestHandler);
    const server = site.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** The users of the application's database. */
const users = new Map([[42, { id: 42, name: 'alice', password: '$2y$made-up' }]]);
const check: Options['check'] = async (claim) => {
  const user = users.get(claim.id as number);
  return user && claim.confirms(user.password) && user;
};

class Site {
  readonly sessions = new Map<string, MemorySession>();
  readonly errors: unknown[] = [];
  readonly cookies = new Map<string, string>();
  #port = 0;

  static async start(make: Make, options: Partial<Options>, session: Partial<SessionOptions> = {}): Promise<Site> {
    const site = new Site();
    const store = memoryStore({ sessions: site.sessions });
    const rules = { ...app.login, ...(options.trustRow ? {} : { check }), ...options } as Options;
    const server = await make(rules, { store, serializeHandler: 'php_serialize', ...session }, site.errors);
    servers.push(server);
    site.#port = (server.address() as AddressInfo).port;
    return site;
  }

  put(data: string): this {
    this.sessions.set(id, { data: Buffer.from(data), usedAt: Date.now(), logouts: 0 } as never);
    this.cookies.set('PHPSESSID', id);
    return this;
  }

  logIn(password = '$2y$made-up', user = 42): this {
    return this.put(
      `a:2:{s:50:"login_web_${GUARD}";i:${user};s:17:"password_hash_web";s:${password.length}:"${password}";}`,
    );
  }

  async ask(path = '/', headers: Record<string, string> = {}, method = 'GET') {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    // As it is: fetch() would make another path of it, and say that it is no navigation.
    const sent = request({
      port: this.#port,
      path,
      method,
      agent: false,
      headers: { accept: 'text/html', ...(cookie && { cookie }), ...headers },
    }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.cookies.set(name, value);
    }
    const body = await text(answer);
    const { location = null, 'cache-control': cacheControl } = answer.headers;
    return {
      status: answer.statusCode,
      location,
      cacheControl,
      user: answer.statusCode === 200 ? JSON.parse(body).user : body,
    };
  }

  /** What is stored for the visitor. */
  get row(): string | undefined {
    const data = this.sessions.get(this.cookies.get('PHPSESSID') ?? '')?.data;
    return data && Buffer.from(data).toString();
  }
}

const frameworks: [string, Make][] = [
  ['Koa', onKoa],
  ['Express 5', onExpress(express)],
  ['Express 4', onExpress(express4)],
];

describe.each(frameworks)('loggedIn() in %s', (_, make) => {
  const start = (options: Partial<Options> = {}, session: Partial<SessionOptions> = {}) =>
    Site.start(make, { required: true, loginUrl: '/login', ...options }, session);

  test('the user that the database has', async () => {
    const site = (await start()).logIn();
    expect(await site.ask()).toMatchObject({ status: 200, user: users.get(42) });
    expect(await site.ask('/', {}, 'POST')).toMatchObject({ status: 200, user: users.get(42) });
  });

  test.each([
    ['who was deleted', '$2y$made-up', 43],
    ['whose password was changed', '$2y$old', 42],
  ])('a user %s is not let in', async (_, password, user) => {
    const site = (await start()).logIn(password, user);
    expect(await site.ask('/account')).toMatchObject({ status: 302, location: '/login', cacheControl: 'no-store' });
    expect(await site.ask('/account', {}, 'POST')).toMatchObject({ status: 401, location: null });
    const open = (await start({ required: false })).logIn(password, user);
    expect(await open.ask('/account')).toMatchObject({ status: 200, user: null });
  });

  test('trustRow takes the session at its word, and true of check is the claim', async () => {
    const site = (await start({ trustRow: true })).logIn('$2y$old', 43);
    const claim = { id: 43, guard: 'web', unchecked: ['exists', 'password'] };
    expect(await site.ask()).toMatchObject({ status: 200, user: claim });
    const other = (await start({ check: () => true })).logIn('$2y$old', 43);
    expect((await other.ask()).user).toEqual(claim);
  });

  test('who is not logged in is sent to the login, and the session knows where to go back to', async () => {
    const site = await start();
    expect(await site.ask('/shop/cart?step=2')).toMatchObject({
      status: 302,
      location: '/login',
      cacheControl: 'no-store',
    });
    expect(site.row).toBe('a:1:{s:3:"url";a:1:{s:8:"intended";s:17:"/shop/cart?step=2";}}');
    expect(site.cookies.get('PHPSESSID')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('in the mode readonly too', async () => {
    const site = await start({}, { mode: 'readonly' });
    site.put('a:1:{s:4:"cart";i:1;}');
    expect((await site.ask('/a')).status).toBe(302);
    expect(site.row).toBe('a:2:{s:4:"cart";i:1;s:3:"url";a:1:{s:8:"intended";s:2:"/a";}}');
    expect(site.errors).toEqual([]);
  });

  test.each([
    ['a form', {}, 'POST'],
    ['HEAD', {}, 'HEAD'],
    ['fetch()', { accept: '*/*' }, 'GET'],
    ['JSON', { accept: 'application/json' }, 'GET'],
    ['XMLHttpRequest', { 'x-requested-with': 'XMLHttpRequest' }, 'GET'],
    ['an image', { 'sec-fetch-mode': 'no-cors' }, 'GET'],
    ['a script that asks for HTML', { 'sec-fetch-mode': 'cors' }, 'GET'],
  ])('%s gets 401, and leaves no session', async (_, headers: Record<string, string>, method) => {
    const site = await start();
    expect(await site.ask('/', headers, method)).toMatchObject({
      status: 401,
      location: null,
      cacheControl: 'no-store',
    });
    expect([site.sessions.size, site.cookies.size]).toEqual([0, 0]);
  });

  test('a navigation of a browser is a page, whatever it accepts', async () => {
    const site = await start();
    expect((await site.ask('/', { accept: '*/*', 'sec-fetch-mode': 'navigate' })).status).toBe(302);
  });

  test('without a login page it is 401', async () => {
    const site = await Site.start(make, { required: true });
    expect((await site.ask()).status).toBe(401);
  });

  test.each(['//example.org/', '/\\example.org', '//example.org/..//'])(
    '%s is not where a login leads back to',
    async (path) => {
      const site = await start();
      const answer = await site.ask(path);
      expect([answer.status, answer.location]).toEqual([302, '/login']);
      expect(site.row ?? '').not.toContain('example.org');
    },
  );

  test('a parameter takes the way back, encoded, where the application has one', async () => {
    const { login } = drupal({ host: 'www.example.com' });
    const site = await start({
      ...login,
      rememberCookies: [],
      remember: undefined as never,
      loginUrl: '/user/login?a=b',
    });
    expect((await site.ask('/cart?x=1&destination=//example.org')).location).toBe(
      '/user/login?a=b&destination=/cart%3Fx%3D1%26destination%3D//example.org',
    );
    expect((await site.ask('//example.org')).location).toBe('/user/login?a=b');
  });

  test('it is signed where the application verifies it', async () => {
    const site = await start({ ...horde({ secretKey: 'made up' }).login, loginUrl: '/horde/login.php' });
    const now = Math.floor(Date.now() / 1000);
    for (const [path, glue] of [
      ['/cart?x=1', '&'],
      ['/cart', '?'],
    ] as const) {
      const url = new URL((await site.ask(path)).location!, 'http://x').searchParams.get('url')!;
      const [, signed, time, hmac] = /^(.*[?&]_t=(\d+)&_h=)([\w-]{27})$/.exec(url)!;
      expect(signed!.startsWith(`${path}${glue}_t=`)).toBe(true);
      expect(Number(time) - now).toBeLessThan(30);
      expect(createHmac('sha1', 'made up').update(signed!).digest('base64url')).toBe(hmac);
    }
    expect((await site.ask('//example.org')).location).toBe('/horde/login.php');
    const unsigned = await start({ ...horde().login, loginUrl: '/horde/login.php' });
    expect((await unsigned.ask('/cart')).location).toBe('/horde/login.php');
  });

  test('the login itself behind its own gate is 401, and no circle', async () => {
    const site = await start();
    for (const path of ['/login', '/login?a=b']) expect((await site.ask(path)).status).toBe(401);
  });

  test('a circle ends with an error that says why', async () => {
    const site = await start();
    for (let i = 0; i < 10; i++) expect((await site.ask('/a')).status).toBe(302);
    expect((await site.ask('/a')).status).toBe(401);
    expect(String(site.errors.splice(0)[0])).toMatch(/the application takes him for logged in/);
    site.cookies.set('php_session_bridge_login', 'not a number');
    expect((await site.ask('/a')).status).toBe(302);
    site.logIn();
    expect((await site.ask('/a')).status).toBe(200);
  });

  test('a remember-me cookie: the visitor is sent once to where it logs in', async () => {
    for (const required of [true, false]) {
      const site = await start({ required, resumeUrl: '/resume' });
      site.cookies.set(REMEMBER!, 'made-up');
      expect(await site.ask('/a', { accept: '*/*' })).toMatchObject({ status: required ? 401 : 200 });
      expect(await site.ask('/a')).toMatchObject({ status: 302, location: '/resume' });
      expect(site.row).toContain('"/a"');
      // The application did not take it.
      expect(await site.ask('/a')).toMatchObject(
        required ? { status: 302, location: '/login' } : { status: 200, user: null },
      );
      expect(await site.ask('/resume')).toMatchObject({ status: required ? 302 : 200 });
    }
  });

  test('a remember-me cookie without a page that takes it: the login, where one is required', async () => {
    const site = await start();
    site.cookies.set(REMEMBER!, 'made-up');
    expect((await site.ask('/a')).location).toBe('/login');
    const open = await start({ required: false });
    open.cookies.set(REMEMBER!, 'made-up');
    expect((await open.ask('/a')).status).toBe(200);
  });

  test('a deleted user with a remember-me cookie is not sent around', async () => {
    const site = (await start({ resumeUrl: '/resume' })).logIn('$2y$old');
    site.cookies.set(REMEMBER!, 'made-up');
    expect((await site.ask('/a')).location).toBe('/login');
  });

  test('loginUrl() knows the reason, and must give a URL', async () => {
    const claim: Options['claim'] = (_session, { refused }) => void refused?.('browser');
    const site = await start({ claim, loginUrl: (_context, why) => `/login?why=${why}` });
    expect((await site.ask()).location).toBe('/login?why=browser');
    const wrong = await start({ loginUrl: () => '/login\r\nSet-Cookie: a=b' });
    expect((await wrong.ask()).status).toBe(500);
    expect(String(wrong.errors.splice(0)[0])).toMatch(/loginUrl\(\) must give/);
  });

  test('an error of check is an error, and lets nobody in', async () => {
    const site = (await start({ check: () => Promise.reject(new Error('the database is away')) })).logIn();
    expect((await site.ask()).status).toBe(500);
    expect(String(site.errors.splice(0)[0])).toMatch(/the database is away/);
  });

  // `next()` of Express would take these for leave to go on.
  test.each([[undefined], [null], ['route'], ['router']])('%j in place of an error lets nobody in', async (thrown) => {
    for (const option of ['check', 'claim', 'loginUrl'] as const) {
      const fails = () => {
        throw thrown;
      };
      const site = await start({ [option]: fails });
      if (option === 'check') site.logIn();
      expect([option, (await site.ask()).status]).toEqual([option, 500]);
      expect(site.errors.splice(0)).toEqual([expect.objectContaining({ cause: thrown })]);
    }
  });

  test('a list is no user: it is what a query gives that found none', async () => {
    const site = (await start({ check: () => [] })).logIn();
    expect((await site.ask()).status).toBe(500);
    expect(String(site.errors.splice(0)[0])).toMatch(/check\(\) of loggedIn\(\) must give the user, and not a list/);
  });

  test('many pages at once, as of a browser that restores its tabs, are no circle', async () => {
    const site = await start();
    for (let i = 0; i < 30; i++) expect((await site.ask(`/page/${i}`)).status).toBe(302);
  });

  test('the page that takes remember-me cookies is open to a visitor who has one', async () => {
    const site = await start({ required: false, resumeUrl: '/resume' });
    site.cookies.set(REMEMBER!, 'made-up');
    expect((await site.ask('/resume')).status).toBe(200);
  });

  test('the login of another application or version is nobody', async () => {
    const site = await start();
    for (const data of ['a:1:{s:5:"login";i:42;}', 'a:0:{}', `a:1:{s:50:"login_web_${GUARD}";a:0:{}}`]) {
      expect((await site.put(data).ask()).status).toBe(302);
    }
    const other = await start({ ...symfony().login, loginUrl: '/login' });
    expect((await other.logIn().ask()).status).toBe(302);
  });
});

test('whom a gate in front of it has let in is nobody behind one that does not know him', async () => {
  const store = memoryStore({ sessions: new Map() });
  const nobody = { claim: () => undefined, trustRow: true };
  const koa = new Koa<{ user?: unknown }>();
  koa.use(koaSession({ store }));
  koa.use((ctx, next) => {
    ctx.state.user = 'of another one';
    return next();
  });
  koa.use(koaLoggedIn(nobody) as never);
  koa.use((ctx) => {
    ctx.body = `${ctx.state.user}`;
  });
  const site = express();
  site.use(expressSession({ store }));
  site.use((req, _res, next) => {
    (req as { user?: unknown }).user = 'of another one';
    next();
  });
  site.use(expressLoggedIn(nobody));
  site.use((req, res) => {
    res.send(`${(req as { user?: unknown }).user}`);
  });
  for (const handler of [koa.callback(), site]) {
    const server = createServer(handler).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('undefined');
  }
});

test('without phpSession() in front it says so', async () => {
  const site = new Koa();
  const errors: unknown[] = [];
  site.on('error', (error) => errors.push(error));
  site.use(koaLoggedIn({ ...app.login, trustRow: true }) as never);
  const server = site.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect((await fetch(url)).status).toBe(500);
  expect(String(errors[0])).toMatch(/loggedIn\(\) belongs behind phpSession\(\)/);
});

describe.each([
  ['Koa', koaLoggedIn],
  ['Express', expressLoggedIn],
])('wrong options of loggedIn() in %s', (_, loggedIn) => {
  const right = { ...app.login, check };
  test.each([
    [undefined, /needs an object/],
    [{ check }, /claim must be that of a preset/],
    [{ ...app.login }, /needs check/],
    [{ ...app.login, required: true, loginUrl: '/login' }, /needs check/],
    [{ ...app.login, trustRow: false }, /needs check/],
    [{ ...right, trustRow: true }, /check or trustRow, and not both/],
    [{ ...right, check: 'alice' }, /check must be a function/],
    [{ ...right, trustRow: 1 }, /trustRow must be true or false/],
    [{ ...right, required: 'yes' }, /required must be true or false/],
    [{ ...right, loginURL: '/login' }, /loginURL is not an option of loggedIn\(\): it is loginUrl/],
    [{ ...right, loginUrl: '/lögin' }, /loginUrl must be a path or a URL/],
    [{ ...right, loginUrl: '/a\nb' }, /loginUrl must be/],
    [{ ...right, resumeUrl: '' }, /resumeUrl must be/],
    [{ ...right, rememberCookies: 'REMEMBERME' }, /rememberCookies must be a list of names/],
    [{ ...right, returnParameter: 5 }, /returnParameter must be/],
    [{ ...right, remember: true }, /remember must be a function/],
    [{ ...right, signReturn: 'x' }, /signReturn must be a function/],
  ])('%#', (options, says) => {
    const make = loggedIn as (options: unknown) => unknown;
    expect(() => make(options)).toThrow(TypeError);
    expect(() => make(options)).toThrow(says);
  });
});
