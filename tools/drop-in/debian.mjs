import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, SetupError } from '../setup.mjs';

/** Applications, and what a page with their classes needs. Their own dependencies come with them. */
const packages = [
  'php-symfony-http-kernel',
  'php-laravel-framework',
  'php-mbstring',
  'php-intl',
  'php-xml',
  'phpmyadmin',
];

/** Extensions that they need, in the order in which PHP can load them. */
const extensions = ['mbstring', 'intl', 'dom', 'simplexml', 'xml', 'xmlreader', 'xmlwriter'];

const cache = join(root, '.cache', 'drop-in');

/**
 * Unpacks Debian's packages into the clone's .cache, once. Nothing is installed: phpMyAdmin would set up a database and a web server.
 *
 * @returns {Promise<{ share: string, env: Record<string, string>, ini: Record<string, string> }>} where they are, and how PHP finds them
 */
export async function unpackApplications() {
  const folder = join(cache, 'debian');
  if (!existsSync(folder)) {
    console.log(`Unpacking Debian's ${packages.join(', ')} into ${folder}`);
    const unfinished = `${folder}.${process.pid}`;
    const archives = join(unfinished, 'archives');
    mkdirSync(join(archives, 'partial'), { recursive: true });
    try {
      await must('apt-get', 'update', '-q');
      const download = ['install', '--download-only', '-q', '-y', '--no-install-recommends', '--reinstall'];
      await must('apt-get', ...download, '-o', `Dir::Cache::archives=${archives}`, ...packages);
      for (const name of readdirSync(archives)) {
        if (name.endsWith('.deb')) await must('dpkg-deb', '-x', join(archives, name), unfinished);
      }
      rmSync(archives, { recursive: true });
      rmSync(join(unfinished, 'usr/share/nodejs'), { recursive: true, force: true }); // Jest looks for package.json everywhere.
      renameSync(unfinished, folder);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw error;
    }
  }
  const share = join(folder, 'usr/share');
  return {
    share,
    env: { PHP_INI_SCAN_DIR: `:${writeIni(folder)}` },
    ini: { include_path: `.:${share}/php:/usr/share/php` },
  };
}

/** Extensions that this machine's PHP has not loaded. @param {string} folder @returns {string} the directory of the ini file */
function writeIni(folder) {
  const loaded = spawnSync('php', ['-m'], { encoding: 'utf8' }).stdout.toLowerCase().split('\n');
  const files = readdirSync(join(folder, 'usr/lib/php'), { recursive: true, encoding: 'utf8' });
  const lines = extensions
    .filter((name) => !loaded.includes(name))
    .flatMap((name) => files.filter((file) => file.endsWith(`/${name}.so`)))
    .map((file) => `extension=${join(folder, 'usr/lib/php', file)}\n`);
  const directory = join(cache, 'conf.d');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'extensions.ini'), lines.join(''));
  return directory;
}

/** @param {string} command @param {string[]} args */
async function must(command, ...args) {
  const log = join(cache, 'unpack.log');
  const end = await run(command, args, { log });
  if (end !== 'exit 0') throw new SetupError(`${command} ${args.join(' ')} failed (${end}); all it said is in ${log}`);
}
