// `npm run test:newest-node`: unit and property tests with the newest even version of Node; arguments go to Jest in place of these
// two kinds. `npm test` does the same at its end. The version is in test/newest-node/package.json.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run, runCommand, SetupError, setUp, stormParts } from './setup.mjs';

const workspace = join(root, 'test', 'newest-node');
// Those left out take half of the time of all, and what they are about is the codec's own work.
const kinds = [
  '--selectProjects',
  'unit',
  'property',
  '--testPathIgnorePatterns',
  'codec/(hostile|buffer-ends|fixtures)',
];

/**
 * Installs that Node, unless it is there. It is the package that npm's package `node` would choose for this machine by a script;
 * with the lock file it needs none, and npm knows what must be in it.
 *
 * @returns {Promise<string>} the program
 * @throws {SetupError} when it cannot be had
 */
export async function installNewestNode() {
  const { platform, arch } = process;
  const name = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;
  const path = `node_modules/${name}`;
  const wanted = readLock('package-lock.json')[path];
  if (wanted === undefined) throw new SetupError(`test/newest-node has no Node for ${platform} on ${arch}.`);
  const program = join(workspace, path, 'bin', 'node');
  const isThere = () =>
    readLock('node_modules/.package-lock.json')[path]?.integrity === wanted.integrity &&
    spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${wanted.version}`;
  if (isThere()) return program;
  console.log(
    `Installing Node ${wanted.version} for tests, ${name} of npm, into test/newest-node/node_modules ` +
      '(60 MB to load, 210 MB there; up to a minute): npm ci --ignore-scripts',
  );
  const end = await run('npm', ['ci', '--ignore-scripts', '--include=optional', '--no-audit', '--no-fund'], {
    cwd: workspace,
  });
  if (end !== 'exit 0') throw new SetupError(`npm ci failed (${end}).`);
  if (!isThere()) throw new SetupError(`${name} ${wanted.version} was installed and does not run.`);
  return program;
}

/**
 * @param {string} program
 * @param {readonly string[]} [args] for Jest
 * @throws {SetupError} when a test fails
 */
export async function testWithNewestNode(program, args = []) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const what = args.length > 0 ? args : kinds;
  console.log(`\nNode ${stdout.trim().slice(1)}: jest ${what.join(' ')}`);
  const end = await run(program, [join(root, 'node_modules/jest/bin/jest.js'), ...what], { cwd: root });
  if (end !== 'exit 0') throw new SetupError(`jest with Node ${stdout.trim().slice(1)} failed (${end}).`);
}

/**
 * @param {string} file
 * @returns {Record<string, { version: string, integrity: string }>} by path; empty when there is no such file
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(workspace, file), 'utf8')).packages;
  } catch {
    return {};
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  void runCommand(async () => {
    await setUp([...stormParts, 'libatomic1']);
    await testWithNewestNode(await installNewestNode(), process.argv.slice(2));
  });
}
