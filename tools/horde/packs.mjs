import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, SetupError } from '../setup.mjs';

/**
 * What Horde packs values with depends on PHP's extensions. These are the kinds of a Debian system.
 *
 * @type {Record<string, { without: readonly string[], lz4?: true }>}
 */
export const packs = {
  /** Arrays by msgpack, objects by igbinary. */
  full: { without: [] },
  /** The same, compressed, as with the packages that php-horde-imp recommends. */
  lz4: { without: [], lz4: true },
  igbinary: { without: ['msgpack'] },
  msgpack: { without: ['igbinary'] },
  /** Arrays as JSON, objects by serialize(). */
  json: { without: ['igbinary', 'msgpack'] },
};

/** @typedef {keyof typeof packs} Pack */

/**
 * Makes a directory for `PHP_INI_SCAN_DIR`: the extensions of this machine that belong to a pack, and settings.
 *
 * @param {string} directory is made
 * @param {Pack} pack
 * @param {Record<string, string>} settings of php.ini
 */
export async function writeIni(directory, pack, settings) {
  const { without, lz4 } = packs[pack] ?? { without: [] };
  const own = configuration();
  mkdirSync(directory);
  for (const name of readdirSync(own)) {
    const isLeftOut = without.some((extension) => name.endsWith(`-${extension}.ini`));
    if (!isLeftOut) symlinkSync(realpathSync(join(own, name)), join(directory, name));
  }
  if (lz4) writeFileSync(join(directory, '90-horde_lz4.ini'), `extension=${await lz4Extension()}\n`);
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(directory, '99-lab.ini'), lines.join(''));
}

/** Where Debian's php-fpm has its extensions. @throws {SetupError} on another system */
function configuration() {
  const versions = existsSync('/etc/php') ? readdirSync('/etc/php').filter((name) => /^\d+\.\d+$/.test(name)) : [];
  const found = versions.map((version) => `/etc/php/${version}/fpm/conf.d`).filter((path) => existsSync(path));
  const [first] = found.sort().reverse();
  if (first === undefined)
    throw new SetupError('Horde of Debian needs php-fpm of Debian: there is no /etc/php/*/fpm/conf.d.');
  return first;
}

/** The extension of php-horde-lz4. It is unpacked and not installed: installed, each PHP of this machine would compress. */
async function lz4Extension() {
  const folder = join(root, '.cache/horde-lz4');
  const find = () => {
    const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    return files.find((name) => name.endsWith('/horde_lz4.so'));
  };
  if (find() === undefined) {
    mkdirSync(folder, { recursive: true });
    const script = 'cd "$0" && apt-get download -q php-horde-lz4 && dpkg-deb -x php-horde-lz4_*.deb .';
    const log = join(root, '.cache/horde-lz4.log');
    const end = await run('sh', ['-c', script, folder], { log });
    if (end !== 'exit 0')
      throw new SetupError(`php-horde-lz4 could not be unpacked (${end}); all it said is in ${log}`);
  }
  return join(folder, find() ?? '');
}
