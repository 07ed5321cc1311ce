import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Koa from 'koa';
import { phpSession } from '../../src/middleware/koa.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type PhpServer, startPhpServer } from '../../tools/services/php.mjs';
import { compare, question, scenariosFor } from './life/compare.mjs';
import { differences } from './life/model.mjs';

/** The life of a session in the installed PHP and in Node: calls of the store, rows, cookies, headers, results. */

let php: PhpServer;
const version = execFileSync('php', ['-n', '-r', 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'], {
  encoding: 'utf8',
});
const scenarios = scenariosFor(version);
const used = new Set<string>();
/** PHP's, by scenario: several at a time are asked for. */
const answers = new Map<object, unknown>();

beforeAll(async () => {
  php = await startPhpServer({ documentRoot: join(__dirname, 'life'), workers: 4 });
  const queue = [...scenarios];
  const work = async () => {
    for (let scenario = queue.pop(); scenario !== undefined; scenario = queue.pop()) {
      answers.set(scenario, await ask(question(scenario), scenario.cookie, scenario.query));
    }
  };
  await Promise.all([work(), work(), work(), work()]);
}, 60_000);

afterAll(() => php.stop());

/** Goes past fetch(), which would not send just any `Cookie` header. */
async function ask(body: string, cookie: string | undefined, query = ''): Promise<unknown> {
  const headers = { Connection: 'close', ...(cookie !== undefined && { cookie }) };
  const sent = request(`${php.url}/scenario.php${query}`, { method: 'POST', agent: false, headers }).end(body);
  const [response] = await once(sent, 'response');
  return JSON.parse(await text(response));
}

test('there are enough scenarios, and no two have one name', () => {
  expect(scenarios.length).toBeGreaterThan(600);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

test.each(scenarios)('$name', async (scenario) => {
  const answer = answers.get(scenario);
  const { php, node, used: switches } = await compare(scenario, answer, version, { Koa, phpSession, memoryStore });
  expect(php.actual).toEqual(php.expected);
  expect(node.actual).toEqual(node.expected);
  for (const one of switches) used.add(one);
});

test('each difference is in one of them, and has its reason in docs/php-life-cycle.md', () => {
  expect([...used].sort()).toEqual([...differences].sort());
  const page = readFileSync(join(__dirname, '../../docs/php-life-cycle.md'), 'utf8');
  const rows = [...page.matchAll(/^\| \*\*(.+?)\*\* \|/gm)].map(([, name]) => name);
  expect(rows).toEqual([...differences]);
});
