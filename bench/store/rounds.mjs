// Throughput, taken in rounds. In each round every contestant has a turn, so a disturbance of the machine affects all.

/** Turns before the measurement, for connections and for V8, which compiles its hottest code only after thousands of calls. */
const WARM_UP = 4;

/**
 * @template Turn
 * @param {readonly { name: string, turn: () => Promise<Turn> }[]} contestants
 * @param {number} rounds
 * @returns {Promise<Turn[][]>} for each contestant its turns, round by round
 */
export async function inRounds(contestants, rounds) {
  for (const { turn } of contestants) for (let i = 0; i < WARM_UP; i++) await turn();
  const turns = contestants.map(() => /** @type {Turn[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    // Each begins once, so none always comes after the same one.
    for (let i = 0; i < contestants.length; i++) {
      const at = (i + round) % contestants.length;
      turns[at].push(await contestants[at].turn());
    }
  }
  return turns;
}
