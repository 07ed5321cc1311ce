import { setTimeout as sleep } from 'node:timers/promises';
import { bothKnow, moveTime, same } from '../step.mjs';
import { storm } from '../storm.mjs';

/** Node's data in a table of its own (`hordeBeside()`), while Horde writes whole rows and takes no lock. @type {import('../step.mjs').Step} */
export const beside = {
  title: 'beside',
  once: true,
  async run(around) {
    await followsTheLogin(around);
    const { farm, requests } = around;
    const { node, horde, failed, requests: each } = await storm(farm.url, { requests, atOnce: 6, isBeside: true });
    const said = `${2 * each} requests, six at a time: lost ${node} of ${each} of Node, ${horde} of ${each} of Horde`;
    // What Horde loses while its requests come one after the other, Node has overwritten.
    const one = await storm(farm.url, { requests: requests / 2, atOnce: 5, oneHorde: true, isBeside: true });
    const more = `of Horde's requests one after the other, beside five of Node at a time: lost ${one.horde} of ${one.requests} of Horde, ${one.node} of Node`;
    same(failed + one.failed, 0);
    if (node + one.node + one.horde > 0) throw new Error(`${said}; ${more}`);
    return `${said}; ${more}`;
  },
};

/** @param {import('../step.mjs').Around} around */
async function followsTheLogin(around) {
  const alice = around.visitor();
  await alice.login();
  await alice.node('keep', { name: 'cart' });
  const before = alice.cookies.get('Horde');
  await moveTime(around, alice, '_r', -30_000);
  await alice.open('/horde/services/portal/');
  same(alice.cookies.get('Horde') === before, false);
  same(Object.keys(await alice.node('kept')).join(), 'cart');

  const token = await alice.node('get', { app: 'horde', name: 'session_token' });
  await alice.open(`/horde/login.php?${new URLSearchParams({ horde_logout_token: token, logout_reason: '4' })}`);
  same(await alice.node('kept'), null);
  for (const user of ['bob', 'alice']) {
    await alice.login(user); // in the same browser
    await bothKnow(alice, user);
    same(Object.keys(await alice.node('kept')).length, 0);
    await alice.node('keep', { name: `of ${user}` });
    const stolen = alice.as({});
    await alice.node('endOwn');
    for (const browser of [alice, stolen]) {
      same(await browser.node('kept'), null);
      await bothKnow(browser, null);
    }
    await sleep(1000); // a login of the same second would be ended too
  }
}
