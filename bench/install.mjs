import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run, SetupError } from '../tools/setup.mjs';

const directory = fileURLToPath(new URL('.', import.meta.url));

/**
 * Installs the peers of bench/package.json, if they are not there.
 *
 * @throws {SetupError} when npm cannot
 */
export async function installPeers() {
  const wanted = Object.entries(readPackage('package.json').dependencies);
  if (wanted.every(([name, version]) => readPackage(`node_modules/${name}/package.json`).version === version)) return;
  console.error(
    `Installing into bench/node_modules: ${wanted.map(([name, version]) => `${name}@${version}`).join(' ')}`,
  );
  // Their install scripts are not wanted.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const end = await run('npm', ['ci', ...options], { cwd: directory });
  if (end !== 'exit 0') throw new SetupError(`npm ci failed in bench/ (${end}).`);
}

/**
 * @param {string} file
 * @returns {any} empty when there is no such file
 */
function readPackage(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  } catch {
    return {};
  }
}
