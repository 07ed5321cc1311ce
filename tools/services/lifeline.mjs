import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// No process that we start may outlive us, and after a kill -9 the killed process cannot clean up. So each process group and
// temporary directory is reported to a watchdog, see watchdog.mjs. The watchdog runs in a session of its own, as Ctrl-C in a
// terminal reaches every process of the foreground group. It runs only while there is something to watch.

/** @type {import('node:child_process').ChildProcess | undefined} */
let watchdog;
const watched = new Set();

/** @param {'group' | 'directory'} kind @param {string | number} value */
export function watch(kind, value) {
  if (!watchdog) {
    const script = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
    watchdog = spawn(process.execPath, [script], { detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
    watchdog.unref();
    // @ts-expect-error: a pipe has `unref`, which the type of a child's standard input does not say.
    watchdog.stdin?.unref();
  }
  watched.add(`${kind} ${value}`);
  watchdog.stdin?.write(`+${kind} ${value}\n`);
}

/** @param {'group' | 'directory'} kind @param {string | number} value */
export function unwatch(kind, value) {
  if (!watched.delete(`${kind} ${value}`)) return;
  watchdog?.stdin?.write(`-${kind} ${value}\n`);
  if (watched.size > 0) return;
  watchdog?.stdin?.end();
  watchdog = undefined;
}

/**
 * A directory that is deleted with this process.
 *
 * @param {string} name
 * @param {string} [parent] default: the system's directory for temporary files. The clone may have a long path, and the path of a Unix
 *   socket is limited to 107 bytes
 * @returns {{ path: string, remove(): void }}
 */
export function temporaryDirectory(name, parent = tmpdir()) {
  const path = mkdtempSync(join(parent, `${name}-`));
  watch('directory', path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      unwatch('directory', path);
    },
  };
}
