import { mysqlStore } from 'php-session-bridge/mysql';
import { sessionOpener } from 'php-session-bridge/session';

const store = mysqlStore({ connection: process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app' });
export const openSession = sessionOpener({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });

// adapter-node has answered all requests, after SIGTERM.
process.once('sveltekit:shutdown', () => store.close());
