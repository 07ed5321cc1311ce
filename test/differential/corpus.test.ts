import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as codec from '../../src/codec/index.ts';
import { changedSessions, loadCorpus, recordedCases, type Version, versions } from '../../tools/corpus.mjs';

// The installed PHP, and the corpus that PHP in WebAssembly recorded (fixtures/README.md).
const fixtures = join(__dirname, '../../fixtures');
const corpus = loadCorpus(fixtures);
const php = (script: string, env: Record<string, string> = {}) =>
  JSON.parse(
    execFileSync('php', [join(fixtures, script)], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  );
const recorded = php('record.php') as { php: string; cases: Record<string, Record<string, unknown>> };
const version = recorded.php.slice(0, 3) as Version;
const actual = recordedCases(recorded.cases);

test('the installed PHP is one of those that are recorded', () => {
  expect(versions).toContain(version);
});

describe('what is recorded is what the installed PHP does', () => {
  test.each([...corpus])('%s', (file, cases) => {
    const expected = cases.flatMap(({ name, input, results }) =>
      results.has(version) ? [[name, { input, result: results.get(version) }]] : [],
    );
    expect(Object.fromEntries(actual.get(file) ?? [])).toEqual(Object.fromEntries(expected));
  });
});

describe('what PHP wrote, and the codec changed', () => {
  const { jobs } = changedSessions(corpus, version, codec);
  const directory = mkdtempSync(join(tmpdir(), 'php-session-bridge-'));
  const path = join(directory, 'sessions.json');
  writeFileSync(path, JSON.stringify(jobs.flatMap(({ sessions }) => sessions)));
  const results = php('reread.php', { SESSIONS: path }) as unknown[];
  rmSync(directory, { recursive: true });

  for (const { name, sessions } of jobs) {
    const [own, ...others] = results.splice(0, sessions.length);
    test(name, () => {
      expect(own).toHaveProperty('bytes');
      for (const other of others) expect(other).toEqual(own);
    });
  }
});
