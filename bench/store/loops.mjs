// The store against a bare mysql2 that sends the same statements: open, change, commit, release in a loop.
import { mysqlStore } from '../../dist/mysql.js';
import { createTable, fill, idsOf } from './databases.mjs';
import { BareConnection, changeByStore, recordStatements } from './driver.mjs';
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { inRounds } from './rounds.mjs';
import { ratio, work } from './work.mjs';

/**
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number, bytes: Buffer }} options `bytes` of each session
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function againstDriver(database, { rounds, seconds, bytes }) {
  const [table, [endpoint]] = ['bench_loop', database.endpoints];
  await createTable(database, table);
  await fill(database, table, 1_024, `x'${bytes.toString('hex')}'`);
  const ids = await idsOf(endpoint, table, 1_024);
  const statements = await recordStatements(endpoint, table, ids[0]);
  const lines = [['', 'a second', 'p50', 'p99', 'CPU in Node', '/ bare', 'best / best']];
  const targets = [];
  for (const connections of [1, 64]) {
    const store = mysqlStore({ connection: endpoint, table, connectionLimit: connections });
    const bare = await Promise.all(
      Array.from({ length: connections }, () => BareConnection.open(endpoint, statements)),
    );
    try {
      const ours = Array(connections).fill((/** @type {string} */ id) => changeByStore(store, id));
      const theirs = bare.map((connection) => (/** @type {string} */ id) => connection.change(id));
      const contestants = [
        { name: '* the store', turn: () => work(ours, ids, seconds) },
        { name: '  bare mysql2', turn: () => work(theirs, ids, seconds) },
      ];
      const turns = await inRounds(contestants, rounds);
      const [typical, best] = ratio(turns[0], turns[1]);
      for (const [i, { name }] of contestants.entries()) {
        const all = turns[i].flatMap(({ latencies }) => latencies);
        lines.push([
          `${name}, ${connections} at a time`,
          whole(median(turns[i].map(({ perSecond }) => perSecond))),
          milliseconds(quantile(all, 0.5)),
          milliseconds(quantile(all, 0.99)),
          `${whole(median(turns[i].map(({ cpu }) => cpu)))} us`,
          ...(i === 0 ? [decimal(typical), decimal(best)] : ['1.00', '1.00']),
        ]);
      }
      const what = `store / bare mysql2, ${connections} at a time`;
      targets.push({ what, figure: typical, typical: best, limit: 'at least 0.9', met: typical >= 0.9 });
    } finally {
      await store.close();
      for (const connection of bare) connection.close();
    }
  }
  return { title: `Open, change, commit; ${bytes.length} bytes`, lines, targets };
}
