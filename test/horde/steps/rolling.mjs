import { bothKnow, moveTime, same } from '../step.mjs';

/** @type {import('../step.mjs').Step} */
export const rolling = {
  title: 'server to server',
  entries: ['untouched', 'mixed'],
  async run(around) {
    const { farm } = around;
    for (const first of farm.servers) {
      // The login is at one server, and the others go on with its session, also under new ids of theirs.
      const alice = around.visitor().as({ base: first.url });
      await alice.login();
      for (const [i, { url }] of [...farm.servers, ...farm.servers].entries()) {
        alice.base = url;
        same(await alice.isKnownToHorde(), true);
        await alice.horde('set', { name: `at/${i}`, value: '1' });
        const id = alice.cookies.get('Horde');
        await moveTime(around, alice, '_r', -30_000);
        await alice.open('/horde/services/portal/');
        if (alice.cookies.get('Horde') === id) throw new Error('the id is the same');
        alice.base = farm.url;
        await alice.node('cart', { add: `at ${i}` });
      }
      same((await alice.node('cart')).length, 2 * farm.servers.length);
      same(Object.keys(await alice.node('get', { app: 'hordelab', name: 'at/' })).length, 2 * farm.servers.length);
      await bothKnow(alice, 'alice');
    }
  },
};
