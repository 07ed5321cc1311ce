// Sessions in a table by this build and by another one, in turns. What counts is the CPU that a request takes in Node.

import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { importEntry, ownBuild } from '../builds.mjs';
import { compare } from '../compare.mjs';
import { cpuOf } from './cpu.mjs';
import { createTable, fill, idsOf } from './databases.mjs';
import { changeByStore } from './driver.mjs';
import { Load } from './load.mjs';
import { inRounds } from './rounds.mjs';
import { startSite } from './servers.mjs';
import { work } from './work.mjs';

const SESSIONS = 1_024;
const VISITORS = 256;
/** Requests at the same time, and connections to the database. */
const CLIENTS = 16;

/**
 * @typedef {import('./databases.mjs').Database} Database
 * @typedef {{ rounds: number, seconds: number, bytes: Buffer }} Options `bytes` of each session
 * @typedef {import('../compare.mjs').Comparison} Comparison
 */

/**
 * @param {Database} database
 * @param {string} other folder of the other build
 * @param {Options} options
 * @returns {Promise<Comparison[]>}
 */
export async function againstBuild(database, other, options) {
  const builds = [ownBuild, other];
  return [...(await changes(database, builds, options)), ...(await visits(database, builds, options))];
}

/** The store alone. @param {Database} database @param {string[]} builds @param {Options} options */
async function changes(database, builds, { rounds, seconds, bytes }) {
  const [table, [endpoint]] = ['bench_builds', database.endpoints];
  await createTable(database, table);
  await fill(database, table, SESSIONS, `x'${bytes.toString('hex')}'`);
  const ids = await idsOf(endpoint, table, SESSIONS);
  const comparisons = [];
  for (const connections of [1, 64]) {
    const stores = [];
    for (const build of builds) {
      const { mysqlStore } = await importEntry(build, 'mysql');
      stores.push(mysqlStore({ connection: endpoint, table, connectionLimit: connections }));
    }
    try {
      const contestants = stores.map((store, i) => ({
        name: builds[i],
        turn: () =>
          work(
            Array(connections).fill((/** @type {string} */ id) => changeByStore(store, id)),
            ids,
            seconds,
          ),
      }));
      const [ours, theirs] = (await inRounds(contestants, rounds)).map((turns) => turns.map(({ cpu }) => cpu));
      comparisons.push(compare(`open, change, commit, ${connections} at a time`, ours, theirs));
    } finally {
      for (const store of stores) await store.close();
    }
  }
  return comparisons;
}

/** The page that counts. @param {Database} database @param {string[]} builds @param {Options} options */
async function visits(database, builds, { rounds, seconds }) {
  const directory = temporaryDirectory('bench');
  const load = new Load();
  const sites = [];
  try {
    for (const mode of ['exclusive', 'merge']) {
      for (const [i, build] of builds.entries()) {
        const table = `bench_${mode}_${i}`;
        await createTable(database, table);
        const [endpoint] = database.endpoints;
        const options = { kind: 'php-session-bridge', build, endpoint, table, mode, connections: CLIENTS };
        const site = await startSite(options, directory.path);
        sites.push(site);
        await load.ask({ kind: 'enter', url: site.url, visitors: VISITORS });
      }
    }
    const contestants = sites.map(({ url, pids }) => ({
      name: url,
      turn: async () => {
        const before = cpuOf(pids());
        const { latencies } = await load.ask({ kind: 'closed', url, clients: CLIENTS, seconds });
        return (cpuOf(pids()) - before) / latencies.length;
      },
    }));
    const [exclusive, oldExclusive, merge, oldMerge] = await inRounds(contestants, rounds);
    return [
      compare('a page that counts, exclusive', exclusive, oldExclusive),
      compare('a page that counts, merge', merge, oldMerge),
    ];
  } finally {
    load.close();
    for (const site of sites) await site.stop();
    directory.remove();
  }
}
