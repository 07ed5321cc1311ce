import express from 'express';
import { phpSession } from 'php-session-bridge/express';

export const title = 'Express';

/** @type {import('../server.mjs').CreateListener} */
export function createListener(options, visitPage) {
  const app = express();
  // The body is there before the session is opened, as in PHP.
  app.use(express.urlencoded({ extended: false }));
  app.use(phpSession(options));
  app.use(async (/** @type {any} */ req, res) => {
    const { status, headers, body } = await visitPage({
      method: req.method,
      url: new URL(req.originalUrl, 'http://farm'),
      accept: req.get('Accept') ?? '',
      form: req.body ?? {},
      session: () => req.session,
      phpSession: req.phpSession,
    });
    res.status(status).set(headers).send(body);
  });
  return app;
}
