import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { olderVersion } from '../../tools/older.mjs';
import { root } from '../../tools/setup.mjs';
import { report } from '../../tools/storm/report.mjs';
import { storm } from '../../tools/storm/storm.mjs';
import { recorded, rowsOf } from '../versions/record.mjs';

// Two versions of the package on one table, and back to the older one: docs/stores.md#two-versions-at-once says what holds.

beforeAll(() => {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
}, 60_000);

describe('rows, tombstones, columns and names of locks', () => {
  const rows = JSON.parse(readFileSync(recorded, 'utf8'));

  test('are those that the older version has left', async () => {
    expect(JSON.parse(await rowsOf(root))).toEqual(rows);
  }, 240_000);

  test('the older version leaves what is recorded of it', async () => {
    expect(JSON.parse(await rowsOf(await olderVersion()))).toEqual(rows);
  }, 240_000);

  test('PHP and Node leave the same', () => {
    expect(Object.keys(rows.rows.int)).toEqual(['Node exclusive, Node merge, PHP row, PHP merge']);
  });
});

test('requests of both versions meet in 60 orders, with faults', async () => {
  const command = ['tools/interleave.mjs', '--schedules', '60', '--seed', '5', '--beside', await olderVersion()];
  expect(execFileSync(process.execPath, command, { encoding: 'utf8' })).toContain(
    'beside an older version; seed 5: 60 schedules',
  );
}, 240_000);

test.each(['row', 'merge'] as const)(
  'both serve one table, then the older one alone: nothing is lost, nothing comes back, no request fails; lock %s',
  async (lock) => {
    const beside = await olderVersion();
    const options = { engine: 'mariadb', processes: 'cluster', persistent: true } as const;
    const few = { requests: 300, sessions: 10, concurrency: 12, seed: 1 };
    const result = await storm({ ...options, ...few, lock, beside });
    if (result.model.problems.size > 0 || result.failed > 0) throw new Error(report(result).join('\n'));

    const [both, , older] = result.record.phases.map(({ servers }) =>
      [...servers].map((name) => name.replace(/-\d.*/, '')),
    );
    expect(new Set(both)).toEqual(new Set(['node', 'older-node', 'php', 'older-php']));
    expect(new Set(older)).toEqual(new Set(['older-node', 'older-php']));
  },
  240_000,
);
