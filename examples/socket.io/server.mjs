// A chat for those who have logged in, here or in PHP. A logout anywhere closes their sockets.
import { createServer } from 'node:http';
import { mysqlStore } from 'php-session-bridge/mysql';
import { sessionOpener } from 'php-session-bridge/session';
import { Server } from 'socket.io';

const { DATABASE = 'mysql://user:password@127.0.0.1/app', PORT = '3000', RECHECK = '5000' } = process.env;
/** Your pages. Any other page could open a socket with your visitor's cookie. */
const origins = (process.env.ORIGINS ?? `http://127.0.0.1:${PORT}`).split(',');

const store = mysqlStore({ connection: DATABASE });
const openSession = sessionOpener({ store, useStrictMode: true });

/** Who is logged in now. It takes no lock, and an open socket does not keep the session alive: requests of its page do. */
async function userOf(socket) {
  const session = await openSession(socket.request, { mode: 'readonly' });
  await session.discard();
  return session.data.user?.name;
}

const server = createServer();
const io = new Server(server, {
  allowRequest: (req, answer) => answer(null, origins.includes(req.headers.origin)),
});

io.use(async (socket, next) => {
  try {
    socket.data.user = await userOf(socket);
    next(socket.data.user === undefined ? new Error('not logged in') : undefined);
  } catch (error) {
    console.error(error);
    next(new Error('try again'));
  }
});

io.on('connection', (socket) => {
  socket.on('say', async (text, done) => {
    try {
      // A short write: the lock is held for these lines, and not for the life of the socket.
      const session = await openSession(socket.request);
      if (session.data.user?.name !== socket.data.user) {
        await session.discard();
        return socket.disconnect(true);
      }
      session.data.said = (session.data.said ?? 0) + 1;
      await session.commit();
      io.emit('said', `${socket.data.user}: ${text}`);
      done({ said: session.data.said });
    } catch (error) {
      console.error(error);
      done({ error: 'try again' });
    }
  });
});

/** Closes the sockets of those who have logged out since, or logged in as somebody else. One read at a time. */
async function recheck() {
  for (const socket of io.sockets.sockets.values()) {
    try {
      if ((await userOf(socket)) !== socket.data.user) socket.disconnect(true);
    } catch (error) {
      console.error(error); // the database is away: the next round tells
    }
  }
  setTimeout(recheck, Number(RECHECK)).unref();
}
setTimeout(recheck, Number(RECHECK)).unref();

process.once('SIGTERM', async () => {
  await io.close(); // no more connections, and the sockets that there are go
  await store.close(); // after the writes that are under way
});

server.listen(Number(PORT), '127.0.0.1');
