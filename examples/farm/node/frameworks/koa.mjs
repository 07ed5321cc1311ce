import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { phpSession } from 'php-session-bridge/koa';

export const title = 'Koa';

/** @type {import('../server.mjs').CreateListener} */
export function createListener(options, visitPage) {
  return listenerWith((app) => app.use(phpSession(options)), visitPage);
}

/**
 * @param {(app: Koa) => void} useSession
 * @param {Parameters<import('../server.mjs').CreateListener>[1]} visitPage
 */
export function listenerWith(useSession, visitPage) {
  const app = new Koa();
  // The body is there before the session is opened, as in PHP.
  app.use(async (ctx, next) => {
    if (ctx.is('urlencoded')) ctx.state.form = Object.fromEntries(new URLSearchParams(await text(ctx.req)));
    await next();
  });
  useSession(app);
  app.use(async (/** @type {any} */ ctx) => {
    const { status, headers, body } = await visitPage({
      method: ctx.method,
      url: ctx.URL,
      accept: ctx.get('Accept'),
      form: ctx.state.form ?? {},
      session: () => ctx.session,
      phpSession: ctx.phpSession,
    });
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  });
  return app.callback();
}
