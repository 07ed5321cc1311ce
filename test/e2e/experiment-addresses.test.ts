import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import mysql from 'mysql2/promise';
import type { Page, Response } from 'playwright-core';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { Browser, type Visit } from './experiments/browser.ts';
import { type Certificate, selfSigned } from './experiments/certificate.ts';
import { print } from './experiments/report.ts';
import { type Resolver, startResolver } from './experiments/resolver.ts';
import { type CounterServer, type Database, startNode, startPhp } from './experiments/servers.ts';

// One https name with three addresses, a server on each, nothing before them. A browser that finds no server at one
// address goes on to the next by itself, and its session is there already. See docs/experiments.md.

const name = 'counter.test';
const start: Record<string, typeof startPhp> = { '127.0.0.2': startPhp, '127.0.0.3': startNode, '127.0.0.4': startPhp };
const addresses = Object.keys(start);

type CounterVisit = Visit & { count: number; server: string };

const directory = temporaryDirectory('experiment');
const running = new Map<string, CounterServer>();
const visits: CounterVisit[] = [];
let mariadb: Awaited<ReturnType<typeof startMariadb>>;
let database: Database;
let tls: Certificate;
let port: number;
let resolver: Resolver;
let browser: Browser;

beforeAll(async () => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  tls = selfSigned(name, directory.path);
  mariadb = await startMariadb();
  const { host, user, password } = mariadb;
  database = { host, port: mariadb.port, user, password, database: 'test' };
  const admin = await mysql.createConnection(database);
  await admin.query(createTableSql({ table: 'session' }));
  await admin.end();
  port = await freePort(addresses);
  for (const address of addresses) await run(address);
  resolver = await startResolver(name, addresses, { tls });
  browser = await Browser.start(directory.path, { resolver: resolver.url, tls });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await resolver?.stop();
  for (const address of addresses) await kill(address);
  await mariadb?.stop();
  directory.remove();
}, 60_000);

test('whichever server is killed, the browser finds the next by itself, and its session there', async () => {
  const rows: (string | number)[][] = [];
  /** Ten pages; returns the address of the last one. */
  const stay = async (event: string) => {
    const here: CounterVisit[] = [];
    for (let i = 0; i < 10; i++) here.push(await visit());
    const inUse = [...new Set(here.map(({ address }) => address))];
    const counts = `${here[0]?.count} to ${here.at(-1)?.count}`;
    const connections = new Set(here.map(({ connection }) => connection)).size;
    rows.push([event, inUse.join(', '), here[0]!.server, counts, connections, `${Math.round(here[0]!.took)} ms`]);
    return inUse.at(-1)!;
  };

  const first = await stay('at first');
  await kill(first);
  const second = await stay(`${first} killed`);
  await kill(second);
  const third = await stay(`${second} killed`);
  expect([first, second, third].sort()).toEqual(addresses);
  await run(first);
  await run(second);
  const fourth = await stay('both are back');
  await kill(fourth);
  expect(await stay(`${fourth} killed`)).not.toBe(fourth);
  await run(fourth);

  print(
    `https://${name} has the addresses ${addresses.join(', ')}: ten pages each`,
    ['event', 'address in use', 'server', 'counter', 'connections', 'first page after'],
    rows,
  );
}, 60_000);

test('killed in the middle of requests: the counter never goes back', async () => {
  const before = visits.at(-1)!.count;
  const [first, kills] = [visits.length, 6];
  let failed = 0;
  let killing = true;
  const visiting = (async () => {
    while (killing) {
      const next = await browser.visit(url(), read).catch(() => undefined);
      if (next === undefined) failed++;
      else seen(next);
    }
  })();
  for (let i = 0; i < kills; i++) {
    const soon = visits.length + 3;
    while (visits.length < soon) await Promise.race([sleep(1), visiting]);
    await sleep(Math.random() * 50);
    const { address } = visits.at(-1)!;
    await kill(address);
    await run(address);
  }
  killing = false;
  await visiting;
  const pages = visits.length - first;
  const { count } = visits.at(-1)!;
  process.stdout.write(
    `\n  killed ${kills} times in the middle: ${pages} pages seen, ${failed} errors shown, counter ${before} to ${count}\n`,
  );
  // What was counted without an answer can only be what was under way in a server that was killed.
  expect(count).toBeGreaterThanOrEqual(before + pages);
  expect(count).toBeLessThanOrEqual(before + pages + kills);
}, 60_000);

test('how long the browser stays with an address', async () => {
  // Not with the first one, so that one sees whether the browser goes back there.
  const [first] = addresses as [string];
  while ((await visit()).address === first) {
    await kill(first);
    await visit();
    await run(first);
  }
  const rows: (string | number)[][] = [];
  let last = await visit();
  for (const pause of [0, 0.5, 2, 4, 7]) {
    await sleep(1000 * pause);
    const next = await visit();
    const connection = next.connection === last.connection ? 'the same' : 'another';
    rows.push([`${pause} s`, connection, next.address, next.server, `${Math.round(next.took)} ms`]);
    last = next;
  }
  print(
    `After a pause, with all servers there (they end connections that are idle for 5 s); in ${visits.length} pages the ` +
      `browser asked ${resolver.asked()} times for the addresses, whose time to live is 1 s`,
    ['pause', 'connection', 'address', 'server', 'page after'],
    rows,
  );
  expect(new Set(visits.map(({ address }) => address))).toEqual(new Set(addresses));
}, 60_000);

const url = () => `https://${name}:${port}/counter.php`;

/** What the counter page says. */
async function read(page: Page, response: Response) {
  const count = Number(await page.locator('b').textContent());
  return { count, server: (await response.headerValue('x-served-by')) ?? '' };
}

/** Opens the page when no request was lost before: it counts on by one. */
async function visit(): Promise<CounterVisit> {
  const before = visits.at(-1)?.count ?? 0;
  const next = seen(await browser.visit(url(), read));
  expect(next.count).toBe(before + 1);
  return next;
}

/** Notes a page, whose count must be above all before. */
function seen(next: CounterVisit): CounterVisit {
  expect(next.status).toBe(200);
  expect(next.count).toBeGreaterThan(visits.at(-1)?.count ?? 0);
  visits.push(next);
  return next;
}

async function run(address: string): Promise<void> {
  const kind = start[address] === startPhp ? 'PHP' : 'Node';
  const settings = { database, table: 'session', timeType: 'int' as const, tls, directory: directory.path };
  running.set(address, await start[address]!({ ...settings, name: `${kind} on ${address}`, host: address, port }));
}

async function kill(address: string): Promise<void> {
  await running.get(address)?.kill();
  running.delete(address);
}
