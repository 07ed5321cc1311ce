import { Visitor } from './visitor.mjs';

/**
 * @typedef {object} StormResult
 * @property {number} requests of each side
 * @property {number} node changes of Node that are lost
 * @property {number} horde changes of Horde that are lost
 * @property {number} failed requests that were not answered with 200
 */

/**
 * Requests of one visitor, half of them Node's and half Horde's, in random order. Each sets a value of its own, and all these must be there in
 * the end.
 *
 * @param {string} url of the farm
 * @param {object} options
 * @param {number} options.requests
 * @param {number} options.atOnce of both sides together, or of Node's if `oneHorde`
 * @param {boolean} [options.oneHorde] whether Horde's requests come one after the other: what is lost of them then, Node has overwritten
 * @param {boolean} [options.isBeside] whether Node keeps its values in a table of its own
 * @returns {Promise<StormResult>}
 */
export async function storm(url, { requests, atOnce, oneHorde = false, isBeside = false }) {
  const visitor = new Visitor(url);
  await visitor.login();
  const each = requests / 2;
  const jobs = { node: numbers(each), horde: numbers(each) };
  /** @type {Record<'node' | 'horde', Set<string>>} */
  const sent = { node: new Set(), horde: new Set() };
  let failed = 0;
  /** @param {'node' | 'horde'} side */
  const send = async (side) => {
    const name = `${jobs[side].pop()}`;
    const query = { name: `change/${name}`, value: '1' };
    try {
      await (side === 'node' ? visitor.node(isBeside ? 'keep' : 'set', query) : visitor.horde('set', query));
      sent[side].add(name);
    } catch (error) {
      failed++;
      if (failed < 3) console.error(String(error));
    }
  };
  /** @param {readonly ('node' | 'horde')[]} sides */
  const worker = async (sides) => {
    for (;;) {
      const left = sides.filter((side) => jobs[side].length > 0);
      const side = left[Math.floor(Math.random() * left.length)];
      if (side === undefined) return;
      await send(side);
    }
  };
  const workers = Array.from({ length: atOnce }, () => worker(oneHorde ? ['node'] : ['node', 'horde']));
  await Promise.all(oneHorde ? [...workers, worker(['horde'])] : workers);

  const found = {
    node: (await (isBeside ? visitor.node('kept') : visitor.node('get', { app: 'nodeapp', name: 'change/' }))) ?? {},
    horde: (await visitor.node('get', { app: 'hordelab', name: 'change/' })) ?? {},
  };
  const lost = (/** @type {'node' | 'horde'} */ side) =>
    [...sent[side]].filter((name) => found[side][name] !== 1).length;
  return { requests: each, node: lost('node'), horde: lost('horde'), failed };
}

/** @param {number} count */
function numbers(count) {
  return Array.from({ length: count }, (_, i) => i);
}
