import { H3, serve } from 'h3';
import { phpSession, usePhpSession } from 'php-session-bridge/h3';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const app = new H3();

app.use(phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' }));

app.post('/login', async (event) => {
  // Check the password here.
  const session = await usePhpSession(event);
  await session.regenerate();
  await session.update({ user: { name: 'Ann' } });
  return 'Welcome';
});
app.post('/logout', async (event) => {
  const session = await usePhpSession(event);
  await session.clear();
  return 'Goodbye';
});
app.get('/', async (event) => {
  const { data } = await usePhpSession(event);
  data.count = (data.count ?? 0) + 1;
  return `Visit ${data.count} of ${data.user?.name ?? 'somebody'}`;
});

const server = serve(app, { port: Number(PORT), silent: true, gracefulShutdown: false });
process.once('SIGTERM', async () => {
  await server.close(); // no new requests; those that run go on
  await store.close();
});
