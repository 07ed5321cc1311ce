import { once } from 'node:events';
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const app = new Koa();
app.on('error', (error) => console.error(error));

app.use(phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' }));
app.use(async (ctx) => {
  const { session } = ctx;
  if (ctx.method === 'POST' && ctx.path === '/login') {
    // Check the password here.
    await ctx.phpSession.regenerate();
    session.user = { name: 'Ann' };
    ctx.body = 'Welcome';
  } else if (ctx.method === 'POST' && ctx.path === '/logout') {
    await ctx.phpSession.destroy();
    ctx.body = 'Goodbye';
  } else if (ctx.path === '/') {
    session.count = (session.count ?? 0) + 1;
    ctx.body = `Visit ${session.count} of ${session.user?.name ?? 'somebody'}`;
  }
});

const server = app.listen(Number(PORT));
process.once('SIGTERM', async () => {
  server.close(); // no new requests; those that run go on
  await once(server, 'close');
  await store.close();
});
