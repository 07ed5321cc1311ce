import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { type Farm, startFarm } from '../../examples/farm/farm.mjs';
import { startChromium } from '../../tools/services/chromium.mjs';

let farm: Farm;
let browser: Awaited<ReturnType<typeof startChromium>>;
let context: BrowserContext;

beforeAll(async () => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  [farm, browser] = await Promise.all([startFarm(), startChromium()]);
  context = browser.context;
}, 120_000);

afterEach(async () => {
  for (const page of context.pages()) await page.close();
  await context.clearCookies();
});

afterAll(async () => {
  await browser?.stop();
  await farm?.stop();
});

describe.each([
  ['PHP', 'php', 'Node', 'node'],
  ['Node', 'node', 'PHP', 'php'],
] as const)('a browser that logs in with %s', (here, hereSide, there, thereSide) => {
  test(`is logged in with ${there}, and counts on there`, async () => {
    const page = await open(`/?on=${hereSide}`);
    await page.getByRole('button', { name: `Count in ${here}` }).click();
    // The answer brings the cookie: a login that does not wait for it would begin a session of its own.
    await see(page, '#count', '1');
    await logIn(page, here, 'Zoë <b>');
    await page.goto(`${farm.url}/?on=${thereSide}`);
    expect(await page.locator('#answered').textContent()).toMatch(new RegExp(`${thereSide}-\\d, ${there} `));
    expect(await page.locator('#user').textContent()).toBe('Zoë <b>');
    await page.getByRole('button', { name: `Count in ${there}` }).click();
    await see(page, '#count', '2');
  });

  test(`is logged out everywhere when it logs out with ${there}`, async () => {
    const page = await open('/');
    await logIn(page, here, 'Zoë');
    await page.getByRole('button', { name: `Log out with ${there}` }).click();
    await page.locator('#name').waitFor();
    for (const side of ['php', 'node']) {
      await page.goto(`${farm.url}/?on=${side}`);
      expect(await page.locator('body').getAttribute('class')).toBe('visitor');
    }
  });
});

describe('two tabs', () => {
  test('show the same session without a reload', async () => {
    const [one, two] = [await open('/'), await open('/')];
    await logIn(one, 'PHP', 'Zoë');
    await see(two, '#user', 'Zoë');
    await two.getByRole('button', { name: 'Count', exact: true }).click();
    await see(one, '#count', '1');
    await two.getByRole('button', { name: 'Log out with Node' }).click();
    await one.locator('#name').waitFor();
    await see(one, '#count', '0');
  });

  test('that count at the same time lose nothing', async () => {
    const tabs = [await open('/'), await open('/')];
    await logIn(tabs[0]!, 'Node', 'Zoë');
    await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async () => {
          for (let i = 0; i < 15; i++) await fetch('/count');
        }),
      ),
    );
    for (const tab of tabs) await see(tab, '#count', '30');
  });
});

describe('the back button', () => {
  test('shows the session as it is now', async () => {
    const page = await open('/count?on=php');
    await page.goto(`${farm.url}/count?on=node`);
    await page.goto(`${farm.url}/?on=node`);
    await page.goBack();
    // Going back asks again, and so counts.
    await see(page, '#count', '3');
  });

  test('shows nothing of a visitor who has logged out', async () => {
    const page = await open('/');
    await logIn(page, 'Node', 'Zoë');
    await page.goto(`${farm.url}/?again`);
    expect(await page.locator('#user').textContent()).toBe('Zoë');
    await page.getByRole('button', { name: 'Log out with PHP' }).click();
    await page.locator('#name').waitFor();
    await page.goBack();
    expect(await page.locator('body').getAttribute('class')).toBe('visitor');
    expect(await page.getByText('Zoë').filter({ visible: true }).count()).toBe(0);
  });
});

test('20 images that each count are 20, from all four servers', async () => {
  const page = await open('/count');
  const servers = new Set<string | undefined>();
  page.on('response', (response) => {
    if (response.url().includes('/count.gif')) servers.add(response.headers()['x-served-by']);
  });
  const loaded = await page.evaluate(`Promise.all(
    Array.from({ length: 20 }, (_, i) => {
      const image = new Image();
      image.src = '/count.gif?' + i;
      return image.decode().then(() => 'loaded', () => 'broken');
    }),
  )`);
  expect(loaded).toEqual(Array(20).fill('loaded'));
  await see(page, '#count', '21');
  expect(servers).toEqual(new Set(Object.keys(farm.servers)));
});

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(farm.url + path);
  return page;
}

async function logIn(page: Page, side: string, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: `Log in with ${side}` }).click();
  await see(page, '#user', name);
}

/** Waits for the text; what is there instead after a while is what the test fails with. */
async function see(page: Page, selector: string, text: string): Promise<void> {
  const found = page.locator(selector).filter({ hasText: new RegExp(`^${text}$`) });
  await found.waitFor({ state: 'attached', timeout: 10_000 }).catch(() => undefined);
  expect(await page.locator(selector).textContent()).toBe(text);
}
