import Koa from 'koa';
import { BareConnection } from '../driver.mjs';

const COUNT = /count\|i:(\d+)/;

/** The session with its count one higher. @param {Buffer} data */
function counted(data) {
  const text = data.toString('latin1').replace(COUNT, (_, count) => `count|i:${Number(count) + 1}`);
  return Buffer.from(text, 'latin1');
}

/**
 * Koa and mysql2, which send what this package sends and know nothing of sessions: the count is replaced as text. What this
 * package takes of a processor is what it takes more than this.
 *
 * @type {import('../site.mjs').Site}
 */
export async function site({ endpoint, connections, statements, ids }) {
  const idle = await Promise.all(Array.from({ length: connections }, () => BareConnection.open(endpoint, statements)));
  let visitors = 0;
  const app = new Koa();
  app.use(async (ctx) => {
    const cookie = /PHPSESSID=(\w+)/.exec(ctx.get('Cookie'))?.[1];
    const id = cookie ?? ids[visitors++];
    if (cookie === undefined) ctx.set('Set-Cookie', `PHPSESSID=${id}; path=/`);
    const connection = idle.pop();
    if (connection === undefined) return ctx.throw(503);
    try {
      const stored = await connection.change(id, counted);
      ctx.body = COUNT.exec(stored.toString('latin1'))?.[1];
    } finally {
      idle.push(connection);
    }
  });
  return app.callback();
}
