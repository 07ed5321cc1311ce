import Koa from 'koa';
import session from 'koa-session';
import { createPool } from 'mysql2';

/**
 * koa-session with the SQL store that one writes for it: JSON in a table, nothing locked, one prepared statement to read and
 * one to write.
 *
 * @type {import('../site.mjs').Site}
 */
export function site({ endpoint, table, connections, count }) {
  const pool = createPool({ ...endpoint, connectionLimit: connections }).promise();
  const store = {
    async get(/** @type {string} */ id) {
      const [[row]] = /** @type {any} */ (
        await pool.execute(`SELECT data FROM ${table} WHERE session_id = ? AND expires >= UNIX_TIMESTAMP()`, [id])
      );
      return row && JSON.parse(row.data);
    },
    async set(/** @type {string} */ id, /** @type {object} */ content) {
      await pool.execute(
        `INSERT INTO ${table} (session_id, expires, data) VALUES (?, UNIX_TIMESTAMP() + 1440, ?)
         ON DUPLICATE KEY UPDATE expires = VALUES(expires), data = VALUES(data)`,
        [id, JSON.stringify(content)],
      );
    },
    async destroy(/** @type {string} */ id) {
      await pool.execute(`DELETE FROM ${table} WHERE session_id = ?`, [id]);
    },
  };
  const app = new Koa();
  app.use(session({ store, signed: false }, app));
  app.use((ctx) => {
    ctx.body = count(/** @type {any} */ (ctx).session);
  });
  return app.callback();
}
