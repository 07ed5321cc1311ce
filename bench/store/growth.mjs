import { mysqlStore } from '../../dist/mysql.js';
import { createTable, idSql, idsOf, sql } from './databases.mjs';
import { changeByStore } from './driver.mjs';
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { inRounds } from './rounds.mjs';
import { work } from './work.mjs';

const FEW = 10_000;
/** Turns are shorter by this factor, and there are as many more, as the compared times differ by a few hundredths of a millisecond. */
const SHORT = 5;
/** Visitors of the bench; the other sessions of the table are not used. */
const VISITORS = 1_000;

/**
 * The time of one change in a table of many sessions, against the same in a table of few. The visitors are spread over all
 * of the table, as ids are random.
 *
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number, rows: number }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function growth(database, { rounds, seconds, rows }) {
  const [endpoint] = database.endpoints;
  const sizes = [FEW, rows];
  const tables = sizes.map((size) => `bench_${size}`);
  const started = performance.now();
  for (const [i, table] of tables.entries()) {
    await createTable(database, table);
    await fillSorted(endpoint, table, sizes[i]);
  }
  const filled = (performance.now() - started) / 1000;
  const stores = tables.map((table) => mysqlStore({ connection: endpoint, table, connectionLimit: 1 }));
  try {
    const contestants = [];
    for (const [i, store] of stores.entries()) {
      const ids = await idsOf(endpoint, tables[i], VISITORS, Math.floor(sizes[i] / VISITORS));
      const worker = [(/** @type {string} */ id) => changeByStore(store, id)];
      contestants.push({ name: `${whole(sizes[i])} rows`, turn: () => work(worker, ids, seconds / SHORT) });
    }
    const turns = await inRounds(contestants, SHORT * rounds);
    const ratios = turns[1].map(({ latencies }, i) => median(latencies) / median(turns[0][i].latencies));
    const lines = contestants.map(({ name }, i) => {
      const all = turns[i].flatMap(({ latencies }) => latencies);
      const toFew = i === 0 ? '1.00' : decimal(median(ratios));
      return [name, milliseconds(quantile(all, 0.5)), milliseconds(quantile(all, 0.99)), toFew];
    });
    const figure = median(ratios);
    const what = `p50 with ${whole(rows)} rows / with ${whole(FEW)}`;
    return {
      title: 'Open, change, commit, one at a time',
      lines: [['', 'p50', 'p99', 'p50 / few'], ...lines],
      targets: [{ what, figure, typical: Math.min(...ratios), limit: 'at most 1.1', met: figure <= 1.1 }],
      notes: [
        `Both tables were filled in ${whole(filled)} s; the large one takes ${await sizeOf(endpoint, tables[1])}.`,
      ],
    };
  } finally {
    for (const store of stores) await store.close();
    await sql(endpoint, ...tables.map((table) => `DROP TABLE ${table}`));
  }
}

/**
 * All at once and in the order of the key, which InnoDB takes far quicker than in any other. MariaDB only, for its
 * sequences.
 *
 * @param {import('./databases.mjs').Endpoint} endpoint
 * @param {string} table
 * @param {number} rows
 */
async function fillSorted(endpoint, table, rows) {
  await sql(
    endpoint,
    'SET SESSION sort_buffer_size = 1024 * 1024 * 1024',
    `INSERT INTO ${table} (id, data, usetime)
     SELECT id, REPEAT(id, 6), UNIX_TIMESTAMP() - RAND() * 1440
     FROM (SELECT ${idSql('seq')} AS id FROM seq_1_to_${rows}) AS ids ORDER BY id`,
    `ANALYZE TABLE ${table}`,
    // Writes all of it to the disk, which would otherwise go on for minutes during the measurement.
    `FLUSH TABLES ${table} FOR EXPORT`,
    'UNLOCK TABLES',
  );
}

/** @param {import('./databases.mjs').Endpoint} endpoint @param {string} table */
async function sizeOf(endpoint, table) {
  const [{ bytes }] = await sql(
    endpoint,
    `SELECT FILE_SIZE AS bytes FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME = 'test/${table}'`,
  );
  return `${decimal(bytes / 2 ** 30)} GiB on disk`;
}
