import { afterAll, beforeAll } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { type Browser, Example, startPhp } from './example.ts';
import { formsContract } from './forms.ts';

/** examples/nitro: Nitro 3, which has h3 2, beside PHP. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/nitro');
  php = await startPhp();
  await run(process.execPath, ['node_modules/nitro/dist/cli/index.mjs', 'build'], example.consumer.path());
  await example.start(['.output/server/index.mjs'], { HOST: '127.0.0.1' });
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

formsContract(
  () => ({ php, example }),
  (browser: Browser, what, name) =>
    browser.ask(`${example.url}/${what}`, { method: 'POST', body: new URLSearchParams({ name }) }),
);
