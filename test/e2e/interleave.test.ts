import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

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

function expectAllFaultsSeen(said: string): void {
  expect(said.match(/^A store that .* was noticed in schedule/gm)).toHaveLength(5);
  expect(said.match(/^A PHP handler that .* was noticed in schedule/gm)).toHaveLength(6);
  // They meet as they should: some wait, and lose what is to be lost.
  for (const end of ['done', 'ERR_SESSION_CONFLICT in commit', 'ERR_SESSION_OUTCOME_UNKNOWN in commit']) {
    expect(said).toContain(` × ${end}`);
    expect(said).toContain(` × PHP: ${end}`);
    expect(said).toContain(` × PHP, merge: ${end}`);
  }
  expect(said).toContain(' × PHP, merge: gone');
}

test('requests that meet in 120 orders, with faults: nothing is lost, and nothing comes back', async () => {
  const said = await interleave('--schedules', '120', '--seed', '1');
  expect(said).toContain('seed 1: 120 schedules');
  expectAllFaultsSeen(said);
  for (const end of ['gone', 'PHP: ERR_SESSION_OUTCOME_UNKNOWN in regenerate']) expect(said).toContain(` × ${end}`);
  expect(said).toMatch(/waits: [1-9]\d* for a row, [1-9]\d* for a name, [1-9]\d* in a queue/);
}, 180_000);

describe('NDB Cluster', () => {
  if (!process.env.PHP_SESSION_BRIDGE_MYSQL_CLUSTER && !process.env.CI) {
    test.skip('left out: PHP_SESSION_BRIDGE_MYSQL_CLUSTER does not name a folder', () => {});
    return;
  }

  test('the same in 60 orders, on two SQL nodes', async () => {
    const said = await interleave('--engine', 'ndb', '--schedules', '60', '--seed', '1');
    expect(said).toContain('seed 1: 60 schedules');
    expectAllFaultsSeen(said);
    expect(said).toMatch(/waits: [1-9]\d* for a row, 0 for a name, [1-9]\d* in a queue/);
  }, 240_000);
});

test.each([
  [
    '1:116',
    ['A in PHP at node 1, B in process 1 at node 1, C in process 1 at node 1; text', 'A is PHP', 'refuse 1213 commit'],
  ],
  ['1:102', ['A in process 1 at node 1, B in process 1 at node 1; bytes', 'expire commit']],
])(
  'a replay does the same steps again: %s',
  async (replay, steps) => {
    const [first, second] = [await interleave('--replay', replay), await interleave('--replay', replay)];
    expect(second).toBe(first);
    for (const step of steps) expect(first).toContain(step);
  },
  60_000,
);
