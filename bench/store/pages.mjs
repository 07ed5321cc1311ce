// A page that counts in the session, by this package and by others.
import { cpuOf } from './cpu.mjs';
import { decimal, median, milliseconds, quantile, whole } from './figures.mjs';
import { Load } from './load.mjs';
import { inRounds } from './rounds.mjs';
import { startServers } from './servers.mjs';

const VISITORS = 256;
/** Requests at the same time, connections to the database, and PHP's workers. */
const CLIENTS = 16;
/** Requests of one visitor, so many at a time, to see whether they are counted. */
const TOGETHER = { windows: 4, requests: 200 };

/**
 * @typedef {object} Turn
 * @property {number} perSecond
 * @property {number[]} latencies
 * @property {number} failures
 * @property {number} cpu microseconds of the server for one request
 * @property {number} databaseCpu
 */

/**
 * @param {import('./databases.mjs').Database} database
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function pages(database, { rounds, seconds }) {
  const { servers, stop } = await startServers(database, { connections: CLIENTS, visitors: VISITORS });
  const load = new Load();
  try {
    for (const { url } of servers) await load.ask({ kind: 'enter', url, visitors: VISITORS });
    const contestants = servers.map(({ name, url, pids }) => ({
      name,
      turn: () => measured(database, pids, () => load.ask({ kind: 'closed', url, clients: CLIENTS, seconds })),
    }));
    const turns = await inRounds(contestants, rounds);
    const lost = [];
    for (const { url } of servers) lost.push((await load.ask({ kind: 'together', url, ...TOGETHER })).lost);
    return report(servers, turns, lost);
  } finally {
    load.close();
    await stop();
  }
}

/**
 * @param {import('./databases.mjs').Database} database
 * @param {() => number[]} pids
 * @param {() => Promise<import('./visitors.mjs').Visits>} visits
 * @returns {Promise<Turn>}
 */
async function measured(database, pids, visits) {
  const [server, databaseBefore] = [cpuOf(pids()), cpuOf(database.pids())];
  const result = await visits();
  const answered = result.latencies.length;
  return {
    ...result,
    cpu: ((cpuOf(pids()) - server) * 1000) / answered,
    databaseCpu: ((cpuOf(database.pids()) - databaseBefore) * 1000) / answered,
  };
}

/**
 * @param {readonly import('./servers.mjs').Server[]} servers
 * @param {readonly Turn[][]} turns
 * @param {readonly number[]} lost
 * @returns {import('./report.mjs').Section}
 */
function report(servers, turns, lost) {
  const [exclusive, merge, inExpress, inFastify, koa, express, bare, bareExpress, proxied, php] = turns;
  const faster = (/** @type {Turn[]} */ ours, /** @type {Turn[]} */ theirs) =>
    median(ours.map(({ perSecond }, i) => perSecond / theirs[i].perSecond));
  const cpu = (/** @type {Turn[]} */ of) => median(of.map((turn) => turn.cpu));
  const lines = servers.map(({ name, group }, i) => {
    const all = turns[i].flatMap(({ latencies }) => latencies);
    return [
      (group === 'ours' ? '* ' : '  ') + name,
      whole(median(turns[i].map(({ perSecond }) => perSecond))),
      milliseconds(quantile(all, 0.5)),
      milliseconds(quantile(all, 0.99)),
      decimal(faster(turns[i], exclusive)),
      `${whole(cpu(turns[i]))} us`,
      `${whole(median(turns[i].map(({ databaseCpu }) => databaseCpu)))} us`,
      whole(turns[i].reduce((sum, { failures }) => sum + failures, 0)),
      whole(lost[i]),
    ];
  });
  const target = (/** @type {string} */ what, /** @type {Turn[]} */ ours, /** @type {Turn[]} */ theirs, least = 1) => {
    const figure = faster(ours, theirs);
    const byCpu = cpu(theirs) / cpu(ours);
    return { what, figure, typical: byCpu, limit: `at least ${least}`, met: figure >= least };
  };
  return {
    title: `A page that counts, ${CLIENTS} visitors at a time`,
    lines: [['', 'a second', 'p50', 'p99', '/ exclusive', 'CPU', 'CPU database', 'failed', 'lost'], ...lines],
    targets: [
      target('exclusive / koa-session', exclusive, koa),
      target('exclusive / express-session', exclusive, express),
      target('merge / koa-session', merge, koa),
      target('merge / express-session', merge, express),
      target('exclusive in Express / express-session', inExpress, express),
      target('exclusive in Fastify / in Express', inFastify, inExpress),
      target('exclusive / PHP-FPM, both by HAProxy', proxied, php),
    ],
    notes: [
      'CPU: of the server, and of all of the database, for one request. In the targets ~ is the ratio of the CPU of the servers.',
      `Of this package in one request: ${whole(cpu(exclusive) - cpu(bare))} us (exclusive) and ${whole(cpu(merge) - cpu(bare))} us (merge), against Koa and mysql2 alone.`,
      `In Express without a session, ${decimal(faster(bareExpress, express))} times as many as with express-session: no session there can be faster.`,
      `lost: of ${TOGETHER.requests} requests of one visitor, ${TOGETHER.windows} at a time. Two that make 6 of 5 have done the same, for a merge.`,
    ],
  };
}
