// The Node half of the pages, a process with a server. Its other half is pages/index.php.
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';
import { mysqlStore } from 'php-session-bridge/mysql';

/** @type {{ connection: import('php-session-bridge/mysql').MysqlStoreOptions['connection'], gate: string, tables: string[], port: number }} */
const { connection, gate, tables, port } = JSON.parse(process.env.LOGINS ?? '');

/** @type {Map<string, ReturnType<typeof phpSession>>} by table, and whether the mode is strict */
const sessions = new Map();
for (const table of tables) {
  const store = mysqlStore({ connection, table });
  for (const strict of ['0', '1']) {
    const mode = (/** @type {Koa.Context} */ ctx) => (ctx.query.mode === 'merge' ? 'merge' : 'exclusive');
    sessions.set(`${table} ${strict}`, phpSession({ store, useStrictMode: strict === '1', mode }));
  }
}

const app = new Koa();
app.use((ctx, next) => {
  const session = sessions.get(`${ctx.query.table} ${ctx.query.strict}`);
  if (session === undefined) return next(); // to see whether it serves
  const served = session(ctx, () => page(ctx));
  // By now it stands in the queue for the row.
  if (ctx.query.mode === 'exclusive') tell(ctx);
  return served;
});
// No ids and no data are in these messages.
app.on('error', (error) => console.error(error.code, error.message, error.cause?.code ?? ''));
// Idle connections stay: one that ends just when a browser uses it again would count as a request without an answer.
app.listen(port, '127.0.0.1').keepAliveTimeout = 0;

/** @param {Koa.Context} ctx */
async function page(ctx) {
  const { user, mark } = ctx.query;
  ctx.body = JSON.stringify(ctx.session); // what it found, and not what it makes of it
  await hold(ctx, 'opened');
  switch (ctx.path.slice(1)) {
    case 'store':
      ctx.session.stored = mark;
      tell(ctx);
      break;
    case 'visit':
      ctx.session.guest = mark;
      break;
    case 'logout':
      await asked(ctx, ctx.phpSession.destroy());
      break;
    case 'login':
      ctx.session.user = user;
      ctx.session[`secret of ${user}`] = mark;
      await asked(ctx, ctx.phpSession.regenerate());
      await hold(ctx, 'moved');
      break;
    // What follows is wrong on purpose.
    case 'keep':
      ctx.session.user = user;
      ctx.session[`secret of ${user}`] = mark;
      break;
    case 'forget':
      ctx.session = { user, [`secret of ${user}`]: mark };
      await ctx.phpSession.regenerate();
      break;
    case 'broken':
      ctx.status = 500;
      break;
  }
}

/** @param {Koa.Context} ctx @param {Promise<void>} a call whose lock is under way */
function asked(ctx, call) {
  tell(ctx);
  return call;
}

/** @param {Koa.Context} ctx @param {string} point */
async function hold(ctx, point) {
  if (ctx.query.hold === point) await fetch(`${gate}/hold/${ctx.query.name}`);
}

/** @param {Koa.Context} ctx */
function tell(ctx) {
  if (ctx.query.tell) void fetch(`${gate}/tell/${ctx.query.tell}`);
}
