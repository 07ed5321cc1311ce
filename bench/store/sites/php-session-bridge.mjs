import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { phpSession } from '../../../dist/koa.js';
import { mysqlStore } from '../../../dist/mysql.js';

/** This package. @type {import('../site.mjs').Site} */
export function site({ endpoint, table, connections, mode, useStrictMode = true, count }) {
  const app = new Koa();
  const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
  app.use(phpSession({ store, mode, useStrictMode }));
  app.use(async (ctx) => {
    if (ctx.method === 'POST') await text(ctx.req); // of the slow clients
    ctx.body = count(ctx.session);
  });
  return app.callback();
}
