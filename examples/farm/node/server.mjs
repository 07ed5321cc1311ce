// The Node half of the farm. Its other half, php/index.php, has the same pages.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import Koa from 'koa';
import koaSession from 'koa-session';
import { phpSession } from 'php-session-bridge/koa';
import { phpKoaSession } from 'php-session-bridge/koa-session';
import { mysqlStore } from 'php-session-bridge/mysql';

const { name, port, database, table, lockTimeout, maxHold } = JSON.parse(process.env.FARM ?? '');
const page = readFileSync(new URL('../page.html', import.meta.url), 'utf8');
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

const store = mysqlStore({ connection: database, table, lockTimeout, maxHold });
const app = new Koa();

app.use(async (ctx, next) => {
  ctx.set('X-Served-By', name);
  if (ctx.path === '/health') ctx.body = 'ok';
  else await next();
});

// The body is there before the session is opened, as in PHP.
app.use(async (ctx, next) => {
  if (ctx.is('urlencoded')) ctx.state.form = new URLSearchParams(await text(ctx.req));
  await next();
});

// As in the php.ini of the PHP servers.
const options = /** @type {const} */ ({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });
// One of the two as an application that has been on koa-session, and stays there.
const onKoaSession = name === 'node-2';
app.use(onKoaSession ? phpKoaSession(koaSession, options, app) : phpSession(options));

const language = `Node ${process.versions.node}${onKoaSession ? ', koa-session' : ''}`;

/** @type {Record<string, (ctx: any) => unknown>} */
const routes = {
  'GET /': () => {},
  'GET /count': (ctx) => count(ctx.session),
  'GET /count.gif': (ctx) => count(ctx.session),
  'GET /slow': async (ctx) => {
    count(ctx.session);
    await sleep(Math.min(60_000, Math.max(0, Number(ctx.query.ms ?? 1_000))));
  },
  'POST /login': async (ctx) => {
    await ctx.phpSession.regenerate();
    ctx.session.user = ctx.state.form?.get('user') ?? '';
  },
  'POST /logout': (ctx) => ctx.phpSession.destroy(),
};

app.use(async (ctx) => {
  const route = routes[`${ctx.method} ${ctx.path}`];
  if (!route) return;
  await route(ctx);
  const { count = 0, user = null } = ctx.session;
  const answer = { count, user, server: name, language };
  if (ctx.path === '/count.gif') {
    ctx.type = 'gif';
    ctx.body = pixel;
  } else if ('json' in ctx.query || ctx.get('Accept').includes('application/json')) {
    ctx.body = answer;
  } else if (ctx.method === 'POST') {
    ctx.status = 303;
    ctx.redirect('/');
  } else {
    ctx.type = 'html';
    ctx.body = fill({ ...answer, state: user === null ? 'visitor' : 'member' });
  }
});

/** @param {any} session */
function count(session) {
  session.count = (session.count ?? 0) + 1;
}

/** @param {Record<string, unknown>} values */
function fill(values) {
  return page.replace(/\{\{(\w+)\}\}/g, (_, name) => escapeHtml(String(values[name] ?? '')));
}

/** @param {string} value */
function escapeHtml(value) {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const server = app.listen(port, '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  void store.close().then(() => process.exit());
});
