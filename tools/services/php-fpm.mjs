import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './lifeline.mjs';
import { findProgram, program } from './packages.mjs';
import { startProcess, tail, untilReady } from './processes.mjs';

/**
 * @typedef {object} PhpFpm
 * @property {string} socket where it speaks FastCGI
 * @property {number} pid of the master, which starts workers again that end
 * @property {Promise<string>} ended how it ended, once it did
 * @property {() => number[]} workers their process ids
 * @property {(signal: NodeJS.Signals) => void} kill sends a signal to the master and all workers
 * @property {() => Promise<void>} stop
 */

/**
 * PHP-FPM of the same version as `php`, or `undefined`. Debian names it `php-fpm8.2`, others `php-fpm`.
 *
 * @returns {string | undefined}
 */
export function findPhpFpm() {
  const php = findProgram('php');
  if (php === undefined) return undefined;
  const version = spawnSync(php, ['-r', 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'], { encoding: 'utf8' });
  return findProgram(`php-fpm${version.stdout}`) ?? findProgram('php-fpm');
}

/**
 * Starts PHP-FPM with one pool on a Unix socket of its own. As root the workers run as root too: they are for pages of
 * our own.
 *
 * @param {object} options
 * @param {number} [options.workers] how many there always are, default 8
 * @param {Record<string, string | number>} [options.ini] php.ini settings
 * @param {readonly string[]} [options.extensions] files of more extensions
 * @param {Record<string, string | undefined>} [options.env] of the pages
 * @param {string} options.log file for what it and the pages print, `error_log()` included
 * @returns {Promise<PhpFpm>}
 */
export async function startPhpFpm({ workers = 8, ini = {}, extensions = [], env = {}, log }) {
  const directory = temporaryDirectory('php-fpm');
  const socket = join(directory.path, 'socket');
  const configuration = join(directory.path, 'php-fpm.conf');
  const settings = [
    '[global]',
    `error_log = ${log}`,
    'log_level = warning',
    'daemonize = no',
    '[pages]',
    `listen = ${socket}`,
    'pm = static',
    `pm.max_children = ${workers}`,
    'clear_env = no',
    `php_admin_value[error_log] = ${log}`, // Else it goes through FastCGI to the web server.
    ...Object.entries(ini).map(([name, value]) => `php_admin_value[${name}] = ${value}`),
  ];
  // As root it needs the user of its workers, and -R to accept root.
  const asRoot = process.getuid?.() === 0 ? ['-R'] : [];
  if (asRoot.length > 0) settings.push('user = root', 'group = root');
  writeFileSync(configuration, `${settings.join('\n')}\n`);
  try {
    const args = [...asRoot, '-y', configuration, ...extensions.flatMap((file) => ['-d', `extension=${file}`])];
    const fpm = startProcess(findPhpFpm() ?? program('php-fpm'), args, { log, env });
    await untilReady(fpm, { name: 'PHP-FPM', port: socket, log });
    return {
      socket,
      pid: fpm.pid,
      ended: fpm.ended,
      workers: () => childrenOf(fpm.pid),
      kill: fpm.kill,
      async stop() {
        await fpm.stop();
        directory.remove();
      },
    };
  } catch (error) {
    directory.remove();
    throw new Error(`PHP-FPM could not be started\n${tail(log)}`, { cause: error });
  }
}

/** @param {number} pid */
function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
