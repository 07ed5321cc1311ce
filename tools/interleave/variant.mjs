import { seeded } from '../storm/random.mjs';

/**
 * @typedef {object} Variant where a schedule plays
 * @property {number[]} processes for each actor its process: some share one, and its store
 * @property {number[]} nodes for each process the SQL node that it uses
 * @property {'bytes' | 'text'} data of the table's column
 * @property {'row' | 'name'} lock `name`: a named lock too, as CodeIgniter's handler takes it
 */

/**
 * Not by the random numbers of the plan: the same seed gives the same requests on each engine.
 *
 * @param {number} seed
 * @param {number} index of the schedule
 * @param {{ nodes: number, hasNames: boolean }} engine how many SQL nodes actors may use, and whether named locks keep them apart
 * @returns {Variant} always the same for the same three
 */
export function variantOf(seed, index, { nodes, hasNames }) {
  const random = seeded(Math.imul(seed + 1, 0x27d4eb2f) ^ Math.imul(index + 1, 0x165667b1));
  const oneOf = (/** @type {number} */ count) => Math.floor(random() * count);
  return {
    processes: /** @type {number[]} */ (
      [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
        [0, 0, 1],
        [0, 1, 1],
        [0, 0, 0],
      ][oneOf(6)]
    ),
    nodes: [0, 1, 2].map(() => oneOf(nodes)),
    data: random() < 0.3 ? 'text' : 'bytes',
    lock: random() < 0.25 && hasNames ? 'name' : 'row',
  };
}

/** @param {Variant} variant @param {import('./plan.mjs').ActorPlan[]} actors */
export function describeVariant({ processes, nodes, data, lock }, actors) {
  const places = actors.map(({ php }, i) => {
    const process = processes[i] ?? 0;
    const where = php === undefined ? `in process ${process + 1}` : 'in PHP';
    return `${'ABC'[i]} ${where} at node ${(nodes[process] ?? 0) + 1}`;
  });
  return `${places.join(', ')}; ${data}; lock of the ${lock}`;
}
