import { mysqlStore } from 'php-session-bridge/mysql';
import { sessionOpener } from 'php-session-bridge/session';

const store = mysqlStore({ connection: process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app' });
export const openSession = sessionOpener({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });

// After SIGTERM react-router-serve takes no more requests. It does not say when it has answered those that there are.
process.once('SIGTERM', () => setTimeout(() => store.close(), 5_000));
