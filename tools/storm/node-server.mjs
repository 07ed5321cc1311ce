// The Node half of the storm's pages: a process, or a thread, with a server. Its other half is pages/index.php.
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Koa from 'koa';

/**
 * @typedef {object} StormPages
 * @property {string} name
 * @property {import('php-session-bridge/mysql').MysqlStoreOptions['connection']} connection
 * @property {string} table
 * @property {number} lockTimeout seconds
 * @property {number} maxHold seconds
 * @property {'row' | 'merge'} lock of PHP; Node's mode is `exclusive` or `merge`
 * @property {string} framework `koa`, or another file of the farm's frameworks
 * @property {boolean} closes whether pages of other frameworks than Koa save their session before they answer, as with faults
 * @property {string} [older] folder of another version of the package, which serves here
 */

/**
 * Serves the pages as soon as the database is reached: the proxy takes a server without an answer within a second for dead.
 *
 * @param {StormPages} pages
 * @param {number} port
 * @returns {Promise<{ drain: () => Promise<void> }>} `drain` ends it without an error for a visitor: the health check makes
 *   the proxy send no more requests, those under way end, and then the server and the store are closed
 */
export async function serve({ name, connection, table, lockTimeout, maxHold, lock, framework, closes, older }, port) {
  const { mysqlStore } = await load('mysql', older);
  const store = mysqlStore({ connection, table, lockTimeout, maxHold, maxWaiters: 32 });
  /** @type {import('php-session-bridge/koa').SessionOptions} */
  const options = { store, useStrictMode: true, mode: lock === 'merge' ? 'merge' : 'exclusive' };
  const listener =
    framework === 'koa'
      ? await inKoa(options, lock, log, older)
      : await inFramework(framework, options, { lock, closes, log });
  let draining = false;
  let underWay = 0;

  // No ids and no data are in these messages.
  function log(/** @type {any} */ error) {
    console.error(new Date().toISOString(), name, error.code, error.message, error.cause?.code ?? '');
  }
  subscribe('php-session-bridge:failover', (move) => console.error(new Date().toISOString(), name, 'failover', move));

  const opened = await store.open('none', { create: false }).catch(() => undefined);
  await opened?.release();
  const server = createServer((req, res) => {
    res.setHeader('X-Served-By', older === undefined ? name : `older-${name}`);
    if (req.url === '/health') {
      res.writeHead(draining ? 404 : 200).end();
      return;
    }
    underWay++;
    res.once('close', () => underWay--);
    listener(req, res);
  }).listen(port, '127.0.0.1');
  return {
    async drain() {
      draining = true;
      // The proxy asks every 0.2 seconds. What it sent before it knew is served as ever.
      await sleep(1_000);
      while (underWay > 0) await sleep(20);
      await new Promise((resolve) => server.close(resolve));
      await store.close();
    },
  };
}

/**
 * @param {'koa' | 'mysql'} entry of the package
 * @param {string | undefined} older
 */
function load(entry, older) {
  return import(
    older === undefined ? `php-session-bridge/${entry}` : pathToFileURL(join(older, 'dist', `${entry}.js`)).href
  );
}

/**
 * @param {import('php-session-bridge/koa').SessionOptions} options
 * @param {'row' | 'merge'} lock
 * @param {(error: any) => void} log
 * @param {string | undefined} older
 */
async function inKoa(options, lock, log, older) {
  const { phpSession } = await load('koa', older);
  const app = new Koa();
  app.use(phpSession(options));
  app.use(async (/** @type {any} */ ctx) => {
    ctx.body = await page({ url: ctx.URL, session: () => ctx.session, phpSession: ctx.phpSession });
  });
  // The lock was lost, and another request logged out or regenerated. As with PHP, no answer says that anything was stored.
  app.on('session:gone', (ctx) => {
    if (!isRefused(lock, ctx.path)) return;
    ctx.status = 503;
    ctx.set('Retry-After', '1');
  });
  app.on('error', log);
  return app.callback();
}

/**
 * Whether a request answers 503 whose session has gone. With the lock 'merge' it may be no error: a request that began before a logout
 * stores nothing, and PHP's page answers 200 too.
 *
 * @param {'row' | 'merge'} lock
 * @param {string} path
 */
function isRefused(lock, path) {
  return lock === 'row' || path !== '/count';
}

/**
 * @param {string} framework
 * @param {import('php-session-bridge/koa').SessionOptions} options
 * @param {{ lock: 'row' | 'merge', closes: boolean, log: (error: any) => void }} how
 */
async function inFramework(framework, options, { lock, closes, log }) {
  const { createListener } = await import(`../../examples/farm/node/frameworks/${framework}.mjs`);
  /** @type {AsyncLocalStorage<{ isGone: boolean }>} */
  const visits = new AsyncLocalStorage();
  const onGone = () => {
    const visit = visits.getStore();
    if (visit !== undefined) visit.isGone = true;
  };
  const answer = async (/** @type {any} */ visit, /** @type {{ isGone: boolean }} */ now) => {
    const body = JSON.stringify(await page(visit));
    // `onGone` comes too late to change the answer, unless the page saves its session first.
    if (closes) await visit.phpSession.close();
    if (now.isGone && isRefused(lock, visit.url.pathname)) {
      return { status: 503, headers: { 'Retry-After': '1' }, body: '' };
    }
    return { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body };
  };
  return createListener({ ...options, onError: log, onGone }, (/** @type {any} */ visit) => {
    const now = { isGone: false };
    return visits.run(now, () => answer(visit, now));
  });
}

/** @param {Pick<import('../../examples/farm/node/pages.mjs').Visit, 'url' | 'session' | 'phpSession'>} visit */
async function page({ url, session, phpSession }) {
  const action = url.pathname.slice(1);
  const query = url.searchParams;
  if (action === 'login') {
    const number = Number(query.get('incarnation'));
    await phpSession.regenerate();
    for (const key of Object.keys(session())) delete session()[key];
    Object.assign(session(), { incarnation: number, count: 0, [`login-${number}`]: { name: 'Zoë', share: 0.1 } });
  }
  if (session().incarnation === undefined) return { incarnation: null };
  const key = query.get('key');
  if (action === 'count' && key !== null) session()[key] = 1;
  else if (action === 'count') session().count++;
  if (action === 'grow') session().large = 'x'.repeat(Number(query.get('bytes')));
  if (action === 'regenerate') await phpSession.regenerate();
  const { incarnation, count } = session();
  const keys = Object.keys(session());
  if (action === 'logout') await phpSession.destroy();
  return { incarnation, count, keys };
}
