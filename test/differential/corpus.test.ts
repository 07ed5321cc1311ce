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
const installed = Number.parseFloat(recorded.php);
const newest = versions.at(-1)!;
/** A PHP that is newer than all that are recorded (there is none as WebAssembly) does what the newest of them does. */
const version = (installed > Number(newest) ? newest : recorded.php.slice(0, 3)) as Version;
const actual = recordedCases(recorded.cases);

test('the installed PHP is one of those that are recorded, or newer', () => {
  expect(versions).toContain(version);
});

/** What a newer PHP makes of a case, and from which version on. */
const since: { from: number; file: string; name: string; result: unknown }[] = [
  // What was a warning ("Class stdClass has no unserializer", php-src: object_custom()) is a failure.
  { from: 8.6, file: 'read/value-custom', name: 'a class that is not Serializable', result: { refused: 18 } },
  // The array holds itself: from 8.3 on serialize() ends at zend.max_allowed_stack_size. (8.3 itself was not asked.)
  { from: 8.4, file: 'read/value-native', name: 'R: from deeper to the root', result: { throws: 'Error' } },
];

describe('what is recorded is what the installed PHP does', () => {
  test.each([...corpus])('%s', (file, cases) => {
    const expected = cases.flatMap(({ name, input, results }) => {
      // What a 64-bit PHP does was recorded from the one PHP that was installed.
      const of = file.endsWith('-native') ? [...results.keys()].at(-1)! : version;
      if (!results.has(of)) return [];
      const newer = since.find((one) => one.file === file && one.name === name && installed >= one.from);
      return [[name, { input, result: newer ? newer.result : results.get(of) }]];
    });
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
