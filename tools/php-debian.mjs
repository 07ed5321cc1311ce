// `npm run test:php-debian`: the tests that ask PHP, with the PHP of other Debian systems: Debian 13, and the newest one in
// Debian's experimental suite. `--systems trixie` is for one alone; other arguments go to Jest, as names of test files of any kind.
//
// Only PHP comes from there. Node, MariaDB and the tests are this machine's, so that nothing but PHP makes a difference.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { choose } from './arguments.mjs';
import { build } from './build.mjs';
import { findProgram, program } from './services/packages.mjs';
import { tail } from './services/processes.mjs';
import { root, run, runCommand, SetupError, setUp } from './setup.mjs';

/** Debian's suites; the newest PHP in them is taken. */
const systems = /** @type {const} */ ({
  trixie: { suites: ['trixie'] },
  experimental: { suites: ['sid', 'experimental'] },
});
/** @typedef {keyof typeof systems} Name */
const names = /** @type {Name[]} */ (Object.keys(systems));

/** The kinds of tests that may ask PHP, without those that start the farm and a browser. */
const kinds = ['unit', 'property', 'differential', 'integration', 'docs'];

/** What stands in a test that asks PHP: the helpers that start it, or a call of it. */
const asksPhp =
  /php-oracle|random-php|helpers\/rules|services\/php|php\/harness|koa-helpers|koa-session-site|drop-in\/site|execFile\w*\)?\('php'/;

/** PHP's extensions with tests of their names. Not every suite has them. */
const extensions = ['igbinary', 'msgpack'];

/** Where programs are inside such a system. */
const inner = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Kept for the next run, in a directory that only root can write, as root runs the programs in it. */
const cache = join(tmpdir(), 'php-session-bridge-debian');

await runCommand(async () => {
  const { values, positionals } = parseArgs({ options: { systems: { type: 'string' } }, allowPositionals: true });
  const wanted = choose(names, values.systems?.split(','), 'system');
  if (process.getuid?.() !== 0) throw new SetupError('Another Debian system is made and entered by root only.');
  await setUp(['mariadb-server']);
  await build();
  const results = [];
  for (const name of wanted) {
    const directory = await prepared(name);
    const version = spawnSync(join(directory, 'bin', 'php'), ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' });
    if (version.status !== 0) throw new SetupError(`PHP of ${name} does not run: ${version.stderr}`);
    const title = `PHP ${version.stdout} (${name})`;
    console.log(`\n${title}`);
    const start = performance.now();
    const what =
      positionals.length > 0 ? positionals : ['--runTestsByPath', ...testsThatAskPhp(join(directory, 'bin', 'php'))];
    const end = await run(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...what], {
      cwd: root,
      env: { PATH: join(directory, 'bin') + delimiter + process.env.PATH },
    });
    if (!end.startsWith('exit')) throw new SetupError(`${title}: ended by ${end}`);
    const passed = end === 'exit 0';
    if (!passed) process.exitCode = 1;
    results.push(
      `${title}, ${passed ? 'passed' : `FAILED (${end})`}, ${Math.round((performance.now() - start) / 1000)} s`,
    );
  }
  console.log(`\n${results.join('\n')}`);
});

/** @param {string} php */
function testsThatAskPhp(php) {
  const { stdout: loaded } = spawnSync(php, ['-m'], { encoding: 'utf8' });
  const missing = extensions.filter((name) => !loaded.split('\n').includes(name));
  if (missing.length > 0) console.log(`Left out, as this PHP lacks the extension: tests of ${missing.join(', ')}`);
  const files = kinds.flatMap((kind) =>
    readdirSync(join(root, 'test', kind), { recursive: true, encoding: 'utf8' }).map((file) =>
      join('test', kind, file),
    ),
  );
  const others = files.filter((file) => !missing.some((name) => file.includes(name)));
  return others.filter((file) => file.endsWith('.test.ts') && asksPhp.test(readFileSync(join(root, file), 'utf8')));
}

/**
 * @param {Name} name
 * @returns {Promise<string>} a directory with the `system` and, in `bin`, its PHP as programs of this machine
 */
async function prepared(name) {
  const directory = join(cache, name);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(cache);
  if (uid !== 0 || (mode & 0o170_077) !== 0o040_000)
    throw new SetupError(`${cache} must be a directory of root alone.`);
  if (!existsSync(directory)) {
    // Under another name until it is complete: a run that is broken off leaves nothing that looks ready.
    const unfinished = `${directory}.${process.pid}`;
    try {
      const version = await makeSystem(name, unfinished);
      renameSync(unfinished, directory);
      console.log(`PHP ${version} of Debian's ${name} stands in ${directory}`);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw error;
    }
  }
  mkdirSync(join(directory, 'bin'), { recursive: true });
  const version = newestPhp(directory);
  for (const command of ['php', `php-fpm${version}`]) writeProgram(directory, command);
  return directory;
}

/**
 * @param {Name} name @param {string} directory
 * @returns {Promise<string>} PHP's version
 */
async function makeSystem(name, directory) {
  const [base, ...more] = systems[name].suites;
  const mirror = debianMirror();
  const log = join(cache, `${name}.log`);
  console.log(`Making a Debian system for ${name} (some minutes, 500 MB; what is said is in ${log})`);
  if (findProgram('debootstrap') === undefined) {
    const end = await run('sh', [join(root, 'tools/install-packages.sh'), 'debootstrap', 'debian-archive-keyring'], {
      log,
    });
    if (end !== 'exit 0') throw new SetupError(`${tail(log)}\napt-get failed (${end}).`);
  }
  const system = join(directory, 'system');
  mkdirSync(system, { recursive: true });
  /** @param {string} command @param {string[]} args */
  const must = async (command, ...args) => {
    // Mounts in a namespace of its own go with the process.
    const end = await run('unshare', ['--mount', '--propagation', 'private', command, ...args], { log });
    if (end !== 'exit 0') throw new SetupError(`${tail(log)}\n${command} failed (${end}); all it said is in ${log}`);
  };
  await must(program('debootstrap'), '--variant=minbase', '--include=ca-certificates', base, system, mirror);
  const write = (/** @type {string} */ file, /** @type {string} */ text) => writeFileSync(join(system, file), text);
  write('etc/apt/sources.list', [base, ...more].map((suite) => `deb ${mirror} ${suite} main\n`).join(''));
  // This machine's apt settings for the network and for trust.
  const settings = spawnSync('apt-config', ['dump', 'Acquire'], { encoding: 'utf8' }).stdout.split('\n');
  write(
    'etc/apt/apt.conf.d/99machine',
    settings.filter((line) => /^Acquire::(https?|Check)/i.test(line)).join('\n') + '\n',
  );
  for (const file of ['/etc/ssl/certs/ca-certificates.crt', '/etc/resolv.conf', '/etc/hosts']) {
    if (existsSync(file)) copyFileSync(file, join(system, file));
  }
  write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n'); // No service is started.
  chmodSync(join(system, 'usr/sbin/policy-rc.d'), 0o755);
  const inside = (/** @type {string[]} */ ...command) =>
    must('chroot', system, 'env', `PATH=${inner}`, 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', ...command);
  await inside('apt-get', 'update', '-q');
  const version = newestPhp(directory);
  const parts = ['cli', 'mysql', 'fpm'].map((part) => `php${version}-${part}`);
  const known = packageNames(directory, `php${version}-`);
  const wanted = extensions.map((name) => `php${version}-${name}`).filter((name) => known.includes(name));
  const packages = [...parts, ...wanted, 'php-symfony-http-kernel'];
  const release = ['-t', more[0] ?? base];
  await inside('apt-get', 'install', '-q', '-y', '--no-install-recommends', ...release, ...packages);
  await inside('apt-get', 'clean');
  return version;
}

/** @param {string} directory @param {string} beginning */
function packageNames(directory, beginning) {
  const args = [join(directory, 'system'), 'apt-cache', 'pkgnames', beginning];
  const { stdout } = spawnSync('chroot', args, { encoding: 'utf8', env: { PATH: inner, LC_ALL: 'C' } });
  return stdout.split('\n');
}

/** @param {string} directory */
function newestPhp(directory) {
  const names = packageNames(directory, 'php').join('\n');
  const versions = [...names.matchAll(/^php(\d+)\.(\d+)-cli$/gm)].map(([, major, minor]) => [
    Number(major),
    Number(minor),
  ]);
  versions.sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  const newest = versions.at(-1);
  if (newest === undefined) throw new SetupError('There is no PHP in that Debian system.');
  return newest.join('.');
}

/**
 * A program of the other system that this machine can call: it sees the other system, and in it this clone and the directory of temporary files.
 * It keeps its process id, and the mounts go with it.
 *
 * @param {string} directory @param {string} command
 */
function writeProgram(directory, command) {
  const system = join(directory, 'system');
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const shared = [tmpdir(), root].map((path) => {
    const inside = quoted(join(system, path));
    return `mkdir -p ${inside}\nmount --bind ${quoted(path)} ${inside}`;
  });
  const steps = `
set -e
mount -t proc proc ${quoted(join(system, 'proc'))}
mount --rbind /dev ${quoted(join(system, 'dev'))}
${shared.join('\n')}
exec chroot ${quoted(system)} env PATH=${inner} sh -c 'cd "$0" && exec ${command} "$@"' "$PWD" "$@"`;
  const file = join(directory, 'bin', command);
  writeFileSync(
    `${file}.new`,
    `#!/bin/sh\nexec unshare --mount --propagation private sh -c ${quoted(steps)} ${command} "$@"\n`,
  );
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file); // Another run may be calling it.
}

/** Where this machine has Debian's packages from. */
function debianMirror() {
  const targets = [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
    'Origin: Debian',
    'Label: Debian',
  ];
  if (findProgram('apt-get') === undefined) throw new SetupError('Please run this on Debian.');
  const ask = () => spawnSync('apt-get', targets, { encoding: 'utf8' }).stdout.split('\n')[0];
  let mirror = ask();
  if (!mirror) {
    spawnSync('apt-get', ['update', '-q']); // It knows of no lists before.
    mirror = ask();
  }
  if (!mirror) throw new SetupError("apt's sources have no mirror of Debian.");
  return mirror;
}
