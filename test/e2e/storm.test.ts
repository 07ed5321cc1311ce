import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { report } from '../../tools/storm/report.mjs';
import { type StormOptions, storm } from '../../tools/storm/storm.mjs';

// A short storm on each push. `npm run storm` makes longer ones, with faults: see docs/clusters.md.

beforeAll(() => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
}, 60_000);

/** Fewer servers than in a long storm, as each takes a moment to start. */
const short = { requests: 600, sessions: 10, concurrency: 16, seed: 1, processes: 'cluster' } as const;

async function passes(options: StormOptions) {
  const result = await storm(options);
  const { record, model, failed } = result;
  if (model.problems.size > 0 || failed > 0) throw new Error(report(result).join('\n'));

  const { php, node } = record.phases[0]!.answered;
  const { logout = 0, regenerate = 0, count = 0 } = record.phases[0]!.actions;
  expect(php).toBeGreaterThanOrEqual(0.4 * (php + node));
  expect(Math.min(logout, regenerate)).toBeGreaterThan(0);
  expect(count).toBeGreaterThan(0.4 * short.requests);
}

test(
  'a storm on MariaDB loses nothing, and nothing comes back',
  () => passes({ ...short, engine: 'mariadb' }),
  120_000,
);

test(
  "a storm with the lock 'merge' and PHP's persistent connections loses no change of another key",
  () => passes({ ...short, engine: 'mariadb', lock: 'merge', persistent: true }),
  120_000,
);

describe('NDB Cluster', () => {
  if (!process.env.PHP_SESSION_BRIDGE_MYSQL_CLUSTER && !process.env.CI) {
    test.skip('left out: PHP_SESSION_BRIDGE_MYSQL_CLUSTER does not name a folder', () => {});
    return;
  }

  test(
    'a storm on NDB Cluster loses nothing, and nothing comes back',
    () => passes({ ...short, engine: 'ndb' }),
    240_000,
  );
});
