import fastify from 'fastify';
import { phpSession } from 'php-session-bridge/fastify';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const app = fastify({ logger: { level: 'warn' }, keepAliveTimeout: 5_000 }); // SIGTERM waits for it; 72 seconds else

await app.register(phpSession, { store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });

app.post('/login', async (request) => {
  // Check the password here.
  await request.phpSession.regenerate();
  request.session.user = { name: 'Ann' };
  return 'Welcome';
});
app.post('/logout', async (request) => {
  await request.phpSession.destroy();
  return 'Goodbye';
});
app.get('/', async (request) => {
  request.session.count = (request.session.count ?? 0) + 1;
  return `Visit ${request.session.count} of ${request.session.user?.name ?? 'somebody'}`;
});

await app.listen({ port: Number(PORT) });
process.once('SIGTERM', async () => {
  await app.close(); // no new requests; those that run go on
  await store.close();
});
