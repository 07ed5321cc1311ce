// `node bench/store/binlog.mjs [URI]`: the bytes that one request with a session adds to the binary log of a server, by its
// settings. Without a URI on a MariaDB of its own; else on that server, where it makes a table `bench_binlog` in the database of the URI,
// and changes global variables, which it sets back at the end. Needs `npm run build`, and no other writer on that server.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { createTableSql, mysqlStore } from '../../dist/mysql.js';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { printTable } from '../report.mjs';
import { changed } from './driver.mjs';
import { whole } from './figures.mjs';

const SIZES = { '8 KB': 8_192, '1 MB': 1_048_576 };
const IMAGES = ['FULL', 'FULL_NODUP', 'NOBLOB', 'MINIMAL'];
/** Whether the statements are in the log beside the rows: MariaDB's name, and MySQL's. */
const TEXTS = ['binlog_annotate_row_events', 'binlog_rows_query_log_events'];

/** @typedef {import('php-session-bridge/mysql').SessionStore} SessionStore */

/**
 * What a request does with the session `id`.
 *
 * @type {Record<string, (store: SessionStore, id: string) => Promise<unknown>>}
 */
const REQUESTS = {
  async exclusive(store, id) {
    const lease = await store.open(id);
    await lease.commit({ data: changed(/** @type {Uint8Array} */ (lease.data)) });
    await lease.release();
  },
  async merge(store, id) {
    const row = await store.read(id);
    const written = await row.replace?.(changed(/** @type {Uint8Array} */ (row.data)));
    if (written !== 'written') throw new Error('The row was not replaced');
  },
  touch: async (store, id) => (await store.read(id)).touch(),
  async login(store, id) {
    const lease = await store.open(id);
    await lease.rename(newId());
    await lease.commit({ data: changed(/** @type {Uint8Array} */ (lease.data)) });
    await lease.release();
  },
  async logout(store, id) {
    const lease = await store.open(id);
    await lease.destroy();
    await lease.release();
  },
};

const newId = () => randomBytes(16).toString('hex');

/** @param {string | undefined} uri */
async function run(uri) {
  // Room for a transaction with 1 MB, and no purge.
  const settings = { 'log-bin': 'on', 'server-id': 1, 'binlog-format': 'ROW', 'innodb-log-file-size': '256M' };
  const own = uri === undefined ? await startMariadb({ settings }) : undefined;
  const endpoint = own && { host: own.host, port: own.port, user: own.user, password: own.password, database: 'test' };
  const connection = uri ?? endpoint;
  const db = await createConnection(/** @type {any} */ (connection));
  const ask = async (/** @type {string} */ text) => /** @type {any[]} */ ((await db.query(text))[0]);
  const [{ version, ndb }] = await ask(
    `SELECT VERSION() AS version, (SELECT COUNT(*) FROM information_schema.engines WHERE engine = 'ndbcluster' AND support IN ('YES', 'DEFAULT')) AS ndb`,
  );
  const list = [...TEXTS, 'binlog_row_image'].map((name) => `'${name}'`).join(', ');
  const before = await ask(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`);
  const texts = before.find(({ Variable_name }) => TEXTS.includes(Variable_name)).Variable_name;
  try {
    await ask('DROP TABLE IF EXISTS bench_binlog');
    await ask(createTableSql({ table: 'bench_binlog', ...(ndb ? { engine: 'NDBCLUSTER', blob: true } : {}) }));
    const lines = [[`${version}: bytes in the log`, 'session', ...Object.keys(REQUESTS)]];
    for (const image of IMAGES) {
      const isKnown = await ask(`SET GLOBAL binlog_row_image = ${image}`).then(
        () => true,
        () => false, // FULL_NODUP is MariaDB's, from 11.4 on
      );
      for (const text of isKnown ? ['ON', 'OFF'] : []) {
        await ask(`SET GLOBAL ${texts} = ${text}`);
        for (const [name, size] of Object.entries(SIZES)) {
          lines.push([`${image}, ${texts}=${text}`, name, ...(await measure(size))]);
        }
      }
    }
    printTable(lines);
  } finally {
    for (const { Variable_name, Value } of before) await ask(`SET GLOBAL ${Variable_name} = ${Value}`);
    await ask('DROP TABLE IF EXISTS bench_binlog');
    await db.end();
    await own?.stop();
  }

  /** @param {number} size */
  async function measure(size) {
    const data = Buffer.from(`x|s:${size}:"${'x'.repeat(size)}";`);
    const store = mysqlStore({ connection: /** @type {any} */ (connection), table: 'bench_binlog' });
    const figures = [];
    try {
      for (const request of Object.values(REQUESTS)) {
        const [first, id] = [newId(), newId()];
        const sql = 'INSERT INTO bench_binlog (id, data, usetime) VALUES (?, ?, UNIX_TIMESTAMP() - 1000)';
        for (const one of [first, id]) await db.query(sql, [one, data]);
        await request(store, first); // connects, and describes the table
        const start = await logged();
        await request(store, id);
        figures.push(whole((await logged()) - start));
      }
    } finally {
      await store.close();
    }
    return figures;
  }

  /** Bytes in the log. An NDB Cluster writes it after the transactions. */
  async function logged() {
    const total = async () => (await ask('SHOW BINARY LOGS')).reduce((sum, log) => sum + Number(log.File_size), 0);
    if (!ndb) return total();
    for (let last = await total(); ; ) {
      await sleep(1_000);
      const now = await total();
      if (now === last) return now;
      last = now;
    }
  }
}

await run(process.argv[2]);
