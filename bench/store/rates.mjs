// How long answers take when the server is not at its limit.
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { Load } from './load.mjs';
import { startServers } from './servers.mjs';

const CLIENTS = 16;
const VISITORS = 256;
const LOAD = 0.7;

/**
 * The counter page at 70 % of what it can do, which is measured before each turn.
 *
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function rates(database, { rounds, seconds }) {
  const { servers, stop } = await startServers(database, { connections: CLIENTS, visitors: VISITORS });
  const load = new Load();
  const lines = [['', 'capacity', 'p50', 'p99', 'p99 / p50', 'failed']];
  const targets = [];
  try {
    // Not the one with bare mysql2: its connections are not kept alive between two turns.
    for (const { name, group, url } of [...servers.slice(0, 4), ...servers.slice(-1)]) {
      await load.ask({ kind: 'enter', url, visitors: VISITORS });
      for (let i = 0; i < 4; i++) await load.ask({ kind: 'closed', url, clients: CLIENTS, seconds });
      await load.ask({ kind: 'closed', url, clients: VISITORS, seconds }); // connects, so that none has to in a crowd
      for (const random of [false, true]) {
        const turns = [];
        for (let round = 0; round < rounds; round++) {
          const { perSecond } = await load.ask({ kind: 'closed', url, clients: CLIENTS, seconds });
          const turn = await load.ask({ kind: 'open', url, rate: LOAD * perSecond, seconds: 2 * seconds, random });
          turns.push({
            capacity: perSecond,
            failures: turn.failures,
            p50: quantile(turn.latencies, 0.5),
            p99: quantile(turn.latencies, 0.99),
          });
        }
        const typical = (/** @type {(turn: typeof turns[number]) => number} */ of) => median(turns.map(of));
        const ratio = typical(({ p50, p99 }) => p99 / p50);
        const arrivals = random ? 'by chance' : 'evenly';
        lines.push([
          `${group === 'ours' ? '*' : ' '} ${name}, ${arrivals}`,
          whole(typical(({ capacity }) => capacity)),
          milliseconds(typical(({ p50 }) => p50)),
          milliseconds(typical(({ p99 }) => p99)),
          decimal(ratio),
          whole(turns.reduce((sum, { failures }) => sum + failures, 0)),
        ]);
        if (group !== 'ours' || random) continue;
        const isServed = turns.every(({ failures }) => failures === 0); // otherwise it is the time in a crowd
        const best = Math.min(...turns.map(({ p50, p99 }) => p99 / p50));
        targets.push({
          what: `${name}: p99 / p50 at 70 %`,
          figure: ratio,
          typical: best,
          limit: 'at most 3, none turned away',
          met: isServed && ratio <= 3,
        });
      }
    }
  } finally {
    load.close();
    await stop();
  }
  return {
    title: `The page at ${100 * LOAD} % of its capacity`,
    lines,
    targets,
    notes: [
      'Visitors come evenly, or by chance as those do who do not know each other. In the targets ~ is the best round.',
      'The page that counts in memory shows what the machine and the visitors themselves allow.',
    ],
  };
}
