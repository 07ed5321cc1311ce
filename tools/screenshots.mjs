// Makes the pictures of docs/images: `node tools/screenshots.mjs`, of the farm's page, or `node tools/screenshots.mjs horde`, of
// examples/horde. It needs what `npm test` or `npm run horde` needs, and the Debian packages fonts-inter, fonts-jetbrains-mono and pngquant.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startFarm } from '../examples/farm/farm.mjs';
import { visitExample } from '../test/horde/example.mjs';
import { build } from './build.mjs';
import { startChromium } from './services/chromium.mjs';
import { program } from './services/packages.mjs';
import { root } from './setup.mjs';

const MOST_BYTES = 200_000;
/** @type {Record<string, { colorScheme: 'light' | 'dark', width: number, height?: number }>} */
const pictures = {
  'farm-light': { colorScheme: 'light', width: 1120 },
  'farm-dark': { colorScheme: 'dark', width: 1120 },
  'farm-phone': { colorScheme: 'light', width: 390, height: 844 },
};

await build();
const directory = join(root, 'docs', 'images');
mkdirSync(directory, { recursive: true });
if (process.argv[2] === 'horde') await ofHorde();
else await ofFarm();

async function ofHorde() {
  const viewport = { width: 1120, height: 640 };
  await visitExample({
    browser: { viewport },
    async seen(name, page) {
      await page.waitForLoadState('networkidle');
      const file = join(directory, `${name}.png`);
      const height = name === 'horde-node' ? 490 : 340;
      await page.screenshot({ path: file, clip: { x: 0, y: 0, width: viewport.width, height } });
      shrink(file);
    },
  });
}

async function ofFarm() {
  const farm = await startFarm();
  const browser = await startChromium({ deviceScaleFactor: 2 });
  try {
    for (const [name, { colorScheme, width, height }] of Object.entries(pictures)) {
      await browser.context.clearCookies();
      const page = await browser.context.newPage();
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: height ?? 1_400 });
      await page.goto(farm.url);
      await act(page);
      const file = join(directory, `${name}.png`);
      // Without a height: down to the end of the row, the heart of the page.
      const row = await page.locator('#row').boundingBox();
      const clip = { x: 0, y: 0, width, height: height ?? (row?.y ?? 0) + (row?.height ?? 0) + 8 };
      await page.screenshot({ path: file, clip });
      await page.close();
      shrink(file);
    }
  } finally {
    await browser.stop();
    await farm.stop();
  }
}

/**
 * A login, a crowd, and a moment in which one request holds the lock and another waits.
 *
 * @param {import('playwright-core').Page} page
 */
async function act(page) {
  const press = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true }).click();
  const sees = (/** @type {string} */ selector, /** @type {RegExp} */ text) =>
    page.locator(selector).filter({ hasText: text }).first().waitFor();
  await press('Count in Node');
  await sees('#decoded', /count/);
  await page.getByLabel('Your name').fill('Zoë');
  await press('Log in with PHP');
  await sees('#decoded', /user/);
  await press('20 requests at once');
  await sees('#verdict', /different numbers/);
  await sees('#holder', /Free/);
  await press('Slow in Node');
  await sees('#holder', /Held by node/);
  await press('Count in PHP');
  await sees('#waiting', /php-.*longest for [4-9]\d\d ms/);
  await page.mouse.move(0, 0);
  await page.evaluate('document.activeElement.blur(), scrollTo(0, 0)');
}

/** @param {string} file */
function shrink(file) {
  const { status, stderr } = spawnSync(program('pngquant'), ['--force', '--ext=.png', '--strip', '--speed=1', file]);
  if (status !== 0) throw new Error(`pngquant failed: ${stderr}`);
  const { size } = statSync(file);
  console.log(`${file}: ${size} bytes`);
  if (size > MOST_BYTES) throw new Error(`More than ${MOST_BYTES} bytes`);
}
