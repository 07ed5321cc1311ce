import { once } from 'node:events';
import express from 'express';
import { phpSession } from 'php-session-bridge/express';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const app = express();

app.use(phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' }));

app.post('/login', async (req, res) => {
  // Check the password here.
  await req.phpSession.regenerate();
  req.session.user = { name: 'Ann' };
  res.send('Welcome');
});
app.post('/logout', async (req, res) => {
  await req.phpSession.destroy();
  res.send('Goodbye');
});
app.get('/', (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  res.send(`Visit ${req.session.count} of ${req.session.user?.name ?? 'somebody'}`);
});

const server = app.listen(Number(PORT));
process.once('SIGTERM', async () => {
  server.close(); // no new requests; those that run go on
  await once(server, 'close');
  await store.close();
});
