// An application that has been on koa-session, and stays there.
import koaSession from 'koa-session';
import { phpKoaSession } from 'php-session-bridge/koa-session';
import { listenerWith } from './koa.mjs';

export const title = 'Koa, koa-session';

/** @type {import('../server.mjs').CreateListener} */
export function createListener(options, visitPage) {
  return listenerWith((app) => app.use(phpKoaSession(koaSession, options, app)), visitPage);
}
