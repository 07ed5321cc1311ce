import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { type Farm, startFarm } from '../../examples/farm/farm.mjs';
import { startObserver } from '../../examples/farm/observer/observer.mjs';
import { Visitor } from '../../examples/farm/visitor.mjs';
import { startChromium } from '../../tools/services/chromium.mjs';
import { freePort } from '../../tools/services/ports.mjs';

let farm: Farm;
let browser: Awaited<ReturnType<typeof startChromium>>;
let context: BrowserContext;
let page: Page;
/** All that the browser was asked for, and what went wrong in the page. */
const urls: string[] = [];
const errors: string[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  [farm, browser] = await Promise.all([startFarm(), startChromium()]);
  context = browser.context;
  context.on('request', (request) => urls.push(request.url()));
  context.on('weberror', (error) => errors.push(error.error().message));
}, 120_000);

beforeEach(async () => {
  page = await context.newPage();
  await page.goto(farm.url);
});

afterEach(async () => {
  await page.close();
  await context.clearCookies();
  expect(errors.splice(0)).toEqual([]);
  // Nothing comes from elsewhere, and nothing goes there.
  const hosts = urls.splice(0).map((url) => new URL(url));
  expect(hosts.filter(({ origin, protocol }) => origin !== farm.url && protocol !== 'data:')).toEqual([]);
  expect(hosts).not.toEqual([]);
});

afterAll(async () => {
  await browser?.stop();
  await farm?.stop();
});

describe('the page', () => {
  test('describes itself, on the screen and to screen readers', async () => {
    await expectText(page.getByRole('heading', { level: 1 }), /^One session, two languages$/);
    for (const name of ['PHP', 'Node', '$_SESSION', 'lock', 'login', 'counter']) {
      expect(await page.locator('.lead').first().textContent()).toContain(name);
    }
    const regions = page.getByRole('region');
    for (const name of [
      'Your session',
      'Who answered',
      'The lock on your row',
      'Your row in the table',
      'Make trouble',
    ]) {
      expect(await regions.filter({ has: page.getByRole('heading', { name, exact: true }) }).count()).toBe(1);
    }
    for (const button of await page.getByRole('button').all())
      expect((await button.textContent())?.trim()).not.toBe('');
  });

  test('names the server of each answer, in turn', async () => {
    for (let i = 1; i <= 8; i++) {
      await button('Count').click();
      await expectText(page.locator('#count'), new RegExp(`^${i}$`));
    }
    const tags = await page.locator('#requests .tag').allTextContents();
    expect(tags).toHaveLength(9); // Eight, and the page itself.
    expect(new Set(tags)).toEqual(new Set(Object.keys(farm.servers)));
    await expectText(page.locator('#answered'), /(php-\d, PHP|node-\d, Node) [\d.]+/);
    await page.reload();
    expect(await page.locator('#requests li').count()).toBe(10);
  });

  test('works without scripts', async () => {
    const devTools = await context.newCDPSession(page);
    await devTools.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.goto(farm.url);
    await button('Count in PHP').click();
    await button('Count in Node').click();
    expect(await page.locator('#count').textContent()).toBe('2');
    await page.getByLabel('Your name').fill('Zoë');
    await button('Log in with Node').click();
    expect(await page.locator('#user').textContent()).toBe('Zoë');
    await button('Log out with PHP').click();
    expect(await page.locator('#name').isVisible()).toBe(true);
    expect(await page.locator('section:visible').count()).toBe(1);
  });

  test('can be used with a keyboard alone', async () => {
    await tabTo('Count');
    await page.keyboard.press('Enter');
    await expectText(page.locator('#count'), /^1$/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await expectText(page.locator('#answered'), /php-/);
    await tabTo('name');
    await page.keyboard.type('Zoë');
    await page.keyboard.press('Enter');
    await expectText(page.locator('#user'), /^Zoë$/);
    await expectFocus('Log out with PHP'); // The field is gone, and the focus is not.
    await tabTo('Log out with Node');
    await page.keyboard.press('Enter');
    await page.locator('#name').waitFor();
    await expectFocus('name');
    for (const name of [
      'Slow in PHP',
      'Slow in Node',
      '20 requests at once',
      'php-1',
      'node-2',
      'Stop it for 5 seconds',
    ]) {
      await tabTo(name);
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
  });

  test.each([1280, 1060, 960, 700, 390, 360])(
    'at a width of %i pixels no request is written over another one, whatever the font',
    async (width) => {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(`sessionStorage.setItem('requests', '${JSON.stringify(requestsOfAllKinds)}')`);
      await page.reload();
      await page.locator('#requests li').nth(requestsOfAllKinds.length).waitFor();
      for (const font of ['', 'DejaVu Sans', 'monospace']) {
        await page.evaluate(`document.body.style.fontFamily = ${JSON.stringify(font)}`);
        expect(await page.evaluate(overlaps)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      }
    },
  );

  test.each(['light', 'dark'] as const)('fits a width of 360 pixels, and can be read: %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByLabel('Your name').fill('W'.repeat(50));
    await button('Log in with PHP').click();
    await page.locator('#hex mark, #decoded dd').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.evaluate(contrasts)).toEqual([]);
  });
});

describe('what is pushed', () => {
  test('a request from elsewhere shows within a second: counter, bytes, and what they mean', async () => {
    await button('Count').click();
    await expectText(page.locator('#decoded'), /^count1$/);
    const visitor = await twin();
    const waits = [];
    for (let i = 2; i <= 6; i++) {
      await visitor.get('/count');
      const since = performance.now();
      await expectText(page.locator('#count'), new RegExp(`^${i}$`));
      waits.push(performance.now() - since);
      await expectText(page.locator('#decoded'), new RegExp(`^count${i}$`));
      await expectText(page.locator('#decoded mark'), new RegExp(`^${i}$`));
      await expectText(page.locator('#hex mark').first(), new RegExp(`^3${i}$`)); // The digit, in ASCII.
    }
    // The one in the middle, as this machine may be busy with other things.
    expect(waits.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  test('only the holder of the cookie sees the row and its lock', async () => {
    await button('Count').click();
    await expectText(page.locator('#decoded'), /^count1$/);
    await button('Slow in Node').click();
    await expectText(page.locator('#holder'), /^Held by node-/);
    const { cookie } = await twin();
    const server = expect.stringMatching(/^node-/);
    expect(await firstEvent({ cookie })).toMatchObject({ row: { count: 1 }, lock: { holder: { server } } });
    expect(await firstEvent({})).toMatchObject({ row: null, database: true });
    const other = `PHPSESSID=${'a'.repeat(32)}`;
    expect(await firstEvent({ cookie: other })).toMatchObject({ row: null, lock: { holder: null, waiting: [] } });
  });
});

describe('trouble', () => {
  beforeEach(async () => {
    await page.getByLabel('Your name').fill('Zoë');
    await button('Log in with PHP').click();
    await expectText(page.locator('#user'), /^Zoë$/);
    await button('Count').click();
    await expectText(page.locator('#count'), /^1$/);
  });

  /** All work, nothing is lost, and no visitor is logged out. */
  async function expectAllIsWell(count: number) {
    // The page may not have heard of a server's end yet.
    const areUp = () => Object.values(farm.servers).every(({ running }) => running);
    for (const end = Date.now() + 15_000; !areUp() && Date.now() < end; ) await sleep(20);
    await page
      .locator('#farm li[data-state=down]')
      .waitFor({ state: 'detached', timeout: 15_000 })
      .catch(() => undefined);
    expect(await page.locator('#farm li[data-state=runs]').count()).toBe(8);
    await expectText(page.locator('#count'), new RegExp(`^${count}$`));
    await expectText(page.locator('#user'), /^Zoë$/);
    const visitor = await twin();
    for (const [i, { url }] of Object.values(farm.servers).entries()) {
      expect(await visitor.get('/count', { at: url })).toMatchObject({ count: count + i + 1, user: 'Zoë' });
    }
  }

  test.each([
    ['PHP', 'Node'],
    ['Node', 'PHP'],
  ])('a slow request in %s holds the lock, and one in %s waits for it', async (slow, other) => {
    const name = (side: string) => `${side.toLowerCase()}-\\d`;
    await button(`Slow in ${slow}`).click();
    await expectText(page.locator('#holder'), new RegExp(`^Held by ${name(slow)} for`));
    await button(`Count in ${other}`).click();
    await expectText(page.locator('#waiting'), new RegExp(`^Waiting: ${name(other)}\\. The longest for`));
    await expectText(page.locator('#holder'), /^Free$/);
    await expectText(page.locator('#count'), /^3$/);
    await page.locator('#requests li').nth(4).waitFor(); // The page, the login, a count, and these two.
    expect((await page.locator('#requests .n').allTextContents()).slice(0, 2).sort()).toEqual(['2', '3']);
    expect(await page.locator('#track :is(.php, .node)').count()).toBeGreaterThan(0);
    await expectAllIsWell(3);
  });

  test('20 requests at once are answered by all four servers, each with its own number', async () => {
    await button('20 requests at once').click();
    await expectText(page.locator('#verdict'), /^20 of 20 answered, with 20 different numbers, 2 to 21:/);
    const tags = await page.locator('#requests li:nth-child(-n+20) .tag').allTextContents();
    expect(new Set(tags)).toEqual(new Set(Object.keys(farm.servers)));
    const times = await page.locator('#requests li:nth-child(-n+20) .ms').allTextContents();
    expect(times.filter((time) => /^[\d.]+ m?s$/.test(time))).toHaveLength(20);
    await expectAllIsWell(21);
  }, 60_000);

  test.each(['php-1', 'node-2'] as const)('%s is killed, and is back by itself', async (name) => {
    const { pid } = farm.servers[name];
    await button(name).click();
    await expectText(page.locator('#said'), new RegExp(`^${name} was killed`));
    await expectText(page.locator(`#farm [data-name=${name}]`), new RegExp(`runs, process (?!${pid}$)\\d+$`));
    await expectAllIsWell(1);
  });

  test('a server that is killed while it holds the lock frees it', async () => {
    await button('Slow in Node').click();
    await expectText(page.locator('#holder'), /^Held by node-[1-5]/);
    const holder = (await page.locator('#holder b').textContent()) as keyof typeof farm.servers;
    await button('Count in PHP').click();
    await expectText(page.locator('#waiting'), /^Waiting: php-/);
    await button(holder).click();
    await expectText(page.locator('#requests li', { hasText: '/count' }).first(), /^2php-/);
    // The slow one has no answer, or the browser sends it again: a proxy that ends a connection that had been used before
    // asks it to. Then it counts.
    await page.locator('#requests li', { hasText: '/slow' }).waitFor({ timeout: 12_000 });
    const again = await page.locator('#requests li.node, #requests li.php').filter({ hasText: '/slow' }).count();
    await expectAllIsWell(2 + again);
  });

  test('the database stands still, requests wait, and then succeed', async () => {
    await button('Stop it for 5 seconds').click();
    await expectText(page.locator('#farm [data-name=database]'), /stands still/);
    await expectText(page.locator('#holder'), /^Nobody can tell$/);
    await button('Count').click();
    await expectText(page.locator('#requests .n').first(), /^2$/);
    await expectText(page.locator('#holder'), /^Free$/);
    await expectAllIsWell(2);
  });
});

describe('the trouble of other sites', () => {
  const { origin, host } = { origin: () => farm.url, host: () => new URL(farm.url).host };

  test.each<[string, number, string, () => Record<string, string>]>([
    ['from another site', 403, 'POST', () => ({ origin: 'https://example.com' })],
    ['from another port of this machine', 403, 'POST', () => ({ origin: 'http://127.0.0.1:1' })],
    ['from nowhere', 403, 'POST', () => ({})],
    ['from a site of the same machine', 403, 'POST', () => ({ origin: origin(), 'sec-fetch-site': 'same-site' })],
    [
      'under a name that is not of loopback',
      421,
      'POST',
      () => ({ host: 'example.com', origin: 'http://example.com' }),
    ],
    ['by a link', 404, 'GET', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['with another method', 405, 'PUT', () => ({ origin: origin() })],
  ])('%s is refused', async (_, status, method, headers) => {
    const { pid } = farm.servers['php-1'];
    expect(await ask(method, '/farm/kill?server=php-1', headers())).toBe(status);
    expect(farm.servers['php-1'].pid).toBe(pid);
  });

  test('no other site may listen', async () => {
    expect(await ask('GET', '/farm/events', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask('GET', '/farm/events', { host: `example.com:${host().split(':')[1]}` })).toBe(421);
    const response = await fetch(`${farm.url}/farm/events`, { headers: { origin: 'https://example.com' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    await response.body?.cancel();
  });
});

describe('the observer', () => {
  let observer: Awaited<ReturnType<typeof startObserver>>;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    const { host, port: databasePort, user, password, database, table } = farm.database;
    const connection = { host, port: databasePort, user, password, database };
    const { servers } = farm;
    observer = await startObserver({ port, connection, table, servers, database: farm.database });
    url = `http://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    await observer.stop();
  });

  test('outlives whatever is asked for', async () => {
    for (const path of ['//', '//?server=php-1', '/farm/kill?%', '/?']) {
      expect((await fetch(url + path)).status).toBe(404);
    }
  });

  test.each([
    ['an int beyond 2^53', 'count|i:9007199254740993;', '9007199254740993n'],
    ['a cycle', 'user|a:1:{i:0;R:1;}', 'Circular'],
    ['no session at all', 'nonsense', undefined],
  ])('shows a row with %s', async (_, data, value) => {
    const id = randomBytes(16).toString('hex');
    const { table, ...server } = farm.database;
    const { host, port, user, password, database } = server;
    const connection = await createConnection({ host, port, user, password, database });
    await connection.query('INSERT INTO ?? VALUES (?, ?, UNIX_TIMESTAMP())', [table, id, Buffer.from(data)]);
    await connection.end();
    const event = (await firstEvent({ cookie: `PHPSESSID=${id}` }, url)) as { row: { hex: string; decoded: unknown } };
    expect(event.row.hex).toBe(Buffer.from(data).toString('hex'));
    expect(JSON.stringify(event.row.decoded)).toContain(value ?? '[]');
  });
});

const requestsOfAllKinds = [
  { what: '/count', server: 'node-2', language: 'Node 26.10.0, koa-session', count: 123456, ok: true, ms: 12_345 },
  { what: '/slow', failure: 'no answer (502)', ms: 3_000 },
  { what: '/logout', server: 'node-2', failure: 'busy (503)', ms: 10_001 },
  { what: '/count', server: 'php-1', language: 'PHP 8.6.0-dev', count: 3, ok: true, ms: 5 },
  { what: '/', server: 'node-1', language: 'Node 26.10.0', count: 2, ok: true, ms: 46 },
];

/** In the page: what is written of one request and stands where something else of the list does. */
const overlaps = `(() => {
  const texts = [...document.querySelectorAll('#requests span')].filter((span) => span.offsetParent && span.textContent);
  const boxes = texts.map((span) => {
    const range = document.createRange();
    range.selectNodeContents(span);
    return [span.textContent, range.getBoundingClientRect()];
  });
  const { left, right } = document.querySelector('#requests').getBoundingClientRect();
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return [
    ...boxes.filter(([, box]) => box.left < left - 1 || box.right > right + 1).map(([text]) => text + ' is outside'),
    ...boxes.flatMap(([one, a], i) => boxes.slice(i + 1).filter(([, b]) => meet(a, b)).map(([other]) => one + ' / ' + other)),
  ];
})()`;

const button = (name: string) => page.getByRole('button', { name, exact: true });

/** Presses Tab until the focus is on the button of this name, or the element of this id. */
async function tabTo(name: string): Promise<void> {
  for (let i = 0; i < 40 && (await focused()) !== name; i++) await page.keyboard.press('Tab');
  await expectFocus(name);
}

const focused = () =>
  page.evaluate<string>(
    'document.activeElement.matches("input") ? document.activeElement.id : document.activeElement.textContent',
  );

async function expectFocus(name: string): Promise<void> {
  expect(await focused()).toBe(name);
}

/** Waits for the text; what is there instead after a while is what the test fails with. */
async function expectText(locator: Locator, text: RegExp): Promise<void> {
  await locator
    .filter({ hasText: text })
    .first()
    .waitFor({ state: 'attached', timeout: 12_000 })
    .catch(() => undefined);
  expect((await locator.first().textContent({ timeout: 1_000 }))?.trim()).toMatch(text);
}

/** Somebody with the cookie of the page. */
async function twin(): Promise<Visitor> {
  const visitor = new Visitor(farm.url);
  const cookie = (await context.cookies()).find(({ name }) => name === 'PHPSESSID');
  visitor.cookie = `PHPSESSID=${cookie?.value}`;
  return visitor;
}

/** The status of an answer. */
function ask(method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request(farm.url + path, { method, headers }, (response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    asking.once('error', reject).end();
  });
}

async function firstEvent(headers: Record<string, string>, url = farm.url): Promise<unknown> {
  const response = await fetch(`${url}/farm/events`, { headers });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const event = text.match(/^data: (.*)\n\n/m);
    if (event) return JSON.parse(event[1]!);
  }
  return undefined;
}

/** Runs in the page: the texts with a contrast below 4.5 (WCAG 2.2, 1.4.3), and their contrast. */
const contrasts = `(() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = rgb(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return rgb(color)[3] === 0 && element.parentElement ? background(element.parentElement) : color;
  };
  return [...document.body.querySelectorAll('*')]
    .filter((one) => one.checkVisibility() && [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .map((one) => {
      const [low, high] = [luminance(getComputedStyle(one).color), luminance(background(one))].sort((a, b) => a - b);
      return [one.textContent, (high + 0.05) / (low + 0.05)];
    })
    .filter(([, contrast]) => contrast < 4.5);
})()`;
