import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { phpSession } from 'php-session-bridge/hono';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const app = new Hono();

app.use(phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' }));

app.post('/login', async (c) => {
  // Check the password here.
  await c.var.phpSession.regenerate();
  c.var.session.user = { name: 'Ann' };
  return c.text('Welcome');
});
app.post('/logout', async (c) => {
  await c.var.phpSession.destroy();
  return c.text('Goodbye');
});
app.get('/', (c) => {
  const { session } = c.var;
  session.count = (session.count ?? 0) + 1;
  return c.text(`Visit ${session.count} of ${session.user?.name ?? 'somebody'}`);
});

const server = serve({ fetch: app.fetch, port: Number(PORT) });
process.once('SIGTERM', async () => {
  server.close(); // no new requests; those that run go on
  await once(server, 'close');
  await store.close();
});
