import { once } from 'node:events';
import { createServer } from 'node:http';
import { phpSession } from 'php-session-bridge/http';
import { mysqlStore } from 'php-session-bridge/mysql';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000' } = process.env;
const store = mysqlStore({ connection: DATABASE });
const options = /** @type {const} */ ({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });

/** @param {{ session: any, phpSession: import('php-session-bridge/http').PhpSessionControl }} req */
const pages = {
  'POST /login': async (req) => {
    // Check the password here.
    await req.phpSession.regenerate();
    req.session.user = { name: 'Ann' };
    return 'Welcome';
  },
  'POST /logout': async (req) => {
    await req.phpSession.destroy();
    return 'Goodbye';
  },
  'GET /': (req) => {
    req.session.count = (req.session.count ?? 0) + 1;
    return `Visit ${req.session.count} of ${req.session.user?.name ?? 'somebody'}`;
  },
};

const listener = phpSession(options, async (req, res) => {
  const page = pages[`${req.method} ${req.url}`];
  if (page === undefined) res.writeHead(404).end('Not found');
  else res.end(await page(req));
});

const server = createServer(listener).listen(Number(PORT));
process.once('SIGTERM', async () => {
  server.close(); // no new requests; those that run go on
  await once(server, 'close');
  await store.close();
});
