import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { Browser, Example, phpPage, startPhp, table } from './example.ts';

/** examples/nextjs: built for production by Turbopack, beside PHP. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/nextjs');
  php = await startPhp();
  await run(process.execPath, ['node_modules/next/dist/bin/next', 'build'], example.consumer.path());
  await example.start(['node_modules/next/dist/bin/next', 'start', '-p', String(example.port), '-H', '127.0.0.1']);
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

const shown = async (browser: Browser) => {
  const { text } = await browser.ask(example.url);
  return /<p>(.*?)<\/p>/.exec(text)?.[1];
};

/** As a browser without JavaScript sends the form of a server action. */
async function submit(browser: Browser, fields: Record<string, string> = {}) {
  const { text } = await browser.ask(example.url);
  const form = new FormData();
  for (const [, name, value] of text.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)) {
    form.append(name!, value ?? '');
  }
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return browser.ask(example.url, { method: 'POST', body: form, headers: { origin: example.url } });
}

const count = (browser: Browser) => browser.ask(`${example.url}/api/count`, { method: 'POST' });

test('a page that only reads writes nothing', async () => {
  const browser = new Browser();
  expect(await shown(browser)).toBe('Visit 0 of somebody');
  expect(browser.id).toBeUndefined();
  expect(await php.count(table)).toBe(0);
});

test('a route handler begins a session, which PHP has too', async () => {
  const browser = new Browser();
  expect((await count(browser)).text).toBe('{"count":1}');
  expect(await phpPage(php, browser.id!, 'return ++$_SESSION["count"];')).toBe(2);
  const { text, headers } = await count(browser);
  expect([text, headers.getSetCookie()]).toEqual(['{"count":3}', []]);
  expect(await shown(browser)).toBe('Visit 3 of somebody');
});

test('a login and a logout by server actions', async () => {
  const browser = new Browser();
  await count(browser);
  const before = browser.id!;
  const login = await submit(browser, { name: 'Ann' });
  expect([login.status, login.headers.get('location')]).toEqual([303, '/']);
  expect(browser.id).not.toBe(before);
  expect(await shown(browser)).toBe('Visit 1 of Ann');
  expect(await phpPage(php, browser.id!, 'return $_SESSION["user"]["name"];')).toBe('Ann');
  expect(await php.row(table, before)).toBe('');

  const loggedIn = browser.id!;
  await submit(browser);
  expect(browser.id).toBeUndefined();
  expect(await php.row(table, loggedIn)).toBeUndefined();
  browser.id = loggedIn;
  expect(await shown(browser)).toBe('Visit 0 of somebody');
});

test('a logout in PHP is one here', async () => {
  const browser = new Browser();
  await submit(browser, { name: 'Ann' });
  await phpPage(php, browser.id!, 'return session_destroy();');
  expect(await shown(browser)).toBe('Visit 0 of somebody');
});

test('20 requests here and 10 of PHP, each +1', async () => {
  const browser = new Browser();
  await count(browser);
  const id = browser.id!;
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      i % 3 === 0 ? phpPage(php, id, 'return ++$_SESSION["count"];') : count(browser),
    ),
  );
  expect(await shown(browser)).toBe('Visit 31 of somebody');
});

test('of two cookies PHP and Next.js read the same', async () => {
  const [ann, other] = [new Browser(), new Browser()];
  await submit(ann, { name: 'Ann' });
  await submit(other, { name: 'Eve' });
  const cookie = `PHPSESSID=${ann.id}; PHPSESSID=${other.id}`;
  const { text } = await new Browser().ask(example.url, { headers: { cookie } });
  expect(text).toContain('Visit 0 of Ann');
});

test('the driver and this package are not in the bundle', () => {
  const server = example.consumer.path('.next/server');
  const files = readdirSync(server, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const texts = files.map((name) => readFileSync(`${server}/${name}`, 'utf8'));
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.filter((text) => /caching_sha2_password|FOR UPDATE/.test(text))).toEqual([]);
});

test('SIGTERM: a request that waits for the lock is answered, and what it stored is there', async () => {
  const browser = new Browser();
  await count(browser);
  const release = await php.hold(table, browser.id!);
  const waiting = count(browser);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const over = example.end();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await release();
  expect((await waiting).text).toBe('{"count":2}');
  expect(await over).toMatch(/^(exit 0|exit 143|SIGTERM)$/);
  expect(await php.row(table, browser.id!)).toBe('count|i:2;');
});
