import { once } from 'node:events';
import Koa from 'koa';

/**
 * @typedef {object} Sides of one application
 * @property {(action: string, query?: Record<string, string>) => Promise<unknown>} php what the PHP page answers
 * @property {(action: string, query?: Record<string, string>) => Promise<unknown>} node
 * @property {Browser} browser
 */

/** @typedef {{ id: string | undefined, others?: Map<string, string> }} Browser its session's cookie, and the others that it has */

/** @typedef {true | string} Outcome `true`, or what was wrong */

/** The increments of each side, and how many of a side run at the same time. */
export const each = 32;
const atOnce = 4;

/** What each application must do, with our handler on PHP's side and the package on Node's. In this order, in one browser. */
export const steps = /** @type {Record<string, (sides: Sides) => Promise<void>>} */ ({
  login: async ({ php }) => {
    await php('set', { key: 'cart', value: 'book' });
    await php('login');
    same(await php('get', { key: 'user' }), 'alice');
    same(await php('get', { key: 'cart' }), 'book');
  },
  who: async ({ node }) => same(await node('get', { key: 'user' }), 'alice'),
  change: async ({ php, node }) => {
    await node('set', { key: 'colour', value: 'grün' });
    same(await php('get', { key: 'colour' }), 'grün');
    same(await php('get', { key: 'user' }), 'alice');
  },
  flash: async ({ php, node }) => {
    await php('flash');
    await node('set', { key: 'colour', value: 'red' });
    same(await php('flashed'), 'saved');
    await php('get', { key: 'user' });
    same(await php('flashed'), null);
  },
  token: async ({ php, node }) => {
    const token = String(await php('token'));
    await node('set', { key: 'colour', value: 'blue' });
    same(await node('get', { key: 'token' }), token);
    same(await php('check', { token }), true);
    same(await php('check', { token: 'forged' }), false);
  },
  'regenerate PHP': (sides) => newId(sides, sides.php),
  'regenerate Node': (sides) => newId(sides, sides.node),
  parallel: async ({ php, node }) => {
    same(await incrementAtOnce({ php, node }), 2 * each);
  },
  'logout PHP': (sides) => logout(sides, sides.php),
  'logout Node': async (sides) => {
    await sides.php('login');
    await logout(sides, sides.node);
  },
});

/** @param {Pick<Sides, 'php' | 'node'>} sides @returns {Promise<number>} what is left of 2 * each increments */
export async function incrementAtOnce({ php, node }) {
  await php('set', { key: 'n', value: '0' });
  const worker = async (/** @type {Sides['php']} */ side) => {
    for (let i = 0; i < each / atOnce; i++) await side('increment');
  };
  await Promise.all([php, node].flatMap((side) => Array.from({ length: atOnce }, () => worker(side))));
  return Number(await php('get', { key: 'n' }));
}

/**
 * A new id at one side: both sides find the session under it, and nobody under the old one.
 *
 * @param {Sides} sides @param {Sides['php']} side
 */
async function newId({ php, node, browser }, side) {
  const old = browser.id;
  await side('regenerate');
  const now = browser.id;
  if (now === old) throw new Error('the id is the same');
  for (const ask of [php, node]) same(await ask('get', { key: 'user' }), 'alice');
  const others = browser.others;
  Object.assign(browser, { id: old, others: new Map() }); // As a thief who has the id alone.
  for (const ask of [node, php]) same(await ask('get', { key: 'user' }), null);
  Object.assign(browser, { id: now, others });
}

/** @param {Sides} sides @param {Sides['php']} side */
async function logout({ php, node, browser }, side) {
  same(await side('get', { key: 'user' }), 'alice');
  const old = browser.id;
  await side('logout');
  browser.id = old;
  for (const ask of [node, php]) same(await ask('get', { key: 'user' }), null);
}

/** @param {unknown} is @param {unknown} shall */
export function same(is, shall) {
  if (is !== shall) throw new Error(`${JSON.stringify(shall)} expected, ${JSON.stringify(is)} found`);
}

/**
 * @param {object} application
 * @param {string} application.url of the PHP page
 * @param {string} application.name of the cookie
 * @param {string[]} [application.bag] where its own values are in the session
 * @param {import('koa').Middleware} application.session
 * @param {typeof steps} [application.steps]
 * @param {Record<string, View>} [application.views] as of `nodeSite()`
 * @returns {Promise<Record<string, Outcome>>} by the names of the steps
 */
export async function checkSteps({ url, name, bag = [], session, steps: all = steps, views }) {
  const server = nodeSite(session, bag, views).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  /** @type {Browser} */
  const browser = { id: undefined, others: new Map() };
  const side =
    (/** @type {string} */ base) =>
    (/** @type {string} */ action, /** @type {Record<string, string>} */ query = {}) =>
      ask(`${base}?${new URLSearchParams({ do: action, ...query })}`, name, browser);
  const sides = { php: side(url), node: side(`http://127.0.0.1:${port}/`), browser };
  /** @type {Record<string, Outcome>} */
  const outcomes = {};
  try {
    for (const [title, step] of Object.entries(all)) {
      outcomes[title] = await step(sides).then(
        () => true,
        (error) => String(error.message),
      );
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return outcomes;
}

/** @param {string} url @param {string} name @param {Browser} browser */
export async function ask(url, name, browser) {
  const cookies = [...(browser.id === undefined ? [] : [[name, browser.id]]), ...(browser.others ?? [])];
  const headers = cookies.length === 0 ? {} : { cookie: cookies.map((pair) => pair.join('=')).join('; ') };
  const response = await fetch(url, { redirect: 'manual', headers });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: ${body.slice(0, 500)}`);
  for (const cookie of response.headers.getSetCookie()) {
    const [pair = '', ...attributes] = cookie.split('; ');
    const [own = '', value = ''] = pair.split(/=(.*)/);
    const isDeleted = value === '' || value === 'deleted' || attributes.includes('Max-Age=0');
    if (own === name) browser.id = isDeleted ? undefined : value;
    else if (isDeleted) browser.others?.delete(own);
    else browser.others?.set(own, value);
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`no JSON: ${body.slice(0, 500)}`);
  }
}

/**
 * The same actions as in pages/page.php.
 *
 * @param {import('koa').Middleware} session
 * @param {string[]} bag
 * @param {Record<string, View>} [views] other actions, which look at the session
 *
 * @typedef {(session: any, ctx: any) => unknown} View
 */
export function nodeSite(session, bag, views = {}) {
  const app = new Koa();
  app.silent = true;
  app.use(session);
  app.use(async (/** @type {any} */ ctx) => {
    const { do: action, key, value } = ctx.query;
    let values = ctx.session;
    for (const part of bag) {
      if (action === 'set' || action === 'increment') values[part] ??= {};
      values = values[part] ?? {};
    }
    let result = null;
    if (action === 'get') result = values[key] ?? null;
    else if (action === 'set') values[key] = value;
    else if (action === 'increment') {
      const n = Number(values.n ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 2));
      result = values.n = n + 1;
    } else if (views[action] !== undefined) result = views[action](ctx.session, ctx) ?? null;
    else if (action === 'regenerate') await ctx.phpSession.regenerate();
    else if (action === 'logout') await ctx.phpSession.destroy();
    else ctx.throw(400);
    ctx.body = JSON.stringify(result);
  });
  return app;
}
