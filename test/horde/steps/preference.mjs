import { same } from '../step.mjs';

/** Horde_Registry::VIEW_*: which of its pages IMP shows. */
const views = { basic: 1, dynamic: 2 };

/** @type {import('../step.mjs').Step} */
export const preference = {
  title: 'preference',
  async run({ visitor }) {
    const alice = visitor();
    await alice.login();
    for (const name of /** @type {const} */ (['dynamic', 'basic', 'dynamic'])) {
      await alice.node('view', { view: String(views[name]) });
      const { location = '' } = await alice.send('/horde/imp/');
      same(new URL(location, alice.base).pathname, `/horde/imp/${name}.php`);
    }
  },
};
