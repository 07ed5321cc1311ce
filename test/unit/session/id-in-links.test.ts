import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import session from 'koa-session';
import { phpSession as expressSession } from '../../../src/middleware/express.ts';
import { phpSession as honoSession, type PhpSessionVariables } from '../../../src/middleware/hono.ts';
import { phpKoaSession } from '../../../src/middleware/koa-session.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import { LifeSite, type Session } from './life-site.ts';

/** Ids in links and forms, for browsers without cookies. What a browser makes of it is in test/e2e/links.test.ts. */

const known = 'a'.repeat(32);
const unknown = 'b'.repeat(32);
const on = { useOnlyCookies: false, useStrictMode: true } as const;
const sites: LifeSite[] = [];
const siteOf = (options: ConstructorParameters<typeof LifeSite>[0] = on) => {
  const site = new LifeSite(options);
  site.put(known, 'n|i:1;');
  sites.push(site);
  return site;
};

afterEach(() => {
  for (const site of sites.splice(0)) site.stop();
});

describe('off, as by default', () => {
  test('no id is taken from a link or a form, and none gets into a page', async () => {
    const site = siteOf({});
    const answer = await site.ask(
      (ctx) => {
        const before = ctx.session.n ?? null;
        ctx.session.m = 1;
        return [before, ctx.phpSession.url('/x?a=1'), ctx.phpSession.hiddenField()];
      },
      { path: `/?PHPSESSID=${known}`, form: { PHPSESSID: known } },
    );
    expect(answer.value).toEqual([null, '/x?a=1', '']);
    expect(answer.headers['referrer-policy']).toBeUndefined();
    expect(site.row(known)).toBe('n|i:1;');
  });

  test('it cannot be on without strict mode', () => {
    expect(() => siteOf({ useOnlyCookies: false })).toThrow('useOnlyCookies: false needs useStrictMode: true');
  });
});

describe('the id', () => {
  test('comes from the link, and from a form', async () => {
    const site = siteOf();
    expect((await site.ask((ctx) => ctx.session.n, { path: `/?a=1&PHPSESSID=${known}` })).value).toBe(1);
    expect((await site.ask((ctx) => ctx.session.n, { form: { PHPSESSID: known } })).value).toBe(1);
    expect((await site.ask((ctx) => ctx.session.n ?? null, { form: { PHPSESSID: [known] } })).value).toBeNull();
  });

  test('never comes before a cookie, whatever that holds', async () => {
    const site = siteOf();
    for (const cookie of [`PHPSESSID=${unknown}`, 'PHPSESSID=', 'PHPSESSID=../']) {
      const answer = await site.ask((ctx) => ctx.session.n ?? null, { cookie, path: `/?PHPSESSID=${known}` });
      expect([cookie, answer.value]).toEqual([cookie, null]);
    }
  });

  test('of a link is not adopted when it is unknown: what is stored gets another one', async () => {
    const site = siteOf();
    const answer = await site.ask((ctx) => (ctx.session.user = 'alice'), { path: `/?PHPSESSID=${unknown}` });
    expect(site.row(unknown)).toBeUndefined();
    expect(answer.id).not.toBe(unknown);
    expect(site.row(answer.id)).toBe('user|s:5:"alice";');
  });
});

test('Hono reads the id of a link, too, and protects the page', async () => {
  const sessions = new Map([[known, { data: Buffer.from('n|i:1;'), usedAt: Date.now(), logouts: 0 }]]);
  const app = new Hono<{ Variables: PhpSessionVariables<Session> }>();
  app.use(honoSession<Session>({ store: memoryStore({ sessions }), ...on }));
  const own = { 'Cache-Control': 'public', 'Referrer-Policy': 'unsafe-url' };
  app.get('/', (c) => c.text(`${c.var.session.n} ${c.var.phpSession.url('/next')}`, 200, own));
  const answer = await app.request(`/?PHPSESSID=${known}`);
  const { headers } = answer;
  expect([
    await answer.text(),
    headers.get('cache-control'),
    headers.get('referrer-policy'),
    headers.getSetCookie(),
  ]).toEqual([`1 /next?PHPSESSID=${known}`, 'no-store', 'no-referrer', []]);
});

describe('an attacker sends a link with an id of his own', () => {
  test('the login gets another id, which the attacker does not know', async () => {
    const site = siteOf();
    const planted = (await site.ask((ctx) => (ctx.session.seen = true))).id!;
    const login = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'alice';
        return ctx.phpSession.url('/account');
      },
      { path: `/login?PHPSESSID=${planted}` },
    );
    expect(login.id).toMatch(/^[0-9a-f]{32}$/);
    expect(login.id).not.toBe(planted);
    expect(login.value).toBe(`/account?PHPSESSID=${login.id}`);
    const attacker = await site.ask((ctx) => ctx.session, { cookie: `PHPSESSID=${planted}` });
    expect(attacker.value).toEqual({});
    const byLink = await site.ask((ctx) => ctx.session, { path: `/?PHPSESSID=${planted}` });
    expect(byLink.value).toEqual({});
    const victim = await site.ask((ctx) => ctx.session.user, { path: login.value });
    expect(victim.value).toBe('alice');
  });

  test('the id of a link gets no cookie, so that the victim does not keep it', async () => {
    const site = siteOf();
    const answer = await site.ask((ctx) => (ctx.session.n = 2), { path: `/?PHPSESSID=${known}` });
    expect(answer.cookies).toEqual([]);
  });

  test('nor where cookies are sent again; a login gets one, and later its own', async () => {
    const site = siteOf({ ...on, cookieRefresh: true, cookieLifetime: 600 });
    const path = `/?PHPSESSID=${known}`;
    for (const question of [{ path }, { form: { PHPSESSID: known } }]) {
      expect((await site.ask((ctx) => (ctx.session.n = 2), question)).cookies).toEqual([]);
    }
    const login = await site.ask((ctx) => ctx.phpSession.regenerate(), { path });
    expect(login.cookies).toHaveLength(1);
    const next = await site.ask((ctx) => ctx.session.n, { cookie: `PHPSESSID=${login.id}`, path });
    expect([next.value, next.id]).toEqual([2, login.id]);
  });

  test('nor with rolling or a new maxAge of koa-session', async () => {
    const sessions = new Map([[known, { data: Buffer.from('n|i:1;'), usedAt: Date.now(), logouts: 0 }]]);
    const app = new Koa();
    app.use(phpKoaSession(session, { store: memoryStore({ sessions }), ...on, rolling: true }, app));
    app.use((ctx) => {
      ctx.session!.maxAge = 600_000;
      ctx.body = String(ctx.session!.n);
    });
    const server = app.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/?PHPSESSID=${known}`);
      expect([await answer.text(), answer.headers.getSetCookie()]).toEqual(['1', []]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('a page with the id', () => {
  const answerOf = (site: LifeSite, path = '/') =>
    site.ask(
      (ctx) => {
        ctx.session.n = 5;
        ctx.set('Cache-Control', 'public');
        return [ctx.phpSession.url('/next'), ctx.phpSession.hiddenField()];
      },
      { path },
    );

  test('is kept out of caches, and sends no Referer', async () => {
    for (const cacheLimiter of ['nocache', 'public', ''] as const) {
      const answer = await answerOf(siteOf({ ...on, cacheLimiter }));
      expect(answer.value[0]).toBe(`/next?PHPSESSID=${answer.id}`);
      expect(answer.value[1]).toBe(`<input type="hidden" name="PHPSESSID" value="${answer.id}">`);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
    }
  });

  test('so is one that came with it in its URL, also with a cookie or without a session', async () => {
    const site = siteOf({
      ...on,
      cacheLimiter: 'public',
      mode: (ctx: { path: string }) => (ctx.path === '/none' ? 'none' : 'exclusive'),
    });
    for (const question of [
      { path: `/?PHPSESSID=${known}` },
      { path: `/?PHPSESSID=${known}`, cookie: `PHPSESSID=${known}` },
      { path: `/none?PHPSESSID=${known}` },
    ]) {
      const answer = await site.ask(() => 'page', question);
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  test('stays so, whatever the page says of itself, also where it does not look at its session', async () => {
    const mode = (ctx: { path: string }) => (ctx.path === '/none' ? 'none' : 'exclusive');
    const site = siteOf({ ...on, mode });
    for (const path of [`/?PHPSESSID=${known}`, `/none?PHPSESSID=${known}`, `/?PHPSESSID=${unknown}`]) {
      const answer = await site.ask((ctx) => ctx.set({ 'Cache-Control': 'public', 'Referrer-Policy': 'unsafe-url' }), {
        path,
      });
      expect([path, answer.headers['cache-control'], answer.headers['referrer-policy']]).toEqual([
        path,
        'no-store',
        'no-referrer',
      ]);
    }
  });

  test('the same in Express', async () => {
    const app = express();
    const mode = (req: { path: string }) => (req.path === '/none' ? 'none' : 'exclusive');
    app.use(expressSession({ store: memoryStore(), ...on, mode }));
    app.use((_, res) => {
      res.set({ 'Cache-Control': 'public', 'Referrer-Policy': 'unsafe-url' }).send('page');
    });
    const server = app.listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      for (const path of ['/', '/none']) {
        const { headers } = await fetch(`http://127.0.0.1:${port}${path}?PHPSESSID=${unknown}`);
        expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer']);
        const plain = await fetch(`http://127.0.0.1:${port}${path}`);
        expect(plain.headers.get('cache-control')).toBe('public');
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('whose headers are out cannot get it any more', async () => {
    const site = siteOf();
    const answer = await site.ask(
      (ctx) => {
        ctx.status = 200;
        ctx.res.flushHeaders();
        try {
          ctx.phpSession.url('/');
        } catch (error) {
          return (error as { code: string }).code;
        }
        return 'shown';
      },
      { path: '/', form: { PHPSESSID: known } },
    );
    expect(answer.value).toBe('ERR_SESSION_HEADERS_SENT');
  });

  test('has none for a browser with cookies', async () => {
    const site = siteOf();
    const answer = await site.ask((ctx) => [ctx.phpSession.url('/next'), ctx.phpSession.hiddenField()], {
      cookie: `PHPSESSID=${known}`,
    });
    expect(answer.value).toEqual(['/next', '']);
    expect(answer.headers['referrer-policy']).toBeUndefined();
  });

  test('has none as long as nothing is to be stored', async () => {
    const site = siteOf();
    const answer = await site.ask((ctx) => [ctx.phpSession.url('/next'), ctx.phpSession.hiddenField()]);
    expect(answer.value).toEqual(['/next', '']);
  });
});

const own = `PHPSESSID=${known}`;
test.each([
  ['/x', `/x?${own}`],
  ['x', `x?${own}`],
  ['', `?${own}`],
  ['?', `?${own}`],
  ['?a=1', `?a=1&${own}`],
  ['/x?a=1&b=2', `/x?a=1&b=2&${own}`],
  ['/x#top', `/x?${own}#top`],
  ['/x?a=1#top?b', `/x?a=1&${own}#top?b`],
  ['../x', `../x?${own}`],
  // Those lead elsewhere, as browsers read them.
  ['https://other.example/x', undefined],
  ['//other.example/x', undefined],
  ['/\\other.example/x', undefined],
  ['\\\\other.example', undefined],
  ['/\t/other.example', undefined],
  [' //other.example', undefined],
  ['http:/other.example', undefined],
  ['javascript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['mailto:a@b.c', undefined],
  ['http://[', undefined],
])('url(%j)', async (link, expected) => {
  const site = siteOf();
  const answer = await site.ask((ctx) => ctx.phpSession.url(link), { path: `/?${own}` });
  expect(answer.value).toBe(expected ?? link);
});
