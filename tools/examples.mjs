// `npm run test:examples`: the examples, and programs of docs/, in the frameworks of others, with a real database beside a real PHP; and the
// oldest releases that the package admits.
// Arguments go to Jest.
import { join } from 'node:path';
import { build } from './build.mjs';
import { root, run, runCommand, SetupError, setUp } from './setup.mjs';

await runCommand(async () => {
  await setUp(['mariadb-server', 'php-cli', 'php-mysql']);
  await build(console.log);
  console.log('Each example installs its own packages into a temporary folder (Next.js 350 MB, the others less).');
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const args = [jest, '--config', join(root, 'jest.examples.config.mjs'), ...process.argv.slice(2)];
  const end = await run(process.execPath, args, { cwd: root });
  if (end !== 'exit 0') throw new SetupError(`jest failed (${end}).`);
});
