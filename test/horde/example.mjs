import { startExample } from '../../tools/horde/example.mjs';
import { startChromium } from '../../tools/services/chromium.mjs';

/**
 * A visit of the example in a browser: a login at Horde, mail, a cart, a logout.
 *
 * @param {object} [options]
 * @param {import('playwright-core').BrowserContextOptions} [options.browser]
 * @param {(name: string, page: import('playwright-core').Page) => Promise<void>} [options.seen] sees IMP (`horde-imp`) and Node's page (`horde-node`)
 */
export async function visitExample({ browser = {}, seen = async () => {} } = {}) {
  const example = await startExample();
  const chromium = await startChromium(browser).catch(async (error) => {
    await example.stop();
    throw error;
  });
  try {
    const page = await chromium.context.newPage();
    /** @param {string} selector @param {string} text */
    const sees = (selector, text) => page.locator(selector, { hasText: text }).first().waitFor();
    await page.goto(`${example.url}/node/`); // It leads to Horde's login.
    await page.locator('#horde_user').fill('alice');
    await page.locator('#horde_pass').fill(example.password);
    await page.locator('#login-button').click();
    await page.waitForURL(/\/horde\/(services\/portal|imp)\//);
    await page.goto(`${example.url}/node/`);
    await sees('h1', 'Hello alice');
    await sees('#unread', '0');
    for (const subject of ['Lunch on Friday?', 'The minutes', 'Photos of the summer']) example.deliver(subject);
    await page.goto(`${example.url}/horde/imp/dynamic.php?page=mailbox`);
    await sees('body', 'Photos of the summer');
    await seen('horde-imp', page);
    await page.goto(`${example.url}/node/`);
    await sees('#unread', '3');
    await page.getByRole('button', { name: 'Bread' }).click();
    await sees('li', 'Bread');
    await page.getByRole('button', { name: 'Coffee' }).click();
    await sees('li', 'Coffee');
    await sees('#unread', '3');
    await seen('horde-node', page);
    await page.goto(`${example.url}/horde/services/portal/`);
    await page.goto(`${example.url}/node/`);
    await sees('li', 'Coffee');
    await page.locator('#logout').click();
    await page.locator('#horde_user').waitFor();
    await page.goto(`${example.url}/node/`);
    await page.locator('#horde_user').waitFor();
  } finally {
    await chromium.stop();
    await example.stop();
  }
}
