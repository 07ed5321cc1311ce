import { createServer } from 'node:http';
import { mysqlStore } from 'php-session-bridge/mysql';
import { PhpSessionError, sessionOpener } from 'php-session-bridge/session';

const store = mysqlStore({ connection: process.env.DATABASE });
const openSession = sessionOpener({ store, useStrictMode: true });

const server = createServer(async (req, res) => {
  try {
    const session = await openSession(req);
    session.data.count = (session.data.count ?? 0) + 1;
    res.setHeaders(await session.commit());
    res.end(String(session.data.count));
  } catch (error) {
    res.writeHead(error instanceof PhpSessionError ? error.status : 500).end(String(error));
  }
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => server.close(() => store.close()));
