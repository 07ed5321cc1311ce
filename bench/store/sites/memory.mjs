import Koa from 'koa';

/**
 * Counts in memory, without a database: what Koa, the visitors and the machine take by themselves.
 *
 * @type {import('../site.mjs').Site}
 */
export function site({ count }) {
  const sessions = new Map();
  const app = new Koa();
  app.use((ctx) => {
    let cookie = ctx.get('Cookie');
    if (cookie === '') {
      cookie = `visitor=${sessions.size}`;
      ctx.set('Set-Cookie', `${cookie}; path=/`);
      sessions.set(cookie, {});
    }
    ctx.body = count(sessions.get(cookie));
  });
  return app.callback();
}
