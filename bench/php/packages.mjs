// The peers: Debian's packages, unpacked into a folder. Nothing is installed. CodeIgniter 4 is in the folder of others' repositories that
// PHP_SESSION_BRIDGE_APPLICATIONS names.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../tools/services/packages.mjs';
import { root, run } from '../../tools/setup.mjs';

const folder = join(root, '.cache', 'bench-php');
const archives = join(folder, 'archives');
const unpacked = join(folder, 'unpacked');
const packages = [
  'php-symfony-http-foundation',
  'php-illuminate-session',
  'php-illuminate-database',
  'php-redis',
  'redis-server',
];

/**
 * @typedef {object} Peers
 * @property {string} php the folder of Debian's PHP libraries
 * @property {string[]} extensions files for PHP's `extension`
 * @property {string} libraries for LD_LIBRARY_PATH
 * @property {string} redis the server
 * @property {string} codeigniter its folder
 * @property {ReadonlyMap<string, string>} missing why a peer is not there, by its name
 */

/** @returns {Promise<Peers>} */
export async function findPeers() {
  if (!existsSync(unpacked)) await unpack();
  const php = join(unpacked, 'usr/share/php');
  const redis = join(unpacked, 'usr/bin/redis-server');
  const extensions = extensionsIn(join(unpacked, 'usr/lib/php'));
  const missing = new Map();
  const why = `Debian's packages could not be had: ${packages.join(', ')}`;
  if (!existsSync(join(php, 'Symfony/Component/HttpFoundation'))) missing.set('symfony', why);
  if (!existsSync(join(php, 'Illuminate/Database/autoload.php'))) missing.set('laravel', why);
  if (!existsSync(redis) || extensions.every((file) => !file.endsWith('/redis.so'))) missing.set('redis', why);
  const codeigniter = join(process.env.PHP_SESSION_BRIDGE_APPLICATIONS ?? '', 'codeigniter4');
  if (!existsSync(join(codeigniter, 'system/Boot.php'))) {
    missing.set('codeigniter', 'PHP_SESSION_BRIDGE_APPLICATIONS names no folder with codeigniter4');
  }
  return { php, extensions, libraries: join(unpacked, 'usr/lib/x86_64-linux-gnu'), redis, codeigniter, missing };
}

async function unpack() {
  if (findProgram('apt-get') === undefined) return;
  console.error(
    `Downloading Debian packages into .cache/bench-php, to unpack them there (4 MB): ${packages.join(', ')}, and what they need.`,
  );
  mkdirSync(archives, { recursive: true });
  const log = join(folder, 'log');
  const end = await run('apt-get', ['download', ...neededBy(packages)], { log, cwd: archives });
  if (end !== 'exit 0') return;
  mkdirSync(unpacked, { recursive: true });
  for (const file of readdirSync(archives)) spawnSync('dpkg', ['-x', join(archives, file), unpacked]);
}

/**
 * The packages with those that they need, directly or not: libraries of PHP, Redis and its own libraries. PHP itself is there.
 *
 * @param {readonly string[]} names
 */
function neededBy(names) {
  const but = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const { stdout } = spawnSync('apt-cache', ['depends', '--recurse', ...but, ...names], { encoding: 'utf8' });
  const wanted = /^(php-(?!common|json|intl)|php[\d.]+-(igbinary|mbstring|redis)$|redis|lib(lzf|jemalloc|atomic))/;
  return new Set(stdout.split('\n').filter((line) => wanted.test(line)));
}

/** igbinary comes first: redis needs it. @param {string} directory */
function extensionsIn(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\/(igbinary|mbstring|redis)\.so$/.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}
