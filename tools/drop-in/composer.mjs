import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { root, SetupError } from '../setup.mjs';

/** What an application that installs `php/` with Composer finds by its autoloader, and where php.ini finds prepend.php. */
const check = `require 'vendor/autoload.php';
  new PhpSessionBridge\\Adapter\\YiiHandler(new PhpSessionBridge\\SessionHandler(function () {}, ['table' => 'a']));
  echo is_file('vendor/php-session-bridge/session-handler/prepend.php') ? 'found' : 'no prepend.php';`;

/**
 * Composer finds nothing wrong with `php/composer.json`, and installs the package.
 *
 * @param {{ share: string, env: Record<string, string>, ini: Record<string, string> }} debian
 * @throws {SetupError} when it does not
 */
export function checkComposer({ share, env, ini }) {
  const directory = temporaryDirectory('composer');
  const run = (/** @type {string[]} */ ...args) => {
    const settings = Object.entries(ini).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
    const home = { COMPOSER_ALLOW_SUPERUSER: '1', COMPOSER_HOME: directory.path };
    const options = {
      cwd: directory.path,
      encoding: /** @type {const} */ ('utf8'),
      env: { ...process.env, ...env, ...home },
    };
    const { status, stdout, stderr } = spawnSync('php', [...settings, ...args], options);
    if (status !== 0) throw new SetupError(`${args.at(-1)}: ${stdout}${stderr}`);
    return stdout;
  };
  try {
    const composer = join(share, '../bin/composer');
    cpSync(join(root, 'php'), join(directory.path, 'package'), { recursive: true });
    run(composer, '--no-interaction', '--strict', 'validate', 'package/composer.json');
    const repositories = [{ type: 'path', url: 'package', options: { symlink: false } }, { 'packagist.org': false }];
    const manifest = { repositories, require: { 'php-session-bridge/session-handler': '*@dev' } };
    writeFileSync(join(directory.path, 'composer.json'), JSON.stringify(manifest));
    run(composer, '--no-interaction', 'install');
    const found = run('-r', check);
    if (found !== 'found') throw new SetupError(found);
  } finally {
    directory.remove();
  }
}
