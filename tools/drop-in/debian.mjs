import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, SetupError } from '../setup.mjs';

/** Applications, and what a page with their classes needs. Their own dependencies come with them. */
const packages = [
  'php-symfony-http-kernel',
  'php-symfony-security-csrf',
  'php-symfony-security-http',
  'php-laravel-framework',
  'php-mbstring',
  'php-intl',
  'php-xml',
  'php-nyholm-psr7',
  'phpmyadmin',
  'roundcube-core',
  'mediawiki',
  'libphp-adodb',
  'php-horde-core',
  'php-horde-db',
  'php-horde-sessionhandler',
  'composer',
];

/** Extensions that they need, in the order in which PHP can load them. */
const extensions = ['mbstring', 'intl', 'dom', 'simplexml', 'xml', 'xmlreader', 'xmlwriter'];

/** Files of /etc and /var that applications name, as ones in the folder that `PSB_DROP_IN_FOLDER` names. */
const patches = [
  {
    file: 'usr/share/phpmyadmin/libraries/vendor_config.php',
    texts: {
      "'/etc/phpmyadmin/config.inc.php'": "getenv('PSB_DROP_IN_FOLDER') . '/phpmyadmin.php'",
      "'/var/lib/phpmyadmin/tmp/'": "getenv('PSB_DROP_IN_FOLDER') . '/'",
    },
  },
];

const cache = join(root, '.cache', 'drop-in');

/**
 * Unpacks Debian's packages into the clone's .cache, once. Nothing is installed: phpMyAdmin would set up a database and a web server.
 *
 * @param {string} [suite] of Debian that the PHP code is of, such as `sid`; default: this machine's. Extensions are this machine's
 * @returns {Promise<{ share: string, env: Record<string, string>, ini: Record<string, string> }>} where they are, and how PHP finds them
 */
export async function unpackApplications(suite) {
  const own = await unpack([]);
  const share = join(suite === undefined ? own : await unpack(await optionsOf(suite), suite), 'usr/share');
  return {
    share,
    env: { PHP_INI_SCAN_DIR: `:${writeIni(own)}`, LD_LIBRARY_PATH: libraries(own) },
    ini: { include_path: `.:${share}/php` },
  };
}

/** apt's options for another suite, with lists of its own. @param {string} suite */
async function optionsOf(suite) {
  const targets = ['Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...targets], {
    encoding: 'utf8',
  });
  const lists = join(cache, `lists-${suite}`);
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const sources = join(cache, `${suite}.list`); // Not in `lists`, where apt deletes what it does not know.
  writeFileSync(sources, `deb ${stdout.split('\n')[0]} ${suite} main\n`);
  const settings = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': lists,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** @param {string[]} options of apt @param {string} [suite] @returns {Promise<string>} the folder */
async function unpack(options, suite = 'own') {
  const kind = createHash('sha256')
    .update(JSON.stringify([packages, patches]))
    .digest('hex')
    .slice(0, 8);
  const folder = join(cache, `debian-${suite}-${kind}`);
  if (existsSync(folder)) return folder;
  console.log(`Unpacking Debian's ${packages.join(', ')} into ${folder}`);
  const unfinished = `${folder}.${process.pid}`;
  const archives = join(unfinished, 'archives');
  mkdirSync(archives, { recursive: true });
  try {
    await must('apt-get', ...options, 'update', '-q');
    const names = withDependencies(options);
    await must('sh', '-c', 'cd "$0" && exec apt-get "$@"', archives, ...options, 'download', '-q', ...names);
    for (const name of readdirSync(archives)) {
      if (name.endsWith('.deb')) await must('dpkg-deb', '-x', join(archives, name), unfinished);
    }
    rmSync(archives, { recursive: true });
    rmSync(join(unfinished, 'usr/share/nodejs'), { recursive: true, force: true }); // Jest looks for package.json everywhere.
    for (const patch of patches) patchFile(unfinished, patch);
    relocate(join(unfinished, 'usr/share'), join(folder, 'usr/share'));
    renameSync(unfinished, folder);
    return folder;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Some packages load others by an absolute path. @param {string} share @param {string} place where it will be */
function relocate(share, place) {
  for (const name of readdirSync(share, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('autoload.php')) continue;
    const text = readFileSync(join(share, name), 'utf8');
    writeFileSync(join(share, name), text.replaceAll("'/usr/share/", `'${place}/`));
  }
}

/** The packages and what they need of PHP code and of libraries of extensions, whatever of it is installed on this machine. @param {string[]} options */
function withDependencies(options) {
  const nothing = ['-o', 'Dir::State::status=/dev/null'];
  const args = [...options, 'install', '--simulate', '--no-install-recommends', ...nothing, ...packages];
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout, stderr, status } = spawnSync('apt-get', args, { encoding: 'utf8', env });
  if (status !== 0) throw new SetupError(`apt-get knows no way to install ${packages.join(', ')}: ${stderr}`);
  const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
  const isExtension = new RegExp(`^php[\\d.]+-(${extensions.join('|')})$`);
  const isCode = /^(php-|phpmyadmin$|roundcube|mediawiki|libphp-adodb$|composer$|jsonlint$|libjs-|lib(onig|icu)\d)/;
  return names.filter((name) => isCode.test(name) || isExtension.test(name));
}

/** @param {string} folder */
function libraries(folder) {
  const parent = join(folder, 'usr/lib');
  return readdirSync(parent)
    .filter((name) => name.includes('-linux-'))
    .map((name) => join(parent, name))
    .join(':');
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

/** @param {string} folder @param {(typeof patches)[number]} patch */
function patchFile(folder, { file, texts }) {
  let content = readFileSync(join(folder, file), 'utf8');
  for (const [text, replacement] of Object.entries(texts)) {
    if (!content.includes(text)) throw new SetupError(`${file} of this Debian has no ${text}`);
    content = content.replaceAll(text, replacement);
  }
  writeFileSync(join(folder, file), content);
}

/** @param {string} command @param {string[]} args */
async function must(command, ...args) {
  const log = join(cache, 'unpack.log');
  const end = await run(command, args, { log });
  if (end !== 'exit 0') throw new SetupError(`${command} ${args.join(' ')} failed (${end}); all it said is in ${log}`);
}
