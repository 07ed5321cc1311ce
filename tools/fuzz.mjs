// `npm run fuzz -- --cases N --seed S`: gives random and damaged data to PHP and to the codec, N cases for each kind of
// test (unserialize, the three session formats read and written again, and changed, also after a C:; igbinary; msgpack), and compares. A mismatch
// prints the bytes, made as short as they go, and the seed. `--only NAME` takes the test files with that name alone, and may be given more
// than once. Many cases are done in parts of at most 50,000, each in a process of its own. The seed of each part is printed.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { numberOf } from './arguments.mjs';
import { root, run, runCommand, setUp } from './setup.mjs';

const mostCases = 50_000;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      only: { type: 'string', multiple: true, default: ['fuzz', 'edits'] },
    },
  });
  const cases = numberOf(values, 'cases');
  const first = values.seed === undefined ? randomInt(2 ** 31) : numberOf(values, 'seed', { least: 0 });
  await setUp(['php-cli', 'php-igbinary', 'php-msgpack']);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const files = `/[^/]*(?:${values.only.join('|')})[^/]*\\.test`;
  const patterns = ['--selectProjects', 'differential', '--testPathPatterns', files];
  const failed = [];
  for (let done = 0; done < cases; done += mostCases) {
    const part = Math.min(mostCases, cases - done);
    const seed = (first + done) % 2 ** 31;
    console.log(`${part} cases of each kind after ${done}, seed ${seed}`);
    const env = { FUZZ_CASES: String(part), FUZZ_SEED: String(seed) };
    const end = await run(process.execPath, [jest, ...patterns], { cwd: root, env });
    if (end !== 'exit 0') failed.push(seed);
  }
  if (failed.length === 0) return;
  console.error(`Mismatches, or tests that did not end, with the seeds ${failed.join(', ')}`);
  process.exitCode = 1;
});
