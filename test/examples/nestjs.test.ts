import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Relay } from '../integration/mysql-relay.ts';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { Browser, Example, phpPage, startPhp, table } from './example.ts';

/** examples/nestjs: compiled by TypeScript, on both platforms, beside PHP. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/nestjs');
  php = await startPhp();
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], example.consumer.path());
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

describe.each(['express', 'fastify'])('%s', (platform) => {
  let relay: Relay;
  let browser: Browser;

  beforeAll(async () => {
    relay = await Relay.start(php.mysql);
    await start();
  });
  beforeEach(() => {
    browser = new Browser();
  });
  afterEach(() => expect(php.log()).toBe(''));

  const start = () => {
    const { user, password } = php.mysql;
    const DATABASE = `mysql://${user}:${password}@127.0.0.1:${relay.port}/test`;
    return example.start([`dist/${platform}.js`], { DATABASE });
  };
  const get = async (path = '/') => (await browser.ask(example.url + path)).text;
  const post = async (path: string) => (await browser.ask(example.url + path, { method: 'POST' })).text;

  test('@Session() is $_SESSION', async () => {
    expect([await get(), await get()]).toEqual(['Visit 1 of somebody', 'Visit 2 of somebody']);
    expect(await phpPage(php, browser.id!, 'return ++$_SESSION["count"];')).toBe(3);
    expect(await get()).toBe('Visit 4 of somebody');
  });

  test('a guard lets in who has logged in, here or in PHP', async () => {
    await get();
    const before = browser.id!;
    expect((await browser.ask(`${example.url}/account`)).status).toBe(403);
    expect(await post('/login')).toBe('Welcome');
    expect(browser.id).not.toBe(before);
    expect(await get('/account')).toBe('Account of Ann');
    await phpPage(php, browser.id!, 'return session_destroy();');
    expect((await browser.ask(`${example.url}/account`)).status).toBe(403);

    const other = new Browser();
    await other.ask(example.url);
    await phpPage(php, other.id!, 'return $_SESSION["user"] = ["name" => "Bob"];');
    expect((await other.ask(`${example.url}/account`)).text).toBe('Account of Bob');
  });

  test('a logout', async () => {
    await get();
    await post('/login');
    const loggedIn = browser.id!;
    expect(await post('/logout')).toBe('Goodbye');
    expect(browser.id).toBeUndefined();
    expect(await php.row(table, loggedIn)).toBeUndefined();
  });

  test('20 requests here and 10 of PHP, each +1', async () => {
    await get();
    const id = browser.id!;
    const page = 'return ++$_SESSION["count"];';
    await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? phpPage(php, id, page) : get())));
    expect(await get()).toBe('Visit 32 of somebody');
  });

  test('SIGTERM: a request that waits for the lock is answered, and what it stored is there', async () => {
    await get();
    const release = await php.hold(table, browser.id!);
    const waiting = get();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const over = example.end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await release();
    expect(await waiting).toBe('Visit 2 of somebody');
    expect(await over).toMatch(/^(exit 0|SIGTERM)$/);
    expect(await php.row(table, browser.id!)).toBe('count|i:2;');
    await start();
  });

  test('a database that is away is a 503, and its reason is for the log', async () => {
    await get();
    await relay.stop();
    const { status, headers, text } = await browser.ask(example.url);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(text).toContain('Service Unavailable');
    expect(text).not.toMatch(/database|mysql|ERR_/i);
    expect(example.log()).toContain('ERR_SESSION_UNAVAILABLE');
    expect(await example.end()).toMatch(/^(exit 0|SIGTERM)$/);
  });
});
