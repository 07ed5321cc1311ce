import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from '@jest/globals';
import type { Cell } from '../../tools/logins/cells.mjs';
import { logins } from '../../tools/logins/logins.mjs';
import { isWrong, report } from '../../tools/logins/report.mjs';

// A short form of `npm run test:logins`: each cell once, but where strict mode is not on on both sides, only calls that store.

beforeAll(() => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
}, 60_000);

/** Two Node requests meet in two processes the first time, and in one the second time. */
function few({ login, call, action, strict }: Cell): number {
  if (action !== 'store' && strict !== 'both') return 0;
  return login === 'node' && call === 'node' ? 2 : 1;
}

test('a login on MariaDB is not undone by a call in parallel', async () => {
  const result = await logins({ engine: 'mariadb', logins: few });
  if (isWrong(result)) throw new Error(report(result).join('\n'));
  expect(result.results.length).toBeGreaterThan(400);
}, 120_000);
