import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { type Browser, Example, startPhp } from './example.ts';
import { formsContract } from './forms.ts';

/** examples/nuxt: Nuxt 4 with Nitro 2, which has h3 1, beside PHP. Nuxt 4 needs Node 22. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/nuxt');
  php = await startPhp();
  await run(example.newestNode, ['node_modules/nuxt/bin/nuxt.mjs', 'build'], example.consumer.path());
  await example.start(['.output/server/index.mjs'], { HOST: '127.0.0.1' }, '/', example.newestNode);
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

test('the browser gets nothing of the package', () => {
  const folder = example.consumer.path('.output/public/_nuxt');
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  expect(names.length).toBeGreaterThan(0);
  const isOurs = (name: string) =>
    /PHPSESSID|PhpSessionError|usePhpSession/.test(readFileSync(join(folder, name), 'utf8'));
  expect(names.filter(isOurs)).toEqual([]);
});

formsContract(
  () => ({ php, example }),
  (browser: Browser, what, name) =>
    browser.ask(`${example.url}/${what}`, { method: 'POST', body: new URLSearchParams({ name }) }),
);
