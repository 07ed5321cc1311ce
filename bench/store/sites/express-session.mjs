import express from 'express';
import mysqlSession from 'express-mysql-session';
import session from 'express-session';
import { createPool } from 'mysql2/promise';

/** express-session with express-mysql-session, as their documentation has it. @type {import('../site.mjs').Site} */
export function site({ endpoint, table, connections, count }) {
  const MySQLStore = mysqlSession(session);
  // The pool is ours so that all sites use one version of mysql2; its table is there, on the engine that is measured.
  const pool = createPool({ ...endpoint, connectionLimit: connections });
  const options = { createDatabaseTable: false, clearExpired: false, schema: { tableName: table } };
  const store = new MySQLStore(/** @type {any} */ (options), /** @type {any} */ (pool));
  const app = express();
  app.use(session({ store, secret: 'bench', resave: false, saveUninitialized: false }));
  app.get('/', (request, response) => {
    response.type('text').send(count(request.session));
  });
  return app;
}
