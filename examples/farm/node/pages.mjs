// The pages of the Node servers, whatever the framework. php/index.php has the same ones.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} Visit
 * @property {string} method
 * @property {URL} url
 * @property {string} accept
 * @property {Record<string, any>} form
 * @property {() => Record<string, any>} session PHP's `$_SESSION`
 * @property {import('php-session-bridge/session').PhpSessionControl} phpSession
 *
 * @typedef {{ status: number, headers: Record<string, string>, body: string | Buffer }} Answer
 */

const page = readFileSync(new URL('../page.html', import.meta.url), 'utf8');
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** @type {Record<string, (visit: Visit) => unknown>} */
const routes = {
  'GET /': () => {},
  'GET /count': ({ session }) => count(session()),
  'GET /count.gif': ({ session }) => count(session()),
  'GET /slow': async ({ session, url }) => {
    count(session());
    await sleep(Math.min(60_000, Math.max(0, Number(url.searchParams.get('ms') ?? 1_000))));
  },
  'POST /login': async ({ session, phpSession, form }) => {
    await phpSession.regenerate();
    session().user = form.user ?? '';
  },
  'POST /logout': ({ phpSession }) => phpSession.destroy(),
};

/**
 * @param {Visit} visit
 * @param {{ name: string, language: string }} server
 * @returns {Promise<Answer>}
 */
export async function visitPage(visit, { name, language }) {
  const { method, url, accept } = visit;
  const route = routes[`${method} ${url.pathname}`];
  if (!route) return answer(404, 'text/plain', 'Not Found');
  await route(visit);
  const { count = 0, user = null } = visit.session();
  const shown = { count, user, server: name, language };
  if (url.pathname === '/count.gif') return answer(200, 'image/gif', pixel);
  if (url.searchParams.has('json') || accept.includes('application/json')) {
    return answer(200, 'application/json; charset=utf-8', JSON.stringify(shown));
  }
  if (method === 'POST') return answer(303, 'text/plain', 'See /', { Location: '/' });
  return answer(200, 'text/html; charset=utf-8', fill({ ...shown, state: user === null ? 'visitor' : 'member' }));
}

/** @param {number} status @param {string} type @param {Answer['body']} body @param {Record<string, string>} [headers] */
function answer(status, type, body, headers) {
  return { status, headers: { 'Content-Type': type, ...headers }, body };
}

/** @param {Record<string, any>} session */
function count(session) {
  session.count = (session.count ?? 0) + 1;
}

/** @param {Record<string, unknown>} values */
function fill(values) {
  return page.replace(/\{\{(\w+)\}\}/g, (_, name) => escapeHtml(String(values[name] ?? '')));
}

/** @param {string} value */
function escapeHtml(value) {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
