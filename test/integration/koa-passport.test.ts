import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import koaSession from 'koa-session';
import { phpKoaSession } from '../../src/middleware/koa-session.ts';
import { newId } from '../../src/testing/leases.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { type Context, Site, signal, storeOf } from './koa-helpers.ts';

// The real koa-passport 6, with the passport 0.6 that it brings, and with the 0.7 of the clone. They have no types.
const { KoaPassport } = require('koa-passport');
const { Passport } = require('passport');
const koaFramework = require('koa-passport/lib/framework/koa')();
const LocalStrategy = require('passport-local');

const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(() => php.stop());

/** What passport adds to Koa's context. */
interface PassportContext extends Context {
  login(user: object, options?: object): Promise<void>;
  logout(options?: object): Promise<void>;
  isAuthenticated(): boolean;
}

function configured(passport: typeof KoaPassport) {
  passport.serializeUser((user: { id: string }, done: (error: unknown, id: string) => void) => done(null, user.id));
  passport.deserializeUser((id: string, done: (error: unknown, user: object) => void) => done(null, { id }));
  passport.use(
    new LocalStrategy((name: string, password: string, done: (error: unknown, user: object | false) => void) =>
      done(null, password === 'right' && { id: name }),
    ),
  );
  return passport;
}

const versions = {
  '0.6': configured(new KoaPassport()),
  '0.7': configured(new Passport().framework(koaFramework)),
};

test('these are the versions', () => {
  const versionFrom = (path: string) => require(require.resolve('passport/package.json', { paths: [path] })).version;
  expect(versionFrom(require.resolve('koa-passport'))).toMatch(/^0\.6\./);
  expect(versionFrom(__dirname)).toMatch(/^0\.7\./);
});

const cells = (['0.6', '0.7'] as const).flatMap((version) =>
  (['exclusive', 'merge'] as const).map((mode) => ({ version, mode })),
);

test('with koa-session a login and a logout by passport keep the other keys, as koa-session does', async () => {
  const app = new Koa();
  const store = storeOf(table);
  const passport = versions['0.6'];
  app.use(phpKoaSession(koaSession, { store }, app));
  app.use(passport.initialize());
  app.use(passport.session());
  app.use(async (ctx) => {
    const { login, logout } = ctx as unknown as PassportContext;
    await (ctx.path === '/login' ? login({ id: 'ann' }) : logout());
    ctx.body = 'done';
  });
  const server = app.listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const ask = async (path: string, id: string) => {
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: `PHPSESSID=${id}` } });
      expect(await answer.text()).toBe('done');
      return /^PHPSESSID=(\w+)/.exec(answer.headers.getSetCookie()[0]!)![1]!;
    };
    const old = newId();
    await php.put(table, old, 'user|s:3:"ann";');
    const loggedIn = await ask('/login', old);
    expect(await php.row(table, loggedIn)).toBe('user|s:3:"ann";passport|a:1:{s:4:"user";s:3:"ann";}');
    expect(await php.row(table, old)).toBe('');
    const loggedOut = await ask('/logout', loggedIn);
    expect(await php.row(table, loggedOut)).toBe('user|s:3:"ann";passport|a:0:{}');
    expect(await php.row(table, loggedIn)).toBe('');
  } finally {
    server.close();
    server.closeAllConnections();
    await store.close();
  }
});

describe.each(cells)('passport $version, $mode', ({ version, mode }) => {
  const passport = versions[version];
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), useStrictMode: true, mode });
  });

  afterAll(async () => {
    await site.stop();
    expect(site.codes()).toEqual([]);
  });

  /** A handler after passport's middleware. */
  const behind = (handler: (ctx: PassportContext) => unknown) => async (ctx: Context) => {
    let value: unknown;
    await passport.initialize()(ctx, () =>
      passport.session()(ctx, async () => {
        value = await handler(ctx as PassportContext);
      }),
    );
    return value;
  };
  const ask = (handler: (ctx: PassportContext) => unknown, id?: string) => site.ask(behind(handler), { id });
  const whoIs = async (id: string) => (await ask((ctx) => [ctx.isAuthenticated(), ctx.state.user], id)).value;

  async function put(data: string): Promise<string> {
    const id = newId();
    await php.put(table, id, data);
    return id;
  }

  const ann = 'passport|a:1:{s:4:"user";s:3:"ann";}';

  test('a login without a session before', async () => {
    const { id, status } = await ask((ctx) => ctx.login({ id: 'ann' }));
    expect(status).toBe(200);
    expect(await php.row(table, id!)).toBe(ann);
    expect(await whoIs(id!)).toEqual([true, { id: 'ann' }]);
    const code = '$handler->start(); return $_SESSION["passport"]["user"];';
    expect((await php.ask({ driver: 'pdo', table, id: id! }, code)).result).toBe('ann');
  });

  test('a strategy logs in, or not', async () => {
    const authenticate = (password: string) => (ctx: PassportContext) => {
      Object.assign(ctx.request, { body: { username: 'ann', password } });
      return passport.authenticate('local')(ctx, async () => {
        ctx.body = { value: 'in' };
      });
    };
    const old = await put('cart|i:1;');
    expect((await ask(authenticate('wrong'), old)).status).toBe(401);
    expect(await php.row(table, old)).toBe('cart|i:1;');
    const { id, value } = await ask(authenticate('right'), old);
    expect(value).toBe('in');
    expect(await php.row(table, id!)).toBe(ann);
  });

  // 12.0 and not 12, an object of PHP, and keys with the names of the methods.
  const before = 'price|d:12;cart|O:4:"Cart":1:{s:1:"n";i:1;}save|a:1:{s:1:"x";d:1;}regenerate|b:1;list|a:1:{i:0;i:1;}';

  test('a login drops what was in the session, as with express-session, unless an option keeps it', async () => {
    const old = await put(before);
    const dropped = await ask((ctx) => ctx.login({ id: 'ann' }), old);
    expect(await php.row(table, dropped.id!)).toBe(ann);
    expect(await php.row(table, old)).toBe('');
    const other = await put(before);
    const kept = await ask((ctx) => ctx.login({ id: 'ann' }, { keepSessionInfo: true }), other);
    expect(await php.row(table, kept.id!)).toBe(before + ann);
    expect(await php.row(table, other)).toBe('');
  });

  test('a logout ends PHP’s login too, unless an option keeps it', async () => {
    const old = await put(`user|s:3:"ann";${ann}`);
    const out = await ask(async (ctx) => {
      await ctx.logout();
      return [ctx.isAuthenticated(), Object.keys(ctx.session)];
    }, old);
    expect(out.value).toEqual([false, []]);
    expect(await php.row(table, old)).toBeUndefined();
    expect(out.lines.find((line) => line.startsWith('Set-Cookie: PHPSESSID=deleted'))).toBeDefined();
    expect(await whoIs(old)).toEqual([false, null]);

    const other = await put(`user|s:3:"ann";${ann}`);
    const kept = await ask((ctx) => ctx.logout({ keepSessionInfo: true }), other);
    expect(kept.id).not.toBe(other);
    expect(await php.row(table, kept.id!)).toBe('user|s:3:"ann";passport|a:0:{}');
    expect(await php.row(table, other)).toBeUndefined();
  });

  test('a logout without a login does nothing', async () => {
    expect((await ask((ctx) => ctx.logout())).id).toBeUndefined();
  });

  test('the methods are no keys of $_SESSION', async () => {
    const id = await put(before);
    const { value } = await ask((ctx) => {
      const { session } = ctx.request as unknown as { session: Record<string, unknown> };
      const names = ['save', 'regenerate'];
      session.seen = 1;
      delete session.list;
      expect(() => Object.assign(session, { save: 1 })).toThrow('req.session.save is passport');
      expect(() => Object.defineProperty(session, 'regenerate', { value: 1 })).toThrow('req.session.regenerate');
      expect(names.map((name) => typeof session[name])).toEqual(['function', 'function']);
      expect('price' in session && !('list' in session) && !('list' in ctx.session)).toBe(true);
      expect(Object.keys(session)).toEqual(Object.keys(ctx.session));
      expect(session).toBe((ctx.request as unknown as { session: object }).session);
      return [ctx.session, names.map((name) => typeof ctx.session[name])];
    }, id);
    const cart = { n: 1 };
    const all = { price: 12, cart, save: { x: 1 }, regenerate: true, seen: 1 };
    expect(value).toEqual([all, ['object', 'boolean']]);
    expect(await php.row(table, id)).toBe(before.replace('list|a:1:{i:0;i:1;}', 'seen|i:1;'));
    const fresh = await ask((ctx) => ['save' in ctx.session, 'regenerate' in ctx.session, JSON.stringify(ctx.session)]);
    expect(fresh.value).toEqual([false, false, '{}']);
  });

  test('if the session is no longer available, no user is logged in', async () => {
    const id = await put('cart|i:1;');
    const { status } = await ask(async (ctx) => {
      await ctx.phpSession.close();
      await ctx.login({ id: 'ann' });
    }, id);
    expect(status).toBe(500);
    expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
    expect(await php.row(table, id)).toBe('cart|i:1;');
  });

  describe('attacks', () => {
    test('an attacker who planted an id before a login gains nothing', async () => {
      const planted = await put('planted|b:1;');
      const { id } = await ask((ctx) => ctx.login({ id: 'ann' }), planted);
      expect(await whoIs(planted)).toEqual([false, null]);
      // What the attacker stores there does not reach the logged-in user, and the attacker does not get the user's cookie.
      const attack = await ask((ctx) => {
        ctx.session.passport = { user: 'mallory' };
      }, planted);
      expect(attack.headers['set-cookie']).toBeUndefined();
      expect(await whoIs(id!)).toEqual([true, { id: 'ann' }]);
      expect(await php.row(table, id!)).toBe(ann);
      const code = '$handler->start(); return $_SESSION;';
      const seen = await php.ask({ driver: 'pdo', table, id: planted }, code);
      expect(seen.result).toEqual({ passport: { user: 'mallory' } });
    });

    test('keys of PHP that are called as passport’s do not keep a login from getting a new id', async () => {
      const old = await put('regenerate|s:1:"x";save|s:1:"y";passport|s:1:"z";');
      const { id, status } = await ask((ctx) => ctx.login({ id: 'ann' }), old);
      expect(status).toBe(200);
      expect(id).not.toBe(old);
      expect(await php.row(table, id!)).toBe(ann);
    });

    test('a request that is slow does not bring the login back under the id from before a logout', async () => {
      const old = await put(ann);
      const [hasBegun, isOut] = [signal(), signal()];
      const slow = ask(async (ctx) => {
        if (mode === 'merge') {
          hasBegun.happen();
          await isOut.happened;
        }
        const { passport: login } = ctx.session as { passport?: { user?: string; seen?: number } };
        if (login?.user !== undefined) login.seen = 1;
      }, old);
      if (mode === 'merge') await hasBegun.happened;
      else await slow; // the lock has them one after the other
      await ask((ctx) => ctx.logout(), old);
      isOut.happen();
      expect((await slow).headers['set-cookie']).toBeUndefined();
      expect(await php.row(table, old)).toBeUndefined();
      expect(await whoIs(old)).toEqual([false, null]);
    });
  });
});
