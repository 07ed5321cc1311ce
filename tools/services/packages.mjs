import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The library of the package galera-4, which makes a cluster of MariaDB servers. */
export const galeraProvider = '/usr/lib/galera/libgalera_smm.so';

/**
 * Where a program is, or `undefined`. Servers stand in directories that an ordinary user's PATH lacks.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const directory of [...path, '/usr/sbin', '/usr/local/sbin', '/sbin']) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/**
 * @param {string} name
 * @returns {string}
 * @throws {Error} when there is no such program
 */
export function program(name) {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is not installed; \`npm start\` says what is needed`);
  return file;
}
