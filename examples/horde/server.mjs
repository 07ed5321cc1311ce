import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { hordeSession } from 'php-session-bridge/horde';
import { loggedIn, phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';
import { horde } from 'php-session-bridge/presets';
import { page } from './page.mjs';

const { DATABASE = 'mysql://user:password@127.0.0.1/horde', PORT = '3000' } = process.env;
const reasons = { browser: 100, address: 101, age: 102 }; // Horde_Auth::REASON_*
const preset = horde();
// Our PHP handler is inside of Horde, with the lock 'merge'. Beside an untouched Horde leave out `lock` and `mode`.
const store = mysqlStore({ connection: DATABASE, ...preset.store, lock: 'row' });

const app = new Koa();
app.on('error', (error) => console.error(error));
app.use(phpSession({ store, ...preset.session, mode: 'merge' }));
app.use(
  loggedIn({
    ...preset.login,
    trustRow: true, // as Horde does
    required: true,
    loginUrl: (_ctx, refused) => `/horde/login.php${refused ? `?logout_reason=${reasons[refused]}` : ''}`,
  }),
);
app.use(async (ctx) => {
  const session = hordeSession(ctx.session);
  if (ctx.method === 'POST') {
    const form = new URLSearchParams(await text(ctx.req));
    if (!session.checkToken(form.get('token') ?? '')) ctx.throw(403);
    const cart = session.get('nodeapp', 'cart') ?? [];
    if (form.has('add')) session.set('nodeapp', 'cart', [...cart, form.get('add')]);
    if (form.has('empty')) session.remove('nodeapp', 'cart');
    ctx.redirect('/node/');
  } else {
    ctx.set('cache-control', 'no-store');
    ctx.type = 'html';
    ctx.body = page({
      user: ctx.state.user.name,
      cart: session.get('nodeapp', 'cart') ?? [],
      token: session.token(),
    });
  }
});

const server = app.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => server.close(() => store.close()));
