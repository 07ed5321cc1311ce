// The Node half of the storm's pages: a process, or a thread, with a server. Its other half is pages/index.php.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';

/**
 * @typedef {object} StormPages
 * @property {string} name
 * @property {import('php-session-bridge/mysql').MysqlStoreOptions['connection']} connection
 * @property {string} table
 * @property {number} lockTimeout seconds
 * @property {number} maxHold seconds
 * @property {'row' | 'merge'} lock of PHP; Node's mode is `exclusive` or `merge`
 */

/**
 * Serves the pages as soon as the database is reached: the proxy takes a server without an answer within a second for dead.
 *
 * @param {StormPages} pages
 * @param {number} port
 * @returns {Promise<{ drain: () => Promise<void> }>} `drain` ends it without an error for a visitor: the health check makes
 *   the proxy send no more requests, those under way end, and then the server and the store are closed
 */
export async function serve({ name, connection, table, lockTimeout, maxHold, lock }, port) {
  const store = mysqlStore({ connection, table, lockTimeout, maxHold, maxWaiters: 32 });
  const app = new Koa();
  let draining = false;
  let underWay = 0;

  app.use(async (ctx, next) => {
    ctx.set('X-Served-By', name);
    if (ctx.path !== '/health') return next();
    ctx.status = draining ? 404 : 200;
    ctx.body = '';
  });
  app.use(async (_, next) => {
    underWay++;
    await next().finally(() => underWay--);
  });
  app.use(phpSession({ store, useStrictMode: true, mode: lock === 'merge' ? 'merge' : 'exclusive' }));
  app.use(async (ctx) => {
    const action = ctx.path.slice(1);
    if (action === 'login') {
      const number = Number(ctx.query.incarnation);
      await ctx.phpSession.regenerate();
      ctx.session = { incarnation: number, count: 0, [`login-${number}`]: { name: 'Zoë', share: 0.1 } };
    }
    if (ctx.session.incarnation === undefined) {
      ctx.body = { incarnation: null };
      return;
    }
    if (action === 'count' && ctx.query.key !== undefined) ctx.session[String(ctx.query.key)] = 1;
    else if (action === 'count') ctx.session.count++;
    if (action === 'grow') ctx.session.large = 'x'.repeat(Number(ctx.query.bytes));
    if (action === 'regenerate') await ctx.phpSession.regenerate();
    const { incarnation, count } = ctx.session;
    ctx.body = { incarnation, count, keys: Object.keys(ctx.session) };
    if (action === 'logout') await ctx.phpSession.destroy();
  });
  // The lock was lost, and another request logged out or regenerated. As with PHP, no answer says that anything was stored.
  app.on('session:gone', (ctx) => {
    // With the lock 'merge' this is no error: a request that began before a logout stores nothing, and PHP's page answers 200 too.
    if (lock === 'merge' && ctx.path === '/count') return;
    ctx.status = 503;
    ctx.set('Retry-After', '1');
  });
  subscribe('php-session-bridge:failover', (move) => console.error(new Date().toISOString(), name, 'failover', move));
  // No ids and no data are in these messages.
  app.on('error', (error) =>
    console.error(new Date().toISOString(), name, error.code, error.message, error.cause?.code ?? ''),
  );

  const opened = await store.open('none', { create: false }).catch(() => undefined);
  await opened?.release();
  const server = app.listen(port, '127.0.0.1');
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
