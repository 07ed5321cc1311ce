import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from './services/lifeline.mjs';
import { root, run, SetupError } from './setup.mjs';

/**
 * The package of this commit stands for an older version, as none has been published yet. It has the lock `merge` on both sides, and all
 * columns of the option `row`.
 */
export const olderCommit = '6c4644f957492a4a706e39a75845c520232a3e39';
const parts = ['src', 'php', 'tools', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/**
 * Builds the older version from the repository's history, unless it is there already (10 seconds, once).
 *
 * @returns {Promise<string>} its folder, with `dist/` and `php/`
 * @throws {SetupError} where the history does not reach back so far
 */
export async function olderVersion() {
  // In a folder of this name Jest takes it for a package that is installed.
  const folder = join(root, '.cache', 'older', olderCommit, 'node_modules', 'php-session-bridge');
  if (existsSync(folder)) return folder;
  requireHistory();
  mkdirSync(dirname(folder), { recursive: true });
  const directory = temporaryDirectory('older', join(root, '.cache'));
  const work = directory.path;
  try {
    const tar = join(work, 'older.tar');
    git('archive', '--output', tar, olderCommit, ...parts);
    execFileSync('tar', ['-xf', tar, '-C', work]);
    rmSync(tar);
    symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'));
    // Its types were checked when it was new.
    const configuration = join(work, 'tsconfig.build.json');
    const text = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, text.replace('"noEmit": false', '"noEmit": false, "noCheck": true'));
    const end = await run(process.execPath, [join(work, 'tools', 'build.mjs')], { cwd: work });
    if (end !== 'exit 0') throw new SetupError(`The build of ${olderCommit} failed (${end}).`);
    renameSync(work, folder);
  } finally {
    directory.remove();
  }
  return folder;
}

/** Reads the repository, also where another user has cloned it. @param {string[]} args */
function git(...args) {
  execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd: root, stdio: 'ignore' });
}

function requireHistory() {
  try {
    git('cat-file', '-e', `${olderCommit}^{commit}`);
  } catch {
    throw new SetupError(
      `Commit ${olderCommit.slice(0, 7)} is needed, for an older version of the package beside this one, and the clone does not have it. ` +
        'In a shallow clone: git fetch --unshallow. Without a clone: git clone the repository.',
    );
  }
}
