// One size of sessions: all contestants in turns.
import { readFileSync } from 'node:fs';
import { cpuOf } from '../store/cpu.mjs';
import { Load } from '../store/load.mjs';
import { inRounds } from '../store/rounds.mjs';
import { startRelay } from './round-trips.mjs';
import { startServers } from './servers.mjs';

const WORKERS = 8;
const VISITORS = 64;

/**
 * @typedef {object} Turn
 * @property {number} perSecond
 * @property {number} php microseconds of CPU for one page
 * @property {number} database the same
 * @property {number} failures
 *
 * @typedef {{ page: string, title: string, roundTrips: number, turns: Turn[] }} Measured
 * @typedef {{ bytes: number, pages: Measured[] }} Result
 */

/**
 * @param {readonly import('./contestants.mjs').Contestant[]} contestants
 * @param {{ bytes: number, rounds: number, seconds: number, peers: import('./packages.mjs').Peers }} options
 * @returns {Promise<Result>}
 */
export async function measure(contestants, { bytes, rounds, seconds, peers }) {
  const servers = await startServers({ workers: WORKERS, peers });
  const load = new Load();
  const relay = await startRelay(servers.databasePort);
  try {
    const urls = contestants.map(({ page }) => `${servers.url}/${page}/${bytes}`);
    const roundTrips = [];
    for (const url of urls) roundTrips.push(await relay.fewest(`${url}/${relay.port}`));
    for (const url of urls) await load.ask({ kind: 'enter', url, visitors: VISITORS });
    const turns = await inRounds(
      contestants.map(({ page }, i) => ({ name: page, turn: () => turn(servers, load, urls[i], seconds) })),
      rounds,
    );
    return {
      bytes,
      pages: contestants.map(({ page, title }, i) => ({ page, title, roundTrips: roundTrips[i], turns: turns[i] })),
    };
  } catch (error) {
    throw new Error(readFileSync(servers.log, 'utf8').slice(-2000), { cause: error });
  } finally {
    load.close();
    relay.stop();
    await servers.stop();
  }
}

/**
 * @param {Awaited<ReturnType<typeof startServers>>} servers
 * @param {Load} load
 * @param {string} url
 * @param {number} seconds
 * @returns {Promise<Turn>}
 */
async function turn({ phpPids, databasePids }, load, url, seconds) {
  const [php, database] = [cpuOf(phpPids()), cpuOf(databasePids())];
  const { perSecond, latencies, failures } = await load.ask({ kind: 'closed', url, clients: WORKERS, seconds });
  const each = (/** @type {number} */ after, /** @type {number} */ before) =>
    ((after - before) * 1000) / latencies.length;
  return { perSecond, failures, php: each(cpuOf(phpPids()), php), database: each(cpuOf(databasePids()), database) };
}
