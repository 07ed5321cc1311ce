import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseView } from './database-view.mjs';
import { refusal } from './guard.mjs';
import { Trouble } from './trouble.mjs';

/** Milliseconds between two looks. */
const INTERVAL = 200;
/** Milliseconds after which a page hears from us even if nothing happened. */
const HEARTBEAT = 1_000;
/** Milliseconds for a visitor without a session. Then the browser connects again, with the cookie that it may have then. */
const PATIENCE = 500;
const MOST_STREAMS = 32;

/**
 * Serves the farm's page. `GET /farm/events` sends the holder of a session cookie, as Server-Sent Events, the state of the
 * session's row, its lock and the servers. `POST /farm/kill?server=NAME` and `POST /farm/stop-database` cause faults. The
 * farm's applications do not know the observer.
 *
 * @param {object} options
 * @param {number} options.port on loopback
 * @param {import('mysql2').ConnectionOptions} options.connection of an account that may only watch
 * @param {string} options.table
 * @param {import('../farm.mjs').Farm['servers']} options.servers
 * @param {{ kill: (signal: NodeJS.Signals) => void }} options.database
 * @returns {Promise<{ stop: () => Promise<void> }>}
 */
export async function startObserver({ port, connection, table, servers, database }) {
  const view = new DatabaseView(connection, table);
  const trouble = new Trouble(servers, database);
  let streams = 0;

  const server = createServer((request, response) => {
    const refused = refusal(request);
    if (refused) return end(refused.status, refused.reason);
    // Not by URL, which throws for "//".
    const [path, query] = (request.url ?? '').split('?');
    switch (`${request.method} ${path}`) {
      case 'GET /farm/events':
        if (streams >= MOST_STREAMS) return end(503, 'Too many pages are open');
        streams++;
        void watch(request, response)
          .catch(() => response.destroy())
          .finally(() => streams--);
        return;
      case 'POST /farm/kill':
        return trouble.kill(new URLSearchParams(query).get('server') ?? '')
          ? end(204)
          : end(404, 'There is no such server');
      case 'POST /farm/stop-database':
        return trouble.stopDatabase() ? end(204) : end(409, 'The database stands still already');
      default:
        return end(404, 'Not found');
    }

    /** @param {number} status @param {string} [text] */
    function end(status, text = '') {
      response.writeHead(status, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end(text);
    }
  });

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function watch(request, response) {
    const id = request.headers.cookie?.match(/(?:^|;\s*)PHPSESSID=([A-Za-z0-9,-]{22,256})(?:;|$)/)?.[1];
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: ${PATIENCE / 2}\n\n`);
    const { look, found } = visitorsView(id);
    const began = Date.now();
    let sent = '';
    let sentAt = 0;
    while (!response.destroyed) {
      const state = JSON.stringify(await look());
      // A login renamed the session, or a logout ended it.
      if (found() === 'gone') break;
      if (state !== sent || Date.now() - sentAt > HEARTBEAT) {
        response.write(`data: ${state}\n\n`);
        sent = state;
        sentAt = Date.now();
      }
      if (found() === 'none' && Date.now() - began > PATIENCE) break;
      await sleep(INTERVAL);
    }
    response.end();
  }

  /** @param {string | undefined} id */
  function visitorsView(id) {
    /** @type {{ transaction: string, since: number } | undefined} */
    let holding;
    /** @type {'none' | 'there' | 'gone'} */
    let found = 'none';

    /** What a page receives. Times are in milliseconds. */
    async function look() {
      const { standstill } = trouble;
      const farm = {
        servers: Object.entries(servers).map(([name, { pid, running }]) => ({ name, pid, running })),
        standstill,
      };
      if (standstill > 0) return { ...farm, database: false };
      if (id === undefined) return { ...farm, database: true, row: null };
      try {
        const { row, lock } = await view.look(id);
        if (row) found = 'there';
        else if (found === 'there') found = 'gone';
        return { ...farm, database: true, row: row ? { ...row, id: `${id.slice(0, 6)}…` } : null, lock: timed(lock) };
      } catch {
        return { ...farm, database: false };
      }
    }

    /** @param {import('./locks.mjs').RowLock} lock */
    function timed({ holder, waiting }) {
      if (holder === undefined) holding = undefined;
      else if (holding?.transaction !== holder.transaction) {
        holding = { transaction: holder.transaction, since: Date.now() };
      }
      const held = holder && holding && { server: holder.server, ms: Date.now() - holding.since };
      return { holder: held ?? null, waiting };
    }

    return { look, found: () => found };
  }

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  return {
    async stop() {
      trouble.end();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      view.close();
    },
  };
}
