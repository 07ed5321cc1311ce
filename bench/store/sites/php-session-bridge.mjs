import { text } from 'node:stream/consumers';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { importEntry, ownBuild } from '../../builds.mjs';

/** This package, in one of its frameworks. @type {import('../site.mjs').Site} */
export async function site({
  build = ownBuild,
  framework = 'koa',
  endpoint,
  table,
  connections,
  mode,
  useStrictMode = true,
  count,
}) {
  const { phpSession } = await importEntry(build, framework);
  const { mysqlStore } = await importEntry(build, 'mysql');
  const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
  return pages[framework](phpSession, { store, mode, useStrictMode }, count);
}

/** @type {Record<'koa' | 'express' | 'fastify', (phpSession: any, options: object, count: (session: any) => string) => any>} */
const pages = {
  koa(phpSession, options, count) {
    const app = new Koa();
    app.use(phpSession(options));
    app.use(async (ctx) => {
      if (ctx.method === 'POST') await text(ctx.req); // of the slow clients
      ctx.body = count(ctx.session);
    });
    return app.callback();
  },

  express(phpSession, options, count) {
    const app = express();
    app.use(phpSession(options));
    app.get('/', (request, response) => {
      response.type('text').send(count(/** @type {any} */ (request).session));
    });
    return app;
  },

  async fastify(phpSession, options, count) {
    const app = fastify();
    await app.register(phpSession, options);
    app.get('/', (request, reply) => {
      reply.type('text/plain').send(count(/** @type {any} */ (request).session));
    });
    await app.ready();
    return app.routing;
  },
};
