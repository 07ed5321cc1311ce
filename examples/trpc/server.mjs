import { initTRPC, TRPCError } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { mysqlStore } from 'php-session-bridge/mysql';
import { sessionOpener } from 'php-session-bridge/session';

const store = mysqlStore({ connection: process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app' });
const openSession = sessionOpener({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });
// What went wrong inside is for the log.
const errorFormatter = ({ shape, error: { cause } }) => (cause ? { ...shape, message: 'Please try again' } : shape);
const t = initTRPC.context().create({ errorFormatter });

/** A mutation has the lock while it runs. A query reads without it. */
const procedure = t.procedure.use(async ({ ctx: { req, res }, type, getRawInput, next }) => {
  if (req.headers['trpc-accept']) throw new TRPCError({ code: 'BAD_REQUEST', message: 'no httpBatchStreamLink' });
  await getRawInput(); // before the session: no slow client holds the lock
  const session = await openSession(req, { mode: type === 'mutation' ? 'exclusive' : 'readonly' });
  try {
    const result = await next({ ctx: { session, data: session.data } });
    if (result.ok) res.setHeaders(await session.commit());
    return result;
  } finally {
    await session.discard(); // what was not committed
  }
});
const router = t.router({
  page: procedure.query(({ ctx: { data } }) => `Visit ${data.count ?? 0} of ${data.user?.name ?? 'somebody'}`),
  count: procedure.mutation(({ ctx: { data } }) => (data.count = (data.count ?? 0) + 1)),
  login: procedure.input(String).mutation(async ({ ctx: { session, data }, input }) => {
    await session.regenerate(); // a new id, when you have checked the password: the old one is worth nothing now
    data.user = { name: input };
  }),
  logout: procedure.mutation(({ ctx: { session } }) => session.destroy()),
});

const responseMeta = ({ errors: [{ cause } = {}] }) =>
  cause?.status ? { status: cause.status, headers: cause.headers } : {};
const onError = ({ error }) => console.error(error.cause ?? error.message);
const server = createHTTPServer({ router, createContext: (options) => options, responseMeta, onError });
server.listen(Number(process.env.PORT ?? 3000));
process.once('SIGTERM', () => server.close(() => store.close()));
