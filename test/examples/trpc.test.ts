import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Relay } from '../integration/mysql-relay.ts';
import type { Harness } from '../php/harness.ts';
import { Browser, Example, phpPage, startPhp, table } from './example.ts';

/** examples/trpc: tRPC 11 on node:http, beside PHP. */

let php: Harness;
let example: Example;
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  example = await Example.install('examples/trpc');
  php = await startPhp();
  relay = await Relay.start(php.mysql);
  await start();
}, 240_000);

beforeEach(() => {
  browser = new Browser();
});

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

function start(): Promise<void> {
  const { user, password } = php.mysql;
  const DATABASE = `mysql://${user}:${password}@127.0.0.1:${relay.port}/test`;
  return example.start(['server.mjs'], { DATABASE });
}

const json = { 'content-type': 'application/json' };
const mutation = (body: unknown = null) => ({ method: 'POST', headers: json, body: JSON.stringify(body) });

/** What a call returns. */
async function call(path: string, init?: RequestInit): Promise<unknown> {
  const { status, text } = await browser.ask(`${example.url}/${path}`, init);
  if (status !== 200) throw new Error(`${status} ${text}\n${example.log()}`);
  return JSON.parse(text).result?.data;
}

test('a query writes nothing, and no cache keeps its answer', async () => {
  expect(await call('page')).toBe('Visit 0 of somebody');
  expect([browser.id, await php.count(table)]).toEqual([undefined, 0]);
  expect(await call('count', mutation())).toBe(1);
  const { headers } = await browser.ask(`${example.url}/page`);
  expect(headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
});

test('a mutation begins a session, which PHP has too', async () => {
  await call('count', mutation());
  expect(await phpPage(php, browser.id!, 'return ++$_SESSION["count"];')).toBe(2);
  expect(await call('count', mutation())).toBe(3);
  expect(await call('page')).toBe('Visit 3 of somebody');
});

test('a login and a logout, here and in PHP', async () => {
  await call('count', mutation());
  const before = browser.id!;
  await call('login', mutation('Ann'));
  expect(browser.id).not.toBe(before);
  expect([await call('page'), await php.row(table, before)]).toEqual(['Visit 1 of Ann', '']);
  const loggedIn = browser.id!;
  await call('logout', mutation());
  expect([browser.id, await php.row(table, loggedIn)]).toEqual([undefined, undefined]);

  await call('login', mutation('Ann'));
  await phpPage(php, browser.id!, 'return session_destroy();');
  expect(await call('page')).toBe('Visit 0 of somebody');
});

test('a procedure that fails stores nothing, and frees the lock', async () => {
  await call('count', mutation());
  const bad = { method: 'POST', headers: json, body: '{' };
  expect((await browser.ask(`${example.url}/login`, bad)).status).toBe(400);
  expect((await browser.ask(`${example.url}/nothing`, mutation())).status).toBe(404);
  expect((await browser.ask(`${example.url}/count`)).status).toBe(405); // a mutation by GET
  expect(await call('count', mutation())).toBe(2);
});

test('a batch: each call has the session by itself', async () => {
  const batch = (calls: string[]) => {
    const body = JSON.stringify(Object.fromEntries(calls.map((_, i) => [i, null])));
    return browser.ask(`${example.url}/${calls.join(',')}?batch=1`, { method: 'POST', headers: json, body });
  };
  await call('count', mutation());
  const { status } = await batch(Array(10).fill('count'));
  expect([status, await call('page')]).toEqual([200, 'Visit 11 of somebody']);
});

test('what sends its headers first is refused: a login could set no cookie', async () => {
  await call('count', mutation());
  const before = browser.id;
  const init = mutation({ 0: 'Ann' });
  const headers = { ...json, 'trpc-accept': 'application/jsonl' };
  const { text, headers: answered } = await browser.ask(`${example.url}/login?batch=1`, { ...init, headers });
  expect(text).toContain('no httpBatchStreamLink');
  expect([browser.id, answered.getSetCookie()]).toEqual([before, []]);
  expect(await call('page')).toBe('Visit 1 of somebody');
});

test('a client that sends slowly keeps no other request waiting', async () => {
  await call('count', mutation());
  const headers = { ...json, 'content-length': 100, cookie: `PHPSESSID=${browser.id}` };
  const slow = request(`${example.url}/login`, { method: 'POST', headers });
  slow.on('error', () => undefined);
  slow.write('"');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await call('count', mutation())).toBe(2);
  slow.destroy();
});

test('20 calls here and 10 pages of PHP, each +1', async () => {
  await call('count', mutation());
  const id = browser.id!;
  const page = 'return ++$_SESSION["count"];';
  await Promise.all(
    Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? phpPage(php, id, page) : call('count', mutation()))),
  );
  expect(await call('page')).toBe('Visit 31 of somebody');
});

test('SIGTERM: a request that waits for the lock is answered, and what it stored is there', async () => {
  await call('count', mutation());
  const release = await php.hold(table, browser.id!);
  const waiting = call('count', mutation());
  await new Promise((resolve) => setTimeout(resolve, 300));
  const over = example.end();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await release();
  expect(await waiting).toBe(2);
  expect(await over).toMatch(/^(exit 0|SIGTERM)$/);
  expect(await php.row(table, browser.id!)).toBe('count|i:2;');
  await start();
});

test('a database that is away is a 503, and its reason is for the log', async () => {
  await call('count', mutation());
  await relay.stop();
  const { status, headers, text } = await browser.ask(`${example.url}/page`);
  expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  expect(text).toContain('Please try again');
  expect(text).not.toMatch(/database|mysql|ERR_/i);
  expect(example.log()).toContain('ERR_SESSION_UNAVAILABLE');
});
