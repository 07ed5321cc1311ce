import { mailPassword } from '../../../tools/horde/lab.mjs';
import { deliver } from '../../../tools/horde/mail.mjs';
import { startChromium } from '../../../tools/services/chromium.mjs';
import { same } from '../step.mjs';

/** @type {import('../step.mjs').Step} */
export const browser = {
  title: 'browser',
  once: true,
  async run({ lab, farm }) {
    const chromium = await startChromium();
    try {
      const page = await chromium.context.newPage();
      const go = (/** @type {string} */ path) => page.goto(farm.url + path);
      /** A page of ours: JSON. @param {string} path */
      const ask = async (path) => {
        await go(path);
        return JSON.parse((await page.locator('body').textContent()) ?? 'null');
      };
      const login = async () => {
        await page.locator('#horde_user').fill('alice');
        await page.locator('#horde_pass').fill(mailPassword);
        await page.locator('#login-button').click();
        await page.waitForURL(/\/horde\/(services\/portal|imp)\//);
      };
      await go('/horde/');
      await login();
      deliver(lab.mailbox('alice'), 'Seen in the browser');
      // IMP's dynamic page: the list comes by AJAX.
      await go('/horde/imp/dynamic.php?page=mailbox');
      await page.getByText('Seen in the browser').first().waitFor();
      same(await ask('/node/page'), 'alice');
      same(await ask('/node/cart?add=book'), true);
      same(await ask('/node/unread'), await ask('/horde/lab/page.php?do=unread'));
      await go('/horde/imp/dynamic.php?page=mailbox');
      await page.getByText('Seen in the browser').first().waitFor();
      same((await ask('/node/cart')).join(), 'book');

      await go('/horde/services/portal/');
      const link = await page.locator('a[href*="logout"]').first().getAttribute('href');
      await page.goto(new URL(link ?? '', page.url()).href);
      await page.locator('#horde_user').waitFor();
      same(await ask('/node/who'), null);
      await go('/node/page'); // It leads to Horde's login.
      await login();
      same(await ask('/node/cart'), null);
      await ask('/node/logout');
      await go('/horde/imp/');
      await page.locator('#horde_user').waitFor();
    } finally {
      await chromium.stop();
    }
  },
};
