import { cookies, headers } from 'next/headers';
import { mysqlStore } from 'php-session-bridge/mysql';
import { sessionOpener } from 'php-session-bridge/session';

const connection = process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app';
/** Next.js may load this module more than once. There is one store for the process. */
globalThis.sessionStore ??= mysqlStore({ connection });
const store = globalThis.sessionStore;

/** For route handlers, which have the request. */
export const openSession = sessionOpener({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });

/** For server actions. `commit()` sets the cookie. */
export const actionSession = async () => openSession(await headers(), { cookies: await cookies() });

/** `$_SESSION` for server components: they can set no cookie, and take no lock. */
export async function readSession() {
  const session = await openSession(await headers(), { mode: 'readonly' });
  await session.commit(); // it was used now
  return session.data;
}
