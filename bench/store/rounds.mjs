// Throughput, taken in rounds in each of which everyone has a turn: what disturbs the machine disturbs all alike.

/**
 * @template Turn
 * @param {readonly { name: string, turn: () => Promise<Turn> }[]} contestants
 * @param {number} rounds
 * @returns {Promise<Turn[][]>} for each contestant its turns, round by round
 */
export async function inRounds(contestants, rounds) {
  for (const { turn } of contestants) await turn(); // connects, and lets V8 compile
  const turns = contestants.map(() => /** @type {Turn[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    // Each begins once: nobody always comes after the same one.
    for (let i = 0; i < contestants.length; i++) {
      const at = (i + round) % contestants.length;
      turns[at].push(await contestants[at].turn());
    }
  }
  return turns;
}
