// `npm test`: everything that must hold, from a clean clone. Arguments go to Jest.
import { join } from 'node:path';
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
    'php-symfony-http-kernel',
    ...(isAll ? /** @type {const} */ (['libatomic1']) : []),
  ]);
  const newestNode = isAll ? await installNewestNode() : undefined;
  await build(console.log);
  await check('biome', bin('@biomejs/biome/bin/biome'), 'check');
  await check('dependency-cruiser', bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src');
  await check('tsc', bin('typescript/bin/tsc'), '-p', root);
  await check('jest', bin('jest/bin/jest.js'), ...args);
  if (newestNode !== undefined) await testWithNewestNode(newestNode);
});

/** @param {string} name @param {string} script @param {string[]} args */
async function check(name, script, ...args) {
  const end = await run(process.execPath, [script, ...args], { cwd: root });
  if (end !== 'exit 0') throw new SetupError(`${name} failed (${end}).`);
}
