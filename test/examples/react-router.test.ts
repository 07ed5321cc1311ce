import { afterAll, beforeAll } from '@jest/globals';
import { run } from '../package/consumer.ts';
import type { Harness } from '../php/harness.ts';
import { type Browser, Example, startPhp } from './example.ts';
import { formsContract } from './forms.ts';

/** examples/react-router, built by Vite, beside PHP. React Router 8 needs Node 22. */

let php: Harness;
let example: Example;

beforeAll(async () => {
  example = await Example.install('examples/react-router');
  php = await startPhp();
  await run(example.newestNode, ['node_modules/@react-router/dev/bin.cjs', 'build'], example.consumer.path());
  const serve = ['node_modules/@react-router/serve/bin.cjs', 'build/server/index.js'];
  await example.start(serve, { HOST: '127.0.0.1' }, '/', example.newestNode);
}, 600_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

formsContract(
  () => ({ php, example }),
  (browser: Browser, what, name) =>
    browser.ask(`${example.url}/?index`, { method: 'POST', body: new URLSearchParams({ do: what, name }) }),
);
