// What only a cluster has: data nodes that share the sessions among them, and more than one SQL node.
import { mysqlStore } from '../../dist/mysql.js';
import { createTable, fill, idsOf, sql } from './databases.mjs';
import { changeByStore } from './driver.mjs';
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { inRounds } from './rounds.mjs';
import { ratio, work } from './work.mjs';

const GIB = 2 ** 30;
/** Bytes of each of the sessions that fill the memory. */
const SIZE = 8_192;

/**
 * A gibibyte of sessions: where it lies, and what it does to the time of one change.
 *
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function gibibyte(database, { rounds, seconds }) {
  const [endpoint] = database.endpoints;
  const data = `REPEAT('x', ${SIZE})`;
  const tables = { bench_few: 1_000, bench_gibibyte: GIB / SIZE };
  const started = performance.now();
  for (const [table, rows] of Object.entries(tables)) {
    await createTable(database, table);
    await fill(database, table, rows, data, 1_000);
  }
  const filled = (performance.now() - started) / 1000;
  /** @type {{ name: string, count: number }[]} */
  const partitions = await sql(
    endpoint,
    `SELECT PARTITION_NAME AS name, TABLE_ROWS AS count FROM information_schema.PARTITIONS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'bench_gibibyte'`,
  );
  const counts = partitions.map(({ count }) => Number(count));
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
  const spread = Math.max(...counts.map((count) => Math.abs(count - mean))) / mean;
  const memory = await sql(
    endpoint,
    `SELECT node_id AS node, used / total AS share FROM ndbinfo.memoryusage WHERE memory_type = 'Data memory' ORDER BY node_id`,
  );
  const stores = Object.keys(tables).map((table) => mysqlStore({ connection: endpoint, table, connectionLimit: 1 }));
  try {
    const contestants = [];
    for (const [i, [table, rows]] of Object.entries(tables).entries()) {
      const ids = await idsOf(endpoint, table, 1_000, Math.floor(rows / 1_000));
      const worker = [(/** @type {string} */ id) => changeByStore(stores[i], id)];
      contestants.push({ name: `${whole(rows)} sessions`, turn: () => work(worker, ids, seconds) });
    }
    const turns = await inRounds(contestants, rounds);
    const ratios = turns[1].map(({ latencies }, i) => median(latencies) / median(turns[0][i].latencies));
    const lines = contestants.map(({ name }, i) => {
      const all = turns[i].flatMap(({ latencies }) => latencies);
      const toFew = i === 0 ? '1.00' : decimal(median(ratios));
      return [name, milliseconds(quantile(all, 0.5)), milliseconds(quantile(all, 0.99)), toFew];
    });
    const rows = counts.reduce((a, b) => a + b, 0);
    return {
      title: `Open, change, commit; ${whole(SIZE)} bytes, one at a time`,
      lines: [['', 'p50', 'p99', 'p50 / few'], ...lines],
      targets: [
        {
          what: 'GiB of sessions',
          figure: (rows * SIZE) / GIB,
          typical: (rows * SIZE) / GIB,
          limit: 'at least 1',
          met: rows * SIZE >= GIB,
        },
        {
          what: 'farthest partition from the mean, %',
          figure: 100 * spread,
          typical: 100 * spread,
          limit: 'at most 5',
          met: spread <= 0.05,
        },
      ],
      notes: [
        `Filled in ${whole(filled)} s. Rows of each partition: ${counts.map(whole).join(', ')}.`,
        `Data memory in use: ${memory.map((/** @type {any} */ { node, share }) => `node ${node} ${whole(100 * share)} %`).join(', ')}.`,
      ],
    };
  } finally {
    for (const store of stores) await store.close();
    await sql(endpoint, ...Object.keys(tables).map((table) => `DROP TABLE ${table}`));
  }
}

/**
 * The same work on one SQL node and on two, each with half of the connections.
 *
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number, bytes: Buffer }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function twoSqlNodes(database, { rounds, seconds, bytes }) {
  const table = 'bench_nodes';
  await createTable(database, table);
  await fill(database, table, 1_024, `x'${bytes.toString('hex')}'`);
  const ids = await idsOf(database.endpoints[0], table, 1_024);
  const store = (/** @type {number} */ node, /** @type {number} */ connectionLimit) =>
    mysqlStore({ connection: database.endpoints[node], table, connectionLimit });
  const lines = [['', 'a second', 'p50', 'p99', '/ one']];
  for (const connections of [2, 32]) {
    const layouts = [[store(0, connections)], [store(0, connections / 2), store(1, connections / 2)]];
    try {
      const contestants = layouts.map((stores) => {
        const workers = Array.from(
          { length: connections },
          (_, i) => (/** @type {string} */ id) => changeByStore(stores[i % stores.length], id),
        );
        const name = `${stores.length} SQL node${stores.length > 1 ? 's' : ''}, ${connections} at a time`;
        return { name, turn: () => work(workers, ids, seconds) };
      });
      const turns = await inRounds(contestants, rounds);
      for (const [i, { name }] of contestants.entries()) {
        const all = turns[i].flatMap(({ latencies }) => latencies);
        const perSecond = whole(median(turns[i].map((turn) => turn.perSecond)));
        const toOne = decimal(ratio(turns[i], turns[0])[0]);
        lines.push([name, perSecond, milliseconds(quantile(all, 0.5)), milliseconds(quantile(all, 0.99)), toOne]);
      }
    } finally {
      await Promise.all(layouts.flat().map((one) => one.close()));
    }
  }
  return { title: `Open, change, commit; ${bytes.length} bytes`, lines, targets: [] };
}
