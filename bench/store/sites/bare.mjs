import express from 'express';
import Koa from 'koa';
import { BareConnection } from '../driver.mjs';

const COUNT = /count\|i:(\d+)/;

/** The session with its count one higher. @param {Buffer} data */
function counted(data) {
  const text = data.toString('latin1').replace(COUNT, (_, count) => `count|i:${Number(count) + 1}`);
  return Buffer.from(text, 'latin1');
}

/**
 * A framework and mysql2, which send what this package sends and know nothing of sessions: the count is replaced as text. What this
 * package takes of a processor is what it takes more than this.
 *
 * @type {import('../site.mjs').Site}
 */
export async function site({ framework, endpoint, connections, statements, ids }) {
  const idle = await Promise.all(Array.from({ length: connections }, () => BareConnection.open(endpoint, statements)));
  let visitors = 0;

  /** @param {string | undefined} cookies @returns {Promise<{ text: string | undefined, cookie: string | undefined }>} */
  async function count(cookies = '') {
    const known = /PHPSESSID=(\w+)/.exec(cookies)?.[1];
    const id = known ?? ids[visitors++];
    const connection = idle.pop();
    if (connection === undefined) throw new Error('more requests than connections');
    try {
      const stored = await connection.change(id, counted);
      const cookie = known === undefined ? `PHPSESSID=${id}; path=/` : undefined;
      return { text: COUNT.exec(stored.toString('latin1'))?.[1], cookie };
    } finally {
      idle.push(connection);
    }
  }

  if (framework === 'express') {
    const app = express();
    app.get('/', async (req, res) => {
      const { text, cookie } = await count(req.headers.cookie);
      if (cookie !== undefined) res.set('Set-Cookie', cookie);
      res.type('text').send(text);
    });
    return app;
  }
  const app = new Koa();
  app.use(async (ctx) => {
    const { text, cookie } = await count(ctx.headers.cookie);
    if (cookie !== undefined) ctx.set('Set-Cookie', cookie);
    ctx.body = text;
  });
  return app.callback();
}
