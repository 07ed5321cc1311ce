// `npm test`: everything that must hold, from a clean clone. Arguments go to Jest.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { quickExamples, releases } from '../jest.config.mjs';
import { build } from './build.mjs';
import { installNewestNode, testWithNewestNode } from './newest-node.mjs';
import { root, run, runCommand, SetupError, setUp, stormParts } from './setup.mjs';

const bin = (/** @type {string} */ path) => join(root, 'node_modules', path);

await runCommand(async () => {
  const args = process.argv.slice(2);
  const isAll = args.length === 0;
  await setUp([
    ...stormParts,
    'chromium',
    'php-msgpack',
    'php-symfony-http-kernel',
    'php-igbinary',
    ...(isAll ? /** @type {const} */ (['libatomic1']) : []),
  ]);
  // None of them uses both cores, nor what another one makes. All are done, whichever fails.
  const [, , newestNode] = await all(
    build(console.log).then(() => check('tsc', bin('typescript/bin/tsc'), '-p', root)),
    check('biome', bin('@biomejs/biome/bin/biome'), 'check').then(() =>
      check('dependency-cruiser', bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src'),
    ),
    isAll ? installNewestNode() : undefined,
  );
  await check('jest', bin('jest/bin/jest.js'), ...args);
  if (newestNode !== undefined) await testWithNewestNode(newestNode);
  if (isAll) console.log(`Not run here: ${[...slowExamples(), ...releases].join(', ')}. npm run test:examples`);
});

/**
 * @template {unknown[]} T
 * @param {T} works
 * @returns {Promise<{ [I in keyof T]: Awaited<T[I]> }>}
 * @throws what the first of those that failed has thrown, when all have ended
 */
async function all(...works) {
  await Promise.allSettled(works);
  return Promise.all(works);
}

/** The examples that install or build too much. */
function slowExamples() {
  const names = readdirSync(join(root, 'test', 'examples')).flatMap((file) => /^(.*)\.test\.ts$/.exec(file)?.[1] ?? []);
  return names.filter((name) => !quickExamples.includes(name));
}

/** @param {string} name @param {string} script @param {string[]} args */
async function check(name, script, ...args) {
  const end = await run(process.execPath, [script, ...args], { cwd: root });
  if (end !== 'exit 0') throw new SetupError(`${name} failed (${end}).`);
}
