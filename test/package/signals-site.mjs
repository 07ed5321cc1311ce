// A site whose requests wait for each other, write and are refused.
import { once } from 'node:events';
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';
import { memoryStore } from 'php-session-bridge/memory';

/**
 * One visitor: a session that is new, one that is held for 100 ms, one that waits for it, one that PHP could not read.
 *
 * @param {Koa.Middleware} [outer] in front of the session
 */
export async function visit(outer = (_, next) => next()) {
  const store = memoryStore();
  let holds;
  const held = new Promise((resolve) => {
    holds = resolve;
  });
  const app = new Koa();
  app.silent = true;
  app.use(outer);
  app.use(phpSession({ store }));
  app.use(async (ctx) => {
    if (ctx.path === '/slow') holds();
    if (ctx.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 100));
    ctx.session.count = ctx.path === '/bad' ? () => 1 : (ctx.session.count ?? 0) + 1;
    ctx.body = String(ctx.session.count);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const headers = {};
  const ask = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers });
    for (const cookie of answer.headers.getSetCookie()) headers.cookie = cookie.split(';')[0];
    return answer.status === 200 ? answer.text() : answer.status;
  };
  const answers = [await ask('/')];
  const slow = ask('/slow');
  await held;
  answers.push(...(await Promise.all([slow, ask('/')])), await ask('/bad'));
  server.close();
  server.closeAllConnections();
  await store.close();
  return { answers, id: headers.cookie.split('=')[1] };
}
