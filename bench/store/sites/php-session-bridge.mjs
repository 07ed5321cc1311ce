import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { importEntry, ownBuild } from '../../builds.mjs';

/** This package. @type {import('../site.mjs').Site} */
export async function site({ build = ownBuild, endpoint, table, connections, mode, useStrictMode = true, count }) {
  const { phpSession } = await importEntry(build, 'koa');
  const { mysqlStore } = await importEntry(build, 'mysql');
  const app = new Koa();
  const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
  app.use(phpSession({ store, mode, useStrictMode }));
  app.use(async (ctx) => {
    if (ctx.method === 'POST') await text(ctx.req); // of the slow clients
    ctx.body = count(ctx.session);
  });
  return app.callback();
}
