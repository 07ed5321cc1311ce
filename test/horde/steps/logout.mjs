import { bothKnow, same } from '../step.mjs';

/** @type {import('../step.mjs').Step} */
export const logoutHorde = {
  title: 'logout Horde',
  run: (around) =>
    logout(around, async (alice) => {
      const token = await alice.node('get', { app: 'horde', name: 'session_token' });
      await alice.open(`/horde/login.php?${new URLSearchParams({ horde_logout_token: token, logout_reason: '4' })}`);
    }),
};

/** @type {import('../step.mjs').Step} */
export const logoutNode = {
  title: 'logout Node',
  run: (around) =>
    logout(around, async (alice) => {
      await alice.node('logout');
      same(alice.cookies.has('horde_secret_key'), false);
    }),
};

/** @param {import('../step.mjs').Around} around @param {(alice: import('../visitor.mjs').Visitor) => Promise<void>} act */
async function logout({ visitor }, act) {
  const alice = visitor();
  await alice.login();
  await alice.node('cart', { add: 'book' });
  const stolen = alice.as({});
  await bothKnow(stolen, 'alice');
  await act(alice);
  for (const browser of [alice, stolen]) {
    await bothKnow(browser, null);
    same(await browser.node('cart'), null);
  }
}
