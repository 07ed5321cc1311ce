import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import session from 'koa-session';
import { phpKoaSession } from '../../../src/middleware/koa-session.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import { LifeSite } from './life-site.ts';

/** What PHP's functions mean in Node where they cannot be compared: in parallel, after the end, and with an attacker. */

const id = 'a'.repeat(32);
const cookie = `PHPSESSID=${id}`;
const sites: LifeSite[] = [];
const siteOf = (options: ConstructorParameters<typeof LifeSite>[0] = {}) => {
  const site = new LifeSite(options);
  sites.push(site);
  return site;
};

afterEach(() => {
  for (const site of sites.splice(0)) site.stop();
});

describe('regenerate({ deleteOld: false })', () => {
  test('an attacker who knows the old id does not become logged in, whether the login was stored before it or after', async () => {
    for (const isBefore of [true, false]) {
      const site = siteOf();
      site.put(id, 'cart|s:4:"book";');
      const login = await site.ask(
        async (ctx) => {
          if (isBefore) ctx.session.user = 'alice';
          await ctx.phpSession.regenerate({ deleteOld: false });
          ctx.session.user = 'alice';
          return ctx.phpSession.id;
        },
        { cookie },
      );
      expect(login.id).toBe(login.value);
      expect(login.id).not.toBe(id);
      expect(site.row(login.id)).toBe('cart|s:4:"book";user|s:5:"alice";');
      const attacker = await site.ask((ctx) => ctx.session, { cookie });
      expect(attacker.value).toEqual({ cart: 'book' });
      expect(site.row(id)).toBe('cart|s:4:"book";');
    }
  });

  test('a logout in the same request ends the old session too', async () => {
    const site = siteOf();
    site.put(id, 'user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate({ deleteOld: false });
        await ctx.phpSession.destroy();
      },
      { cookie },
    );
    expect(site.ids).toEqual([]);
    expect(answer.cookies).toEqual(['PHPSESSID=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/']);
  });

  test('a logout by another request in between is not undone', async () => {
    const site = siteOf({ mode: 'merge' });
    site.put(id, 'user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        expect(ctx.session.user).toBe('alice');
        site.sessions.set(id, { data: undefined, usedAt: Date.now(), logouts: 1 });
        await ctx.phpSession.regenerate({ deleteOld: false });
      },
      { cookie },
    );
    expect([answer.status, site.ids, site.gone]).toEqual([200, [], 1]);
  });

  test('what is emptied is under the new id, so that the browser does not go on with the old one', async () => {
    const site = siteOf();
    site.put(id, 'user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate({ deleteOld: false });
        ctx.session = {};
      },
      { cookie },
    );
    expect(site.row(answer.id)).toBe('');
  });

  test('when it cannot be saved, the old session is as it was, and no cookie goes out', async () => {
    const sessions = new Map();
    const site = siteOf({ store: memoryStore({ sessions, maxSessions: 1 }) });
    sessions.set(id, { data: Buffer.from('n|i:1;'), usedAt: Date.now(), logouts: 0 });
    const answer = await site.ask((ctx) => ctx.phpSession.regenerate({ deleteOld: false }), { cookie });
    expect([answer.status, answer.cookies]).toEqual([503, []]);
    expect([...sessions.keys()]).toEqual([id]);
  });
});

test.each([
  true,
  false,
  null,
  [],
  'user-7-',
  { deleteold: false },
  { deleteOld: 0 },
  { deleteOld: 'false' },
  { deleteOld: null },
  { prefx: 'a' },
])('regenerate(%j) is an error, and the session stays as it was', async (options) => {
  const site = siteOf();
  site.put(id, 'n|i:1;');
  const answer = await site.ask((ctx) => ctx.phpSession.regenerate(options as never), { cookie });
  expect([answer.status, answer.cookies, site.ids]).toEqual([500, [], [id]]);
  expect(site.errors).toEqual([expect.any(TypeError)]);
  expect(site.row(id)).toBe('n|i:1;');
});

describe('a prefix', () => {
  test('is in front of an id of full length', async () => {
    const site = siteOf({ sidLength: 48, sidBitsPerCharacter: 6 });
    site.put(id, 'n|i:1;');
    const moved = await site.ask((ctx) => ctx.phpSession.regenerate({ prefix: 'user-7-' }), { cookie });
    expect(decodeURIComponent(moved.id!)).toMatch(/^user-7-[0-9a-zA-Z,-]{48}$/);
    const begun = await site.ask(async (ctx) => {
      ctx.session.n = 1;
      await ctx.phpSession.regenerate({ prefix: 'user-8-' });
      return ctx.phpSession.id;
    });
    expect(begun.value).toMatch(/^user-8-/);
    expect(decodeURIComponent(begun.id!)).toBe(begun.value);
  });

  test.each(['a.b', 'a b', 'é', '../', 'a_b', "a'", 'a\n', 5, null, 'a'.repeat(225)])(
    '%j is refused',
    async (prefix) => {
      const site = siteOf();
      site.put(id, 'n|i:1;');
      for (const call of [
        (control: { createId(prefix: never): unknown }) => control.createId(prefix as never),
        (control: { regenerate(options: never): unknown }) => control.regenerate({ prefix } as never),
      ]) {
        const answer = await site.ask((ctx) => call(ctx.phpSession as never), { cookie });
        expect(answer.status).toBe(500);
        expect(site.errors.splice(0)).toEqual([expect.any(TypeError)]);
      }
      expect(site.ids).toEqual([id]);
    },
  );
});

describe('start() after close() and abort()', () => {
  test('reads what other requests have stored meanwhile, under the lock', async () => {
    const site = siteOf();
    site.put(id, 'n|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.close();
        site.put(id, 'n|i:7;');
        await ctx.phpSession.start();
        ctx.session.n = (ctx.session.n as number) + 1;
        return ctx.session.n;
      },
      { cookie },
    );
    expect([answer.value, site.row(id)]).toEqual([8, 'n|i:8;']);
  });

  test('what was changed in between is an error, and can be begun anew', async () => {
    const site = siteOf();
    site.put(id, 'n|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.abort();
        ctx.session.n = 5;
        const error = await ctx.phpSession.start().catch(({ code }) => code);
        await ctx.phpSession.start();
        return [error, ctx.session.n];
      },
      { cookie },
    );
    expect(answer.value).toEqual(['ERR_SESSION_CLOSED', 1]);
    expect(site.row(id)).toBe('n|i:1;');
  });

  test('a lock that cannot be had is no change, and start() can be called again', async () => {
    const sessions: LifeSite['sessions'] = new Map();
    const store = memoryStore({ sessions, lockTimeout: 0.1 });
    const site = siteOf({ store });
    sessions.set(id, { data: Buffer.from('n|i:1;'), usedAt: Date.now(), logouts: 0 });
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.close();
        const other = await store.open(id);
        const error = await ctx.phpSession.start().catch(({ code }) => code);
        await other.release();
        await ctx.phpSession.start();
        return [error, ctx.session.n];
      },
      { cookie },
    );
    expect(answer.value).toEqual(['ERR_SESSION_LOCK_TIMEOUT', 1]);
    expect(site.codes).toEqual(['ERR_SESSION_LOCK_TIMEOUT']);
  });

  test('a session that begins in the request goes on under its id', async () => {
    const site = siteOf({ useStrictMode: true });
    const answer = await site.ask(async (ctx) => {
      ctx.session.n = 1;
      await ctx.phpSession.close();
      await ctx.phpSession.start();
      ctx.session.m = 2;
    });
    expect([site.ids, site.row(answer.id)]).toEqual([[answer.id], 'n|i:1;m|i:2;']);
    expect(answer.cookies).toHaveLength(1);
  });

  test('after a logout by another request the session is empty, and its login does not come back', async () => {
    for (const useStrictMode of [false, true]) {
      const site = siteOf({ useStrictMode });
      site.put(id, 'user|s:5:"alice";');
      const answer = await site.ask(
        async (ctx) => {
          await ctx.phpSession.close();
          site.sessions.set(id, { data: undefined, usedAt: Date.now(), logouts: 1 });
          await ctx.phpSession.start();
          const found = { ...ctx.session };
          ctx.session.n = 1;
          return found;
        },
        { cookie },
      );
      expect(answer.value).toEqual({});
      expect(site.row(id)).toBe(useStrictMode ? undefined : 'n|i:1;');
      expect(site.row(answer.id ?? id)).toBe('n|i:1;');
    }
  });

  test('a login that was aborted is none, also after start()', async () => {
    const site = siteOf({ useStrictMode: true });
    site.put(id, 'n|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.user = 'alice';
        await ctx.phpSession.regenerate();
        await ctx.phpSession.abort();
        const { id } = ctx.phpSession;
        await ctx.phpSession.start();
        return [id, { ...ctx.session }];
      },
      { cookie },
    );
    expect(answer.value).toEqual([id, { n: 1 }]);
    expect([answer.cookies, site.ids]).toEqual([[], [id]]);
  });

  test('that fails leaves the session closed as it was, and can be called again', async () => {
    for (const isTriedAgain of [true, false]) {
      const sessions = new Map([[id, { data: Buffer.from('user|s:5:"alice";'), usedAt: Date.now(), logouts: 0 }]]);
      const store = memoryStore({ sessions });
      let isAway = false;
      const away = () => Promise.reject(new Error('away'));
      const site = siteOf({ store: { ...store, open: (...args) => (isAway ? away() : store.open(...args)) } });
      const answer = await site.ask(
        async (ctx) => {
          await ctx.phpSession.close();
          isAway = true;
          await ctx.phpSession.start().catch(() => undefined);
          const { user } = ctx.session;
          isAway = false;
          if (isTriedAgain) await ctx.phpSession.start();
          return [user, ctx.session.user, ctx.phpSession.id];
        },
        { cookie },
      );
      expect(answer.value).toEqual(['alice', 'alice', id]);
      expect(site.errors).toEqual([new Error('away')]);
    }
  });

  test('after the end of the request it fails, and takes no lock', async () => {
    const site = siteOf();
    site.put(id, 'n|i:1;');
    let late: Promise<unknown> | undefined;
    await site.ask(
      (ctx) => {
        late = sleep(20).then(() => ctx.phpSession.start());
        late.catch(() => undefined);
      },
      { cookie },
    );
    await expect(late).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    expect((await site.ask((ctx) => ctx.session.n, { cookie })).value).toBe(1);
  });
});

describe('abort() and reset()', () => {
  test('a logout is not dropped by either', async () => {
    for (const call of ['abort', 'reset'] as const) {
      const site = siteOf();
      site.put(id, 'user|s:5:"alice";');
      const answer = await site.ask(
        async (ctx) => {
          ctx.session = null as never;
          await ctx.phpSession[call]();
        },
        { cookie },
      );
      expect([call, site.ids, answer.cookies.length]).toEqual([call, [], 1]);
    }
  });

  test('what was stored after a logout is dropped by reset()', async () => {
    const site = siteOf();
    site.put(id, 'user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        ctx.session = null as never;
        ctx.session.user = 'bob';
        await ctx.phpSession.reset();
      },
      { cookie },
    );
    expect([site.ids, answer.id]).toEqual([[], 'deleted']);
  });

  test('reset() in the mode merge: what is stored meanwhile is not overwritten', async () => {
    const site = siteOf({ mode: 'merge' });
    site.put(id, 'n|i:1;');
    await site.ask(
      async (ctx) => {
        ctx.session.n = 5;
        site.put(id, 'n|i:9;');
        await ctx.phpSession.reset();
        ctx.session.m = 1;
      },
      { cookie },
    );
    expect(site.row(id)).toBe('n|i:9;m|i:1;');
  });

  test('after abort() the lock is free, and a change is reported', async () => {
    const site = siteOf();
    site.put(id, 'n|i:1;');
    await site.ask(
      async (ctx) => {
        await ctx.phpSession.abort();
        ctx.session.n = 2;
      },
      { cookie },
    );
    expect(site.row(id)).toBe('n|i:1;');
    expect(site.codes).toEqual(['ERR_SESSION_CLOSED']);
  });
});

describe('cookieRefresh', () => {
  const options = { cookieRefresh: true, cookieLifetime: 600 };
  const again = expect.stringMatching(new RegExp(`^PHPSESSID=${id}; expires=.*; Max-Age=600; path=/$`));

  test('each request that used the session sends its cookie again', async () => {
    const site = siteOf(options);
    site.put(id, 'n|i:1;');
    expect((await site.ask((ctx) => ctx.session.n, { cookie })).cookies).toEqual([again]);
    expect((await site.ask((ctx) => (ctx.session.n = 2), { cookie })).cookies).toEqual([again]);
    const moved = await site.ask((ctx) => ctx.phpSession.regenerate(), { cookie });
    expect(moved.cookies).toHaveLength(1);
    expect(moved.id).not.toBe(id);
  });

  test.each(['merge', 'readonly'] as const)(
    'not without the lock (%s): a login may have replaced the id',
    async (mode) => {
      const site = siteOf({ ...options, mode });
      site.put(id, 'n|i:1;');
      expect((await site.ask((ctx) => ctx.session.n, { cookie })).cookies).toEqual([]);
    },
  );

  test('not for the empty row that a login has left, nor after a logout', async () => {
    const site = siteOf(options);
    site.put(id, 'n|i:1;');
    await site.ask((ctx) => ctx.phpSession.regenerate(), { cookie });
    expect(site.row(id)).toBe('');
    expect((await site.ask((ctx) => (ctx.session.n = 5), { cookie })).cookies).toEqual([]);
    site.put(id, 'n|i:1;');
    const logout = await site.ask((ctx) => ctx.phpSession.destroy(), { cookie });
    expect(logout.cookies).toEqual([expect.stringContaining('PHPSESSID=deleted')]);
  });
});

describe('gcProbability', () => {
  const late = Date.now() - 10_000;
  const old = { data: Buffer.from('n|i:1;'), usedAt: late, logouts: 0 };
  const storeOf = (sessions: Map<string, unknown>) => memoryStore({ sessions: sessions as never, gcMaxlifetime: 5 });

  test.each([
    [1, 1, true],
    [0, 1, false],
  ])('%d of %d', async (gcProbability, gcDivisor, collects) => {
    const sessions = new Map<string, unknown>([['old', old]]);
    const site = siteOf({ store: storeOf(sessions), gcProbability, gcDivisor });
    await site.ask((ctx) => (ctx.session.n = 1));
    await sleep(10);
    expect(sessions.has('old')).toBe(!collects);
  });

  test('an error of the gc is reported, and the request goes well', async () => {
    const store = { ...memoryStore(), gc: () => Promise.reject(new Error('gc')) };
    const site = siteOf({ store, gcProbability: 1, gcDivisor: 1 });
    expect((await site.ask((ctx) => (ctx.session.n = 1))).status).toBe(200);
    expect(site.errors).toEqual([new Error('gc')]);
  });
});

test('koa-session has the same calls on ctx.phpSession', async () => {
  const sessions = new Map([[id, { data: Buffer.from('n|i:1;'), usedAt: Date.now(), logouts: 0 }]]);
  const app = new Koa();
  const errors: unknown[] = [];
  app.on('error', (error) => errors.push(error));
  app.use(phpKoaSession<{ n?: number; m?: number }>(session, { store: memoryStore({ sessions }) }, app));
  app.use(async (ctx) => {
    const context = ctx as unknown as import('../../../src/middleware/koa-session.ts').PhpKoaSessionContext<{
      n?: number;
      m?: number;
    }>;
    const seen: unknown[] = [];
    context.session!.n = 5;
    await context.phpSession.reset();
    seen.push(context.session!.n);
    context.session!.n = 6;
    await context.phpSession.abort();
    await context.phpSession.start();
    seen.push(context.session!.n);
    await context.phpSession.regenerate({ deleteOld: false, prefix: 'p-' });
    context.session!.m = 2;
    ctx.body = JSON.stringify([...seen, context.phpSession.id, context.phpSession.createId('q-').slice(0, 2)]);
  });
  const server = app.listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
    const [n, again, newId, made] = (await answer.json()) as [number, number, string, string];
    expect([n, again, made, errors]).toEqual([1, 1, 'q-', []]);
    expect(newId).toMatch(/^p-[0-9a-f]{32}$/);
    expect(Buffer.from(sessions.get(newId)!.data!).toString()).toBe('n|i:1;m|i:2;');
    expect(Buffer.from(sessions.get(id)!.data!).toString()).toBe('n|i:1;');
    expect(answer.headers.get('set-cookie')).toBe(`PHPSESSID=${newId}; path=/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
