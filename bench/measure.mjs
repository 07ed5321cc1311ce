// Times, taken in many short rounds. In each round every contestant has a turn, so a disturbance of the machine affects all.

/**
 * @typedef {{ run: () => unknown }} Here one operation in this process
 * @typedef {{ elsewhere: (count: number) => Promise<number> }} Elsewhere that many in another one; gives nanoseconds
 * @typedef {Here | Elsewhere} Contestant
 */

/** How long one turn should last, in nanoseconds: long against the clock's steps, short against the disturbances. */
const turn = 4e6;
/** How long each runs before, so that V8 compiles it. */
const warmUp = 150e6;

/** What was computed last; it could be optimised away if it were not kept. */
export let kept = /** @type {unknown} */ (undefined);

/** Nanoseconds. `cpu` is of this process with all its threads: what other processes take meanwhile does not count. */
export const clocks = {
  wall: () => Number(process.hrtime.bigint()),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },
};

/**
 * @param {readonly Contestant[]} contestants
 * @param {number} rounds
 * @param {() => number} clock for what runs in this process
 * @returns {Promise<number[][]>} for each contestant the nanoseconds for one operation, round by round
 */
export async function measure(contestants, rounds, clock) {
  const counts = [];
  for (const contestant of contestants) counts.push(await countForOneTurn(contestant, clock));
  const times = contestants.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const at of shuffled(contestants.length)) {
      times[at][round] = (await time(contestants[at], counts[at], clock)) / counts[at];
    }
  }
  return times;
}

/** The numbers below `count` in any order, so that none always comes after the same one and collects its garbage. */
function shuffled(/** @type {number} */ count) {
  const keys = Array.from({ length: count }, () => Math.random());
  return [...keys.keys()].sort((a, b) => keys[a] - keys[b]);
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/**
 * Runs until the code is compiled, and finds how many operations fill a turn.
 *
 * @param {Contestant} contestant
 * @param {() => number} clock
 */
async function countForOneTurn(contestant, clock) {
  let count = 1;
  let fastest = Number.POSITIVE_INFINITY;
  for (let spent = 0; spent < warmUp; ) {
    const taken = await time(contestant, count, clock);
    spent += taken;
    fastest = Math.min(fastest, taken / count);
    count = Math.max(1, Math.round(turn / fastest));
  }
  return count;
}

/** @param {Contestant} contestant @param {number} count @param {() => number} clock @returns {Promise<number>} nanoseconds */
async function time(contestant, count, clock) {
  if ('elsewhere' in contestant) return contestant.elsewhere(count);
  const start = clock();
  for (let i = 0; i < count; i++) kept = contestant.run();
  return clock() - start;
}
