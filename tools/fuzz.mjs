// `npm run fuzz -- --cases N --seed S`: gives random and damaged data to PHP and to the codec, N cases for each kind of
// test (unserialize, the three session formats read and written again, and changed, also after a C:; igbinary; msgpack), and compares. A mismatch
// prints the bytes, made as short as they go, and the seed. `--only NAME` takes the test files with that name alone.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { numberOf } from './arguments.mjs';
import { root, run, runCommand, setUp } from './setup.mjs';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      only: { type: 'string', default: 'fuzz|edits' },
    },
  });
  const env = {
    FUZZ_CASES: String(numberOf(values, 'cases')),
    ...(values.seed !== undefined && { FUZZ_SEED: String(numberOf(values, 'seed', { least: 0 })) }),
  };
  await setUp(['php-cli', 'php-igbinary', 'php-msgpack']);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const patterns = ['--selectProjects', 'differential', '--testPathPatterns', `/[^/]*(?:${values.only})[^/]*\\.test`];
  const end = await run(process.execPath, [jest, ...patterns], { cwd: root, env });
  if (end !== 'exit 0') process.exitCode = 1;
});
