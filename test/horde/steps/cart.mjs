import { bothKnow, moveTime, same } from '../step.mjs';

/** Pages of an hour, in turn. */
const pages = [
  '/horde/services/portal/',
  '/horde/imp/basic.php?page=mailbox',
  '/horde/imp/dynamic.php?page=mailbox',
  '/horde/services/prefs.php',
  '/horde/services/prefs.php?app=imp&group=display',
  '/horde/imp/basic.php?page=compose',
];
const rounds = 60;

/** @type {import('../step.mjs').Step} */
export const cart = {
  title: 'cart',
  async run(around) {
    const alice = around.visitor();
    await alice.login();
    const ids = new Set();
    for (let i = 0; i < rounds; i++) {
      if (i % 6 === 0) await alice.node('cart', { add: `thing ${i}` });
      if (i % 20 === 10) await moveTime(around, alice, '_r', -30_000);
      const { status } = await alice.open(pages[i % pages.length] ?? '');
      same(status, 200);
      if (i % 3 === 0) await alice.horde('set', { name: `page/${i}`, value: '1' });
      ids.add(alice.cookies.get('Horde'));
    }
    same(ids.size, 1 + rounds / 20);
    const things = /** @type {string[]} */ (await alice.node('cart'));
    same(things.join(), Array.from({ length: rounds / 6 }, (_, i) => `thing ${6 * i}`).join());
    same((await alice.horde('get', { app: 'nodeapp', name: 'cart' })).length, things.length);
    same(Object.keys(await alice.node('get', { app: 'hordelab', name: 'page/' })).length, rounds / 3);
    await bothKnow(alice, 'alice');
  },
};
