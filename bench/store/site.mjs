// One web server with a counter page, in a process of its own; the environment variable SITE says which.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * @typedef {object} SiteOptions
 * @property {string} kind a file of sites/
 * @property {number} port
 * @property {import('./databases.mjs').Endpoint} endpoint
 * @property {string} table
 * @property {string} [build] folder of the build of this package; default: dist/
 * @property {'koa' | 'express' | 'fastify'} [framework] of this package's site; default: koa
 * @property {number} connections to the database
 * @property {'exclusive' | 'merge'} [mode]
 * @property {boolean} [useStrictMode] default true
 * @property {import('./driver.mjs').Statements} [statements] for the bare one
 * @property {string[]} [ids] of its visitors, for the bare one
 *
 * @typedef {(options: SiteOptions & { count: (session: any) => string }) => import('node:http').RequestListener | Promise<import('node:http').RequestListener>} Site
 */

const options = JSON.parse(/** @type {string} */ (process.env.SITE));
const content = JSON.parse(readFileSync(new URL('content.json', import.meta.url), 'utf8'));
const { site } = await import(`./sites/${options.kind}.mjs`);

const server = createServer(await site({ ...options, count }));
server.keepAliveTimeout = 0; // Between two turns a visitor is silent for longer than the usual 5 seconds.
server.listen(options.port, '127.0.0.1');

/** What the page does: a visitor's first request fills the session, each one counts. @param {any} session */
function count(session) {
  if (session.count === undefined) Object.assign(session, { count: 0 }, structuredClone(content));
  session.count++;
  return String(session.count);
}
