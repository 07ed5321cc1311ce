import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, galeraProvider } from './services/packages.mjs';
import { findPhpFpm } from './services/php-fpm.mjs';
import { startProcess, tail } from './services/processes.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What a command may need besides Node and npm packages, by the Debian packages that bring it. */
const parts = {
  'mariadb-server': { name: 'MariaDB', has: () => hasProgram('mariadbd') && hasProgram('mariadb-install-db') },
  'php-cli': { name: 'PHP', has: () => hasProgram('php') },
  'php-mysql': {
    name: "PHP's pdo_mysql and mysqli",
    has: () => hasPhpExtension('pdo_mysql') && hasPhpExtension('mysqli'),
  },
  'php-igbinary': { name: "PHP's igbinary", has: () => hasPhpExtension('igbinary') },
  'php-msgpack': { name: "PHP's msgpack", has: () => hasPhpExtension('msgpack') },
  'galera-4': { name: 'Galera', has: () => existsSync(galeraProvider) },
  rsync: { name: 'rsync', has: () => hasProgram('rsync') },
  'php-fpm': { name: 'PHP-FPM', has: () => findPhpFpm() !== undefined },
  // With it comes its HttpFoundation, which has the session.
  'php-symfony-http-kernel': {
    name: "Symfony's session",
    has: () => existsSync('/usr/share/php/Symfony/Component/HttpKernel/autoload.php'),
  },
  'php-horde-imp': { name: 'Horde with IMP', has: () => existsSync('/usr/share/horde/imp/lib/Application.php') },
  // IMP's packages only recommend it.
  'php-horde-db': { name: "Horde's database classes", has: () => existsSync('/usr/share/php/Horde/Db.php') },
  'dovecot-imapd': { name: 'Dovecot', has: () => hasProgram('dovecot') },
  haproxy: { name: 'HAProxy', has: () => hasProgram('haproxy') },
  // It brings a font, if there is none.
  chromium: { name: 'Chromium', has: () => hasProgram('chromium') },
  // Node's own builds of the newest versions need it, and a minimal Debian lacks it.
  libatomic1: { name: 'libatomic', has: () => process.platform !== 'linux' || hasLibrary('libatomic.so.1') },
};

/** @typedef {keyof typeof parts} Part */

/** What the farm runs. */
export const farmParts = /** @type {const} */ (['mariadb-server', 'php-cli', 'php-mysql', 'haproxy']);

/** What the tests on clusters run besides MySQL, which Debian does not have. */
export const clusterParts = /** @type {const} */ (['mariadb-server', 'galera-4', 'rsync', 'php-cli', 'php-mysql']);

/** What the lab of Horde runs. */
export const hordeParts = /** @type {const} */ ([
  ...farmParts,
  'php-fpm',
  'php-igbinary',
  'php-msgpack',
  'php-horde-imp',
  'php-horde-db',
  'dovecot-imapd',
]);

/** What the storm runs. */
export const stormParts = /** @type {const} */ ([...farmParts, 'php-fpm']);

/** Tools that keep files of their own keep them in the clone, or not at all; swc only trusts some directories. */
const caches = { XDG_CACHE_HOME: join(root, '.cache'), SWC_NATIVE_BINDING_CACHE: '0' };

/** A reason to stop, printed in one sentence, without a stack. */
export class SetupError extends Error {}

/**
 * Lists what is needed, and installs what is missing: Debian packages, then npm packages. Quick if nothing is missing.
 *
 * @param {readonly Part[]} [needs] besides the npm packages
 * @throws {SetupError} when something is missing that cannot be installed from here
 */
export async function setUp(needs = []) {
  const packages = missingPackages(needs);
  const modules = !modulesAreCurrent();
  if (packages.length === 0 && !modules) return;
  const names = ['Node', ...needs.map((need) => parts[need].name)];
  console.log(`Needed: ${names.join(', ')}, and the npm packages of package-lock.json.`);
  if (packages.length > 0) await installPackages(packages, needs);
  if (modules) await installModules();
}

/** Which Debian packages are not there. @param {readonly Part[]} needs */
export function missingPackages(needs) {
  return needs.filter((need) => !parts[need].has());
}

/** @param {string} name */
function hasProgram(name) {
  return findProgram(name) !== undefined;
}

/** @param {string} name of its file, in one of Debian's directories for libraries */
function hasLibrary(name) {
  const folders = ['/usr/lib', '/lib', '/usr/lib64'].flatMap((folder) =>
    existsSync(folder) ? [folder, ...readdirSync(folder).map((inner) => join(folder, inner))] : [],
  );
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** @param {string} name */
function hasPhpExtension(name) {
  const php = findProgram('php');
  if (php === undefined) return false;
  return spawnSync(php, ['-r', `exit(extension_loaded('${name}') ? 0 : 1);`]).status === 0;
}

/** @param {Part[]} packages @param {readonly Part[]} needs */
async function installPackages(packages, needs) {
  const list = packages.join(' ');
  if (findProgram('apt-get') === undefined) {
    throw new SetupError(`Please install what the Debian packages ${list} contain, and start again.`);
  }
  if (process.getuid?.() !== 0) {
    const command = `sudo apt-get update && sudo apt-get install --no-install-recommends ${list}`;
    throw new SetupError(`Please install what is missing, and start again: ${command}`);
  }
  const log = join(root, '.cache', 'install.log');
  mkdirSync(join(root, '.cache'), { recursive: true });
  console.log(`Installing Debian packages (a minute or two; no service is started): ${list}`);
  const end = await run('sh', [join(root, 'tools', 'install-packages.sh'), ...packages], { log });
  if (end !== 'exit 0') throw new SetupError(`${tail(log)}\napt-get failed (${end}); all it said is in ${log}`);
  const still = missingPackages(needs);
  if (still.length > 0) {
    throw new SetupError(`Still missing after the installation: ${still.join(' ')}. Is another PHP in front in PATH?`);
  }
}

async function installModules() {
  const modules = join(root, 'node_modules');
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new SetupError(
      `${modules} is a symbolic link and lacks what package-lock.json lists. npm ci would empty the folder that it leads to. Remove the link, and start again.`,
    );
  }
  console.log('Installing npm packages into node_modules (210 MB; half a minute to two): npm ci');
  const end = await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root });
  if (end !== 'exit 0') throw new SetupError(`npm ci failed (${end}).`);
}

/** Whether npm's own record of what it installed agrees with package-lock.json. */
function modulesAreCurrent() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  const paths = Object.keys(wanted).filter((path) => path !== '');
  return (
    // What is optional is for another platform when it is missing.
    paths.every((path) => wanted[path]?.optional || path in installed) &&
    Object.keys(installed).every((path) => installed[path]?.integrity === wanted[path]?.integrity)
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { integrity?: string, optional?: boolean }>} by path; empty when there is no such file
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return {};
  }
}

/**
 * Runs a command to its end; it dies with this process, and gets the signals that this process gets.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ log?: string, cwd?: string, env?: Record<string, string> }} [options] `log`: file for its output, default this
 *   process's own output
 * @returns {Promise<string>} how it ended, `exit 0` if all is well
 */
export async function run(command, args, options = {}) {
  const child = startProcess(command, args, { ...options, env: { ...caches, ...options.env } });
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, pass);
  const end = await child.ended;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.off(signal, pass);
  return end;
}

/**
 * Does the work of a command. An error that its user can fix is printed without a stack, with exit status 1: a `SetupError`, or an option
 * that does not exist.
 *
 * @param {() => Promise<void>} work reads its options itself, by `parseArgs`
 */
export async function runCommand(work) {
  endWithNpm();
  try {
    await work();
  } catch (error) {
    const isMistyped = String(error?.code).startsWith('ERR_PARSE_ARGS_');
    if (!isMistyped && !(error instanceof SetupError)) throw error;
    console.error(isMistyped ? error.message.replaceAll('\n', ' ') : error.message);
    process.exitCode = 1;
  }
}

/**
 * Ends this process when the npm that runs it is killed, which takes no child with it. The scripts in package.json say
 * `exec`, so that no shell stands between npm and us.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 300);
  timer.unref();
}
