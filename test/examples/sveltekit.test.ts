import { afterAll, beforeAll } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { type Browser, Example, startPhp } from './example.ts';
import { formsContract } from './forms.ts';

/** examples/sveltekit, with adapter-node, beside PHP. SvelteKit 3 needs Node 22. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/sveltekit');
  php = await startPhp();
  await run(example.newestNode, ['node_modules/vite/bin/vite.js', 'build'], example.consumer.path());
  await example.start(['build/index.js'], { PROTOCOL_HEADER: 'x-forwarded-proto' }, '/', example.newestNode);
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

formsContract(
  () => ({ php, example }),
  (browser: Browser, what, name) =>
    browser.ask(`${example.url}/?/${what}`, {
      method: 'POST',
      body: new URLSearchParams({ name }),
      headers: { origin: example.url, 'x-forwarded-proto': 'http' },
    }),
);
