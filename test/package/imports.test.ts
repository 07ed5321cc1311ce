import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clone } from './consumer.ts';

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** Which rules of .dependency-cruiser.mjs the files of src/ in a folder break: `file: rule`. */
function broken(folder: string): Promise<string[]> {
  const cruiser = join(clone, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = ['--config', join(clone, '.dependency-cruiser.mjs'), '--output-type', 'json', 'src'];
  return new Promise((resolve, reject) => {
    // It exits with an error when a rule is broken.
    execFile(process.execPath, [cruiser, ...args], { cwd: folder, maxBuffer: 2 ** 26 }, (_, out, errors) => {
      if (out === '') return reject(new Error(errors));
      const { violations } = (JSON.parse(out) as Report).summary;
      resolve(violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort());
    });
  });
}

describe('imports that are wrong', () => {
  const wrong = [
    ['errors.ts', "import './option-rules.ts';", 'base-imports-nothing'],
    ['codec/a.ts', "import type { B } from './b.ts';", 'no-circle'],
    ['codec/store.ts', "import type { S } from '../stores/store.ts';", 'codec-runs-anywhere'],
    ['codec/node.ts', "import 'node:buffer';", 'codec-runs-anywhere'],
    ['codec/package.ts', "import 'typescript';", 'codec-runs-anywhere'],
    ['codec/entry.ts', "import '../index.ts';", 'codec-runs-anywhere'],
    ['codec/php/tokens.ts', "import '../source/source.ts';", 'codec-grammar-at-the-bottom'],
    ['codec/source/source.ts', "import '../read/parse.ts';", 'codec-sources-know-no-reader'],
    ['codec/read/parse.ts', "import '../write/writer.ts';", 'codec-reads-without-writing'],
    ['stores/store.ts', "import './mysql/index.ts';", 'stores-share-downwards'],
    ['stores/keyed-mutex.ts', "import '../codec/bytes.ts';", 'stores-share-downwards'],
    ['stores/mysql/index.ts', "import '../redis/index.ts';", 'stores-move-bytes'],
    ['stores/mysql/codec.ts', "import type { B } from '../../codec/bytes.ts';", 'stores-move-bytes'],
    ['stores/mysql/session.ts', "import '../../session/options.ts';", 'stores-move-bytes'],
    ['session/store.ts', "import '../stores/mysql/index.ts';", 'session-knows-no-store'],
    ['session/http.ts', "import '../middleware/koa.ts';", 'session-knows-no-store'],
    ['middleware/koa.ts', "await import('../stores/mysql/index.ts');", 'middleware-knows-no-store'],
    ['recognize/store.ts', "import '../stores/mysql/store.ts';", 'recognize-only-reads'],
    ['horde/session.ts', "import '../session/options.ts';", 'horde-knows-values'],
    ['testing/store.ts', "import '../stores/mysql/index.ts';", 'testing-knows-no-store'],
    ['elsewhere/file.ts', "import '../option-rules.ts';", 'folder-without-a-layer'],
  ] as const;
  /** All that the others need. */
  const right = {
    'option-rules.ts': '',
    'codec/b.ts': "export type B = import('./c.ts').C;",
    'codec/c.ts': "export type { B as C } from './a.ts';",
    'index.ts': "import './codec/bytes.ts'; import './stores/mysql/index.ts'; import './middleware/koa.ts';",
    'codec/bytes.ts': "import '../errors.ts';",
    'codec/write/writer.ts': '',
    'stores/mysql/store.ts': '',
    'stores/redis/index.ts': "import '../session-id.ts'; import 'node:net';",
    'stores/session-id.ts': '',
    'session/options.ts': "import '../codec/bytes.ts'; import '../stores/store.ts'; import 'node:crypto';",
  };
  let folder: string;
  let found: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'imports-'));
    const files = [...wrong.map(([file, text]) => [file, text] as const), ...Object.entries(right)];
    for (const [file, text] of files) {
      mkdirSync(dirname(join(folder, 'src', file)), { recursive: true });
      writeFileSync(join(folder, 'src', file), `${text}\n`);
    }
    writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "module": "nodenext" } }');
    found = await broken(folder);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(wrong)('in %s: %s', (file, _, rule) => {
    expect(found).toContain(`src/${file}: ${rule}`);
  });

  test('are all that is found', () => {
    const expected = wrong.map(([file, , rule]) => `src/${file}: ${rule}`);
    expect([...new Set(found)].sort()).toEqual(expected.sort());
  });
});
