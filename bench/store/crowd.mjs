// Many visitors in the same moment, and connections for a few of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { mysqlStore } from '../../dist/mysql.js';
import { createTable, fill, idsOf } from './databases.mjs';
import { changed } from './driver.mjs';
import { milliseconds, quantile, whole } from './figures.mjs';

const VISITORS = 1_000;
/** Milliseconds that each request works between open and commit. */
const HOLD = 20;

/**
 * @param {import('./databases.mjs').Database} database
 * @param {{ bytes: Buffer }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function crowd(database, { bytes }) {
  const [table, [endpoint]] = ['bench_crowd', database.endpoints];
  await createTable(database, table);
  await fill(database, table, VISITORS, `x'${bytes.toString('hex')}'`);
  const ids = await idsOf(endpoint, table, VISITORS);
  const lines = [['', 'all served in', 'a second', 'bound', 'wait p50', 'wait p99', 'refused']];
  for (const [mode, connections] of /** @type {const} */ ([
    ['exclusive', 10],
    ['exclusive', 64],
    ['merge', 10],
  ])) {
    const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
    try {
      const request = mode === 'exclusive' ? holding : merging;
      await Promise.all(ids.slice(0, 4 * connections).map((id) => request(store, id))); // connects
      const start = performance.now();
      const waits = await Promise.all(ids.map((id) => request(store, id).catch(() => undefined)));
      const taken = performance.now() - start;
      const served = waits.filter((wait) => wait !== undefined);
      lines.push([
        `${mode}, ${connections} connections`,
        milliseconds(taken),
        whole((served.length / taken) * 1000),
        mode === 'exclusive' ? whole((connections / HOLD) * 1000) : 'none',
        milliseconds(quantile(served, 0.5)),
        milliseconds(quantile(served, 0.99)),
        whole(waits.length - served.length),
      ]);
    } finally {
      await store.close();
    }
  }
  return {
    title: `${whole(VISITORS)} sessions at once, each used for ${HOLD} ms`,
    lines,
    targets: [],
    notes: [
      'wait: for the queue and the connection, and for the answers of the database; bound: connections / hold time',
    ],
  };
}

/**
 * A request in the mode `exclusive`.
 *
 * @param {import('php-session-bridge/mysql').SessionStore} store
 * @param {string} id
 * @returns {Promise<number>} milliseconds in which it did not work
 */
async function holding(store, id) {
  const start = performance.now();
  const lease = await store.open(id);
  try {
    const work = await working();
    await lease.commit({ data: changed(/** @type {Uint8Array} */ (lease.data)) });
    return performance.now() - start - work;
  } finally {
    await lease.release();
  }
}

/** The same in the mode `merge`. @type {typeof holding} */
async function merging(store, id) {
  const start = performance.now();
  await store.read(id);
  const work = await working();
  const lease = await store.open(id, { create: false });
  try {
    await lease.commit({ data: changed(/** @type {Uint8Array} */ (lease.data)) });
    return performance.now() - start - work;
  } finally {
    await lease.release();
  }
}

async function working() {
  const start = performance.now();
  await sleep(HOLD);
  return performance.now() - start;
}
