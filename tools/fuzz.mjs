// `npm run fuzz -- --cases N --seed S`: gives random and damaged data to PHP and to the codec, N cases for each kind of
// test (unserialize, the three session formats read and written again, and changed, also behind a C:), and compares. A mismatch prints the
// bytes, made as short as they go, and the seed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, setUp } from './setup.mjs';

const { values } = parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } });
await setUp(['php-cli']);
const env = { ...process.env, FUZZ_CASES: values.cases ?? '100000', ...(values.seed && { FUZZ_SEED: values.seed }) };
const jest = join(root, 'node_modules/jest/bin/jest.js');
const patterns = ['--selectProjects', 'differential', '--testPathPatterns', 'fuzz|edits'];
const { status } = spawnSync(process.execPath, [jest, ...patterns], { cwd: root, env, stdio: 'inherit' });
process.exitCode = status ?? 1;
