import { bothKnow, moveTime, same } from '../step.mjs';

/** Horde_Auth::REASON_*, by which Horde's login tells the visitor why. */
const reasons = { browser: '100', address: '101', age: '102' };

/** @type {import('../step.mjs').Step} */
export const refused = {
  title: 'refused',
  async run(around) {
    const login = async () => {
      const alice = around.visitor();
      await alice.login();
      return alice;
    };
    for (const [other, reason] of /** @type {const} */ ([
      [{ userAgent: 'another browser' }, reasons.browser],
      [{ address: '127.0.0.2' }, reasons.address],
    ])) {
      const alice = await login();
      const thief = alice.as(other);
      await bothRefuse(thief, reason, '/horde/services/portal/');
      await bothKnow(alice, 'alice');
      await bothRefuse(thief, reason, '/horde/imp/basic.php?page=mailbox');
      await bothKnow(alice, null); // IMP's page has ended the session, for its owner too.
    }
    const alice = await login();
    await moveTime(around, alice, '_b', -71_000);
    await bothKnow(alice, 'alice');
    await moveTime(around, alice, '_b', -1_001);
    await bothRefuse(alice, reasons.age, '/horde/services/portal/');
  },
};

/** @param {import('../visitor.mjs').Visitor} visitor @param {string} reason @param {string} hordePage */
async function bothRefuse(visitor, reason, hordePage) {
  same(await visitor.node('who'), null);
  for (const path of ['/node/page', hordePage]) {
    const { location = '' } = await visitor.send(path);
    const url = new URL(location, visitor.base);
    same(url.pathname, '/horde/login.php');
    same(url.searchParams.get('logout_reason'), reason);
  }
}
