import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import type { BrowserContext, Page } from 'playwright-core';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../src/middleware/koa.ts';
import { type MemorySession, memoryStore } from '../../src/stores/memory.ts';
import { startChromium } from '../../tools/services/chromium.mjs';

/** Ids in links and forms, in a real browser: where they get to, and where not. */

let browser: Awaited<ReturnType<typeof startChromium>>;
let context: BrowserContext;
/** Another site, which writes down what it is sent. */
let other: Server;
const seen: { url: string | undefined; referer: string | undefined }[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  browser = await startChromium();
  context = browser.context;
  other = createServer((request: IncomingMessage, response) => {
    seen.push({ url: request.url, referer: request.headers.referer });
    response.end('other');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
}, 60_000);

afterEach(async () => {
  for (const page of context.pages()) await page.close();
  await context.clearCookies();
  seen.length = 0;
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

afterAll(async () => {
  other?.close();
  await browser?.stop();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** A shop: it counts visits, and has a login, a link, a form, and a picture and a link of another site. */
async function shop(options: Partial<SessionOptions>, takesCookies: boolean) {
  const sessions = new Map<string, MemorySession>();
  /** What an access log would have. */
  const log: string[] = [];
  const app = new Koa<Koa.DefaultState, PhpSessionContext<{ n?: number; user?: string }>>();
  app.use(async (ctx, next) => {
    log.push(`${ctx.method} ${ctx.url} ${ctx.get('referer')}`);
    if (!takesCookies) delete ctx.req.headers.cookie; // a phone without cookies
    await next();
  });
  app.use(async (ctx, next) => {
    if (ctx.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of ctx.req) chunks.push(chunk);
      Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())) });
    }
    return next();
  });
  app.use(phpSession<{ n?: number; user?: string }>({ store: memoryStore({ sessions }), ...options }));
  const elsewhere = `http://localhost:${portOf(other)}`;
  app.use(async (ctx) => {
    if (ctx.path === '/favicon.ico') return;
    if (ctx.path === '/login') {
      await ctx.phpSession.regenerate();
      ctx.session.user = 'alice';
    }
    ctx.session.n = (ctx.session.n ?? 0) + 1;
    ctx.type = 'html';
    ctx.body = `<p id="n">${ctx.session.n}</p><p id="user">${ctx.session.user ?? 'nobody'}</p>
      <a id="next" href="${ctx.phpSession.url('/next?a=1')}">next</a>
      <a id="out" href="${ctx.phpSession.url(`${elsewhere}/out`)}">out</a>
      <img src="${elsewhere}/picture.png">
      <form method="post" action="/login">${ctx.phpSession.hiddenField()}<button>Log in</button></form>`;
  });
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${portOf(server)}`, log, sessions };
}

const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent();
const on = { useOnlyCookies: false, useStrictMode: true } as const;

describe('with useOnlyCookies: false', () => {
  test('a browser without cookies keeps its session over links and a form, through a login', async () => {
    const site = await shop(on, false);
    const page = await context.newPage();
    await page.goto(site.url);
    await page.click('#next');
    await page.click('#next');
    expect(await textOf(page, 'n')).toBe('3');
    const before = new URL(page.url()).searchParams.get('PHPSESSID')!;
    await page.click('button');
    expect([await textOf(page, 'n'), await textOf(page, 'user')]).toEqual(['4', 'alice']);
    await page.click('#next');
    expect([await textOf(page, 'n'), await textOf(page, 'user')]).toEqual(['5', 'alice']);
    const after = new URL(page.url()).searchParams.get('PHPSESSID')!;
    expect(after).not.toBe(before);
    expect(Buffer.from(site.sessions.get(before)!.data!).toString()).toBe('');
  });

  test('no Referer with the id leaves, for a picture or a link of another site', async () => {
    const site = await shop(on, false);
    const page = await context.newPage();
    await page.goto(site.url);
    await page.click('#next');
    expect(page.url()).toContain('PHPSESSID=');
    await page.click('#out');
    await page.waitForURL('**/out');
    expect(page.url()).not.toContain('PHPSESSID');
    expect(seen.map(({ url }) => url)).toEqual(expect.arrayContaining(['/picture.png', '/out']));
    expect(seen.map(({ url, referer }) => `${url} ${referer}`).join('\n')).not.toContain('PHPSESSID');
  });

  test('a browser with cookies has no id in a link after its first page', async () => {
    const site = await shop(on, true);
    const page = await context.newPage();
    await page.goto(site.url);
    await page.reload();
    expect(await textOf(page, 'n')).toBe('2');
    expect(await page.content()).not.toContain('PHPSESSID');
  });

  test('a victim who opens an attacker’s link and logs in is not logged in for the attacker', async () => {
    const site = await shop(on, true);
    const attacker = await fetch(site.url);
    const planted = /PHPSESSID=(\w+)/.exec(attacker.headers.get('set-cookie')!)![1]!;
    const page = await context.newPage();
    await page.goto(`${site.url}/?PHPSESSID=${planted}`);
    expect(await textOf(page, 'n')).toBe('2');
    await page.click('button');
    expect(await textOf(page, 'user')).toBe('alice');
    const again = await fetch(`${site.url}/?PHPSESSID=${planted}`);
    expect(await again.text()).toContain('nobody');
  });
});

test('by default no id reaches a page, a Referer or a log, with cookies and without', async () => {
  for (const takesCookies of [true, false]) {
    const site = await shop({}, takesCookies);
    const page = await context.newPage();
    await page.goto(site.url);
    await page.click('#next');
    const contents = [await page.content()];
    await page.click('button');
    contents.push(await page.content());
    await page.click('#out');
    await page.waitForURL('**/out');
    const ids = [...site.sessions.keys()];
    expect(ids.length).toBeGreaterThan(1);
    const everywhere = [...contents, ...site.log, ...seen.map(({ url, referer }) => `${url} ${referer}`)].join('\n');
    expect(ids.filter((id) => everywhere.includes(id))).toEqual([]);
    expect(everywhere).not.toContain('PHPSESSID');
    expect(everywhere).toContain('/picture.png');
  }
});
