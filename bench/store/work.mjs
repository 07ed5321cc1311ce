import { median } from './figures.mjs';

/** @typedef {{ perSecond: number, latencies: number[], cpu: number }} Turn `cpu`: microseconds of this process for one */

/**
 * Lets workers change sessions for a while, each one of its own after the other.
 *
 * @param {readonly ((id: string) => Promise<unknown>)[]} workers
 * @param {readonly string[]} ids
 * @param {number} seconds
 * @returns {Promise<Turn>}
 */
export async function work(workers, ids, seconds) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const end = start + seconds * 1000;
  /** @type {number[]} */
  const latencies = [];
  await Promise.all(
    workers.map(async (change, worker) => {
      let last = performance.now();
      for (let at = worker; last < end; at = (at + workers.length) % ids.length) {
        await change(ids[at]);
        const now = performance.now();
        latencies.push(now - last);
        last = now;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (latencies.length / (performance.now() - start)) * 1000;
  return { perSecond, latencies, cpu: (user + system) / latencies.length };
}

/**
 * How many times as fast: the typical ratio of one round, and best against best.
 *
 * @param {readonly Turn[]} ours
 * @param {readonly Turn[]} theirs
 */
export function ratio(ours, theirs) {
  const best = (/** @type {readonly Turn[]} */ turns) => Math.max(...turns.map(({ perSecond }) => perSecond));
  return [median(ours.map(({ perSecond }, i) => perSecond / theirs[i].perSecond)), best(ours) / best(theirs)];
}
