// A Node server of the farm, in one of several frameworks.
import { createServer } from 'node:http';
import { mysqlStore } from 'php-session-bridge/mysql';
import { visitPage } from './pages.mjs';

/**
 * What a file of frameworks/ exports as `createListener`.
 *
 * @typedef {(
 *   options: { store: import('php-session-bridge/mysql').MysqlStore, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' },
 *   visitPage: (visit: import('./pages.mjs').Visit) => Promise<import('./pages.mjs').Answer>,
 * ) => import('node:http').RequestListener | Promise<import('node:http').RequestListener>} CreateListener
 */

const { name, framework, port, database, table, lockTimeout, maxHold } = JSON.parse(process.env.FARM ?? '');
const { title, createListener } = await import(`./frameworks/${framework}.mjs`);
const store = mysqlStore({ connection: database, table, lockTimeout, maxHold });
// As in the php.ini of the PHP servers.
const options = /** @type {const} */ ({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });
const server = { name, language: `Node ${process.versions.node}, ${title}` };
const listener = await createListener(options, (/** @type {import('./pages.mjs').Visit} */ visit) =>
  visitPage(visit, server),
);

const listening = createServer((req, res) => {
  res.setHeader('X-Served-By', name);
  if (req.url === '/health') res.end('ok');
  else listener(req, res);
}).listen(port, '127.0.0.1');

process.once('SIGTERM', () => {
  listening.close();
  void store.close().then(() => process.exit());
});
