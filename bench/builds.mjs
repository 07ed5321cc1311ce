// Builds of this package: the one in dist/, and another one to compare it with.
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { temporaryDirectory } from '../tools/services/lifeline.mjs';
import { root, SetupError } from '../tools/setup.mjs';

/** Where the entries of the package are in a build. Layouts have changed; the newest comes first. */
const entries = {
  codec: ['codec.js', 'esm/codec/index.js'],
  koa: ['koa.js', 'esm/middleware/koa.js'],
  express: ['express.js'],
  fastify: ['fastify.js'],
  igbinary: ['igbinary.js'],
  msgpack: ['msgpack.js'],
  mysql: ['mysql.js', 'esm/mysql.js', 'esm/stores/mysql/index.js'],
};

export const ownBuild = fileURLToPath(new URL('../dist', import.meta.url));

/**
 * @param {string} build its folder
 * @param {keyof typeof entries} entry
 * @returns {Promise<any>} the module
 * @throws {SetupError} when the folder has no such entry
 */
export function importEntry(build, entry) {
  const file = entries[entry].map((path) => join(build, path)).find((path) => existsSync(path));
  if (file === undefined) throw new SetupError(`${build} is no build of this package: it has no ${entries[entry][0]}.`);
  return import(pathToFileURL(file).href);
}

/**
 * Copies another build into the clone, so that it uses the same Koa and mysql2 as this one.
 *
 * @param {string} directory the build, or a checkout that has one in dist/
 * @returns {{ path: string, remove(): void }}
 * @throws {SetupError} when there is none
 */
export function copyBuild(directory) {
  const inside = join(directory, 'dist');
  const build = existsSync(inside) ? inside : directory;
  if (!existsSync(build)) throw new SetupError(`There is no build in ${directory}.`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  const copy = temporaryDirectory('build', join(root, '.cache'));
  cpSync(build, copy.path, { recursive: true });
  return copy;
}
