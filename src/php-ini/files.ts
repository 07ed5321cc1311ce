import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PhpSettings, SettingsReader } from './settings.ts';

/** The files that one PHP reads: `php --ini` and `phpinfo()` name them. */
export interface PhpIniFiles {
  /** The path of php.ini. */
  ini?: string;
  /** The directory whose `*.ini` PHP reads after it, in the order of their names: `/etc/php/8.4/fpm/conf.d`. */
  scanDirectory?: string;
  /** With FPM, the file of the pool: its `php_value[…]`, `php_flag[…]`, `php_admin_value[…]` and `php_admin_flag[…]`. */
  pool?: string;
  /** The name of the pool, where the file has several. */
  poolName?: string;
  /** The files `.user.ini`, from the document root downwards. */
  userIni?: string | readonly string[];
}

const names: readonly (keyof PhpIniFiles)[] = ['ini', 'scanDirectory', 'pool', 'poolName', 'userIni'];

/**
 * Reads files in the order in which PHP lets them count: php.ini, its directory, `php_value` of the pool, `.user.ini`, `php_admin_value`.
 *
 * @throws TypeError for another key
 * @throws what `node:fs` throws for a file that cannot be read
 */
export function settingsOfFiles(files: PhpIniFiles, env: Readonly<Record<string, string | undefined>>): PhpSettings {
  for (const name of Object.keys(files)) {
    if (!names.includes(name as keyof PhpIniFiles)) throw new TypeError(`${name} is not a key of the files of PHP`);
  }
  const { ini, scanDirectory, pool, poolName, userIni = [] } = files;
  const reader = new SettingsReader(env);
  const read = (file: string) => reader.readIni(textOf(file), file);
  if (ini !== undefined) read(ini);
  if (scanDirectory !== undefined) {
    const found = readdirSync(scanDirectory).filter((name) => name.endsWith('.ini'));
    for (const name of found.sort()) read(join(scanDirectory, name));
  }
  const poolText = pool === undefined ? undefined : textOf(pool);
  if (poolText !== undefined) reader.readPool(poolText, pool!, poolName, false);
  for (const file of [userIni].flat()) read(file);
  if (poolText !== undefined) reader.readPool(poolText, pool!, poolName, true);
  return reader;
}

/** Byte by byte: a php.ini says nothing of its character set. */
function textOf(file: string): string {
  return readFileSync(file, 'latin1');
}
