import { same } from '../step.mjs';
import { storm } from '../storm.mjs';

/** @type {import('../step.mjs').Step} */
export const stormStep = {
  title: 'storm',
  once: true,
  async run({ farm, entry, requests }) {
    const { node, horde, failed, requests: each } = await storm(farm.url, { requests, atOnce: 6 });
    const said = `${2 * each} requests, six at a time: lost ${node} of ${each} of Node, ${horde} of ${each} of Horde`;
    same(failed, 0);
    if (entry === 'row' || entry === 'merge') {
      if (node + horde > 0) throw new Error(said);
      return said;
    }
    // Horde overwrites all. What it loses while its requests come one after the other, Node has overwritten.
    const one = await storm(farm.url, { requests: requests / 2, atOnce: 5, oneHorde: true });
    const more = `of Horde's requests one after the other, beside five of Node at a time: lost ${one.horde} of ${one.requests}`;
    same(one.failed, 0);
    if (one.horde > 0) throw new Error(more);
    return `${said}; ${more}`;
  },
};
