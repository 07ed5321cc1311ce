import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { phpSession } from 'php-session-bridge/hono';

export const title = 'Hono';

/** @type {import('../server.mjs').CreateListener} */
export function createListener(options, visitPage) {
  /** @type {Hono<{ Variables: import('php-session-bridge/hono').PhpSessionVariables<any> & { form: Record<string, any> } }>} */
  const app = new Hono();
  // The body is there before the session is opened, as in PHP.
  app.use(async (c, next) => {
    c.set('form', c.req.method === 'POST' ? await c.req.parseBody() : {});
    await next();
  });
  app.use(phpSession(options));
  app.all('*', async (c) => {
    const { status, headers, body } = await visitPage({
      method: c.req.method,
      url: new URL(c.req.url),
      accept: c.req.header('Accept') ?? '',
      form: c.var.form,
      session: () => c.var.session,
      phpSession: c.var.phpSession,
    });
    return c.body(/** @type {any} */ (body), /** @type {any} */ (status), headers);
  });
  return getRequestListener(app.fetch);
}
