import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

// A short form of `npm run interleave`, always with the same schedules. The command itself runs, as it loads the store once for
// each process that it plays, which Jest's modules are not made for.

const run = promisify(execFile);

async function interleave(...options: string[]): Promise<string> {
  const running = run(process.execPath, ['tools/interleave.mjs', ...options], { maxBuffer: 1e8 });
  const { stdout } = await running.catch((error) => {
    throw new Error(`${error.stdout}${error.stderr}`); // says how to see that again
  });
  return stdout;
}

test('requests that meet in 300 orders, with faults: nothing is lost, and nothing comes back', async () => {
  const said = await interleave('--schedules', '300', '--seed', '1');
  expect(said.match(/^A store that .* was noticed in schedule/gm)).toHaveLength(5);
  expect(said).toContain('seed 1: 300 schedules');
  // They meet as they should: some wait, and lose what is to be lost.
  for (const end of ['done', 'gone', 'ERR_SESSION_CONFLICT in commit', 'ERR_SESSION_OUTCOME_UNKNOWN in commit']) {
    expect(said).toContain(` × ${end}`);
  }
}, 180_000);

test('a replay does the same steps again', async () => {
  const [first, second] = [await interleave('--replay', '1:122'), await interleave('--replay', '1:122')];
  expect(second).toBe(first);
  expect(first).toContain('refuse 1213 commit');
}, 60_000);
