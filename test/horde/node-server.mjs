// A Node server of the test: what pages beside Horde do with its session. The environment's PORT and HORDE_NODE say where.
import Koa from 'koa';
import { hordeSession } from 'php-session-bridge/horde';
import { hordeBeside } from 'php-session-bridge/horde/login';
import { loggedIn, phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';
import { horde } from 'php-session-bridge/presets';
import { unread } from '../../tools/horde/mail.mjs';

const { database, table, way, mailbox, ownTable } = JSON.parse(process.env.HORDE_NODE ?? '{}');
const reasons = { browser: 100, address: 101, age: 102 }; // Horde_Auth::REASON_*
const preset = horde();
const connection = { ...database, connectionLimit: 10 };
// Our handler locks the row; Horde's own locks nothing, which is what the preset says.
const lock = way === 'untouched' ? {} : { lock: 'row' };
const store = mysqlStore({ connection, ...preset.store, table, ...lock });
const ownStore = mysqlStore({ connection, table: ownTable, gcMaxlifetime: 72_000 });
const beside = hordeBeside({
  store: ownStore,
  login: preset.login,
  secret: 'the same on all servers of Node, for a test',
});
const mode = way === 'merge' ? { mode: 'merge' } : {};

/** @type {Record<string, (ctx: any, session: import('php-session-bridge/horde').HordeSession) => unknown>} */
const actions = {
  who: (ctx) => ctx.state.user?.id,
  // Only those come here whom Horde lets in; others are sent to its login.
  page: (ctx) => ctx.state.user.name,
  set: (ctx, session) => session.set('nodeapp', ctx.query.name, Number(ctx.query.value)),
  get: (ctx, session) => session.get(ctx.query.app, ctx.query.name ?? ''),
  view: (ctx, session) => session.set('horde', 'view', Number(ctx.query.view)),
  cart(ctx, session) {
    if (ctx.query.add === undefined) return session.get('nodeapp', 'cart');
    const cart = /** @type {string[] | null} */ (session.get('nodeapp', 'cart')) ?? [];
    session.set('nodeapp', 'cart', [...cart, ctx.query.add]);
    return true;
  },
  // Node's own data of the login.
  async keep(ctx) {
    const own = await beside.open(ctx.session, ctx.req);
    if (own === undefined) ctx.throw(401);
    own.data[ctx.query.name] = 1;
    await own.commit();
    return true;
  },
  async kept(ctx) {
    const own = await beside.open(ctx.session, ctx.req, { mode: 'readonly' });
    await own?.commit();
    // Without the first part of a name, as `get()` gives those that begin alike.
    return own && Object.fromEntries(Object.keys(own.data).map((name) => [name.replace('change/', ''), 1]));
  },
  async endOwn(ctx) {
    await beside.logout(ctx.session, ctx.req);
    await ctx.phpSession.destroy();
  },
  unread: () => unread(mailbox),
  logout: (ctx) => ctx.phpSession.destroy(),
};

const app = new Koa();
app.on('error', (error) => console.error(error));
app.use(phpSession({ store, ...preset.session, ...mode }));
app.use(loggedIn({ ...preset.login, trustRow: true }));
const gate = loggedIn({
  ...preset.login,
  trustRow: true,
  required: true,
  loginUrl: (_ctx, refused) => `/horde/login.php${refused === undefined ? '' : `?logout_reason=${reasons[refused]}`}`,
});
app.use((ctx, next) => (ctx.path === '/node/page' ? gate(/** @type {any} */ (ctx), next) : next()));
app.use(async (ctx) => {
  const act = actions[ctx.path.slice('/node/'.length)];
  if (act === undefined) return;
  const result = await act(ctx, hordeSession(/** @type {any} */ (ctx).session));
  ctx.type = 'json';
  ctx.body = JSON.stringify(result ?? null);
});
app.listen(Number(process.env.PORT), '127.0.0.1');
