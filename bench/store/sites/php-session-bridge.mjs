import Koa from 'koa';
import { phpSession } from '../../../dist/esm/middleware/koa.js';
import { mysqlStore } from '../../../dist/esm/stores/mysql/index.js';

/** This package. @type {import('../site.mjs').Site} */
export function site({ endpoint, table, connections, mode, count }) {
  const app = new Koa();
  const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
  app.use(phpSession({ store, mode, useStrictMode: true }));
  app.use((ctx) => {
    ctx.body = count(ctx.session);
  });
  return app.callback();
}
