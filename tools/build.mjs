import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run, SetupError } from './setup.mjs';

const configurations = { esm: 'tsconfig.build.json', cjs: 'tsconfig.cjs.json' };

/**
 * Makes dist/esm and dist/cjs from src/, unless they were made from the same sources.
 *
 * @param {(line: string) => void} [say] gets a line if it takes a while
 * @throws {SetupError} when the compiler finds an error; dist/ is as it was then
 */
export async function build(say = () => {}) {
  const stamp = fingerprint();
  if (stampOf(join(root, 'dist')) === stamp) return;
  say('Building dist/ from src/ with TypeScript (15 to 60 seconds, once) ...');
  // Another process may be using dist/, so the new one is made beside it and replaces it in one step.
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'build-'));
  try {
    const next = join(work, 'dist');
    for (const [name, configuration] of Object.entries(configurations)) {
      const end = await run(process.execPath, [
        join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
        ...['-p', join(root, configuration), '--outDir', join(next, name)],
      ]);
      if (end !== 'exit 0') throw new SetupError('The build failed.');
    }
    writeFileSync(join(next, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
    writeFileSync(join(next, '.stamp'), stamp);
    replace(join(root, 'dist'), next, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} target
 * @param {string} next takes the place of `target`
 * @param {string} rubbish directory for what stood there
 */
function replace(target, next, rubbish) {
  for (let i = 0; ; i++) {
    try {
      renameSync(next, target);
      return;
    } catch (error) {
      // A directory can only be renamed to one that is empty or not there. Another build may be as far as this one.
      if (!['ENOTEMPTY', 'EEXIST'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error;
      try {
        renameSync(target, join(rubbish, `old-${i}`));
      } catch (gone) {
        if (/** @type {NodeJS.ErrnoException} */ (gone).code !== 'ENOENT') throw gone;
      }
    }
  }
}

/** A hash of all that the result depends on. */
function fingerprint() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const settings = ['package-lock.json', 'tsconfig.json', ...Object.values(configurations)];
  for (const file of [...sources, ...settings.map((name) => join(root, name)), join(root, 'tools', 'build.mjs')]) {
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} directory */
function stampOf(directory) {
  try {
    return readFileSync(join(directory, '.stamp'), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
