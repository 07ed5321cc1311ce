import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writePhpBundle } from './php-bundle.mjs';
import { root, run, SetupError } from './setup.mjs';

const configuration = 'tsconfig.build.json';

/**
 * Makes php/bundle.php, and dist/ from src/, unless it was made from the same sources.
 *
 * @param {(line: string) => void} [say] gets a line if it takes a while
 * @throws {SetupError} when the compiler finds an error; dist/ is as it was then
 */
export async function build(say = () => {}) {
  writePhpBundle();
  const stamp = fingerprint();
  if (stampOf(join(root, 'dist')) === stamp) return;
  say('Building dist/ from src/ with TypeScript (15 to 60 seconds, once) ...');
  // Another process may be using dist/, so the new one is made beside it and replaces it in one step.
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'build-'));
  try {
    const [modules, next] = [join(work, 'modules'), join(work, 'dist')];
    const end = await run(process.execPath, [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...['-p', join(root, configuration), '--outDir', modules],
    ]);
    if (end !== 'exit 0') throw new SetupError('The build failed.');
    // Not above: who imports this file may install Rollup first.
    const { bundle } = await import('./bundle.mjs');
    await bundle(modules, next);
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
  const others = ['package-lock.json', 'tsconfig.json', configuration, 'tools/build.mjs', 'tools/bundle.mjs'];
  for (const file of [...sources, ...others.map((name) => join(root, name))]) {
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
