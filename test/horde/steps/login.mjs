import { bothKnow, same } from '../step.mjs';

/** @type {import('../step.mjs').Step} */
export const login = {
  title: 'login',
  async run({ visitor }) {
    const alice = visitor();
    same(await alice.node('who'), null);
    await alice.login();
    await bothKnow(alice, 'alice');
    same((await alice.open('/node/page')).text, '"alice"');
  },
};
