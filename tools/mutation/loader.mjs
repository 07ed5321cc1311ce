import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { transformSync } from '@swc/core';

/** @typedef {(exports: object, require: (name: string) => unknown, module: { exports: object }, file: string, directory: string) => void} Code */

/** Compiled files, shared by all loaders. @type {Map<string, Code>} */
const compiled = new Map();

/** The options of jest.config.mjs. @param {string} path @param {string} source @returns {Code} */
function compile(path, source) {
  const jsc = { parser: { syntax: /** @type {const} */ ('typescript') }, target: /** @type {const} */ ('es2023') };
  const { code } = transformSync(source, { filename: path, swcrc: false, jsc, module: { type: 'commonjs' } });
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  return /** @type {Code} */ (compileFunction(code, parameters, { filename: path }));
}

/** Loads the files of the project as modules, each loader its own; packages and what belongs to Node are those of the process. */
export class Loader {
  /** @type {Map<string, { exports: object }>} */
  #modules = new Map();
  /** Of the sources that were changed. @type {Map<string, Code>} */
  #compiled = new Map();
  #changed;
  #packages;

  /**
   * @param {Readonly<Record<string, string>>} changed sources, by path, that take the place of files
   * @param {Readonly<Record<string, object>>} packages modules, by name or path, that take the place of others
   */
  constructor(changed, packages) {
    this.#changed = changed;
    this.#packages = packages;
  }

  /** @param {string} path @returns {any} */
  load(path) {
    const known = this.#modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.#modules.set(path, module);
    const native = createRequire(path);
    const require = (/** @type {string} */ name) => {
      const file = name.startsWith('.') ? resolve(dirname(path), name) : name;
      const given = this.#packages[file];
      if (given !== undefined && file !== path) return given;
      return file !== name && /\.(?:ts|mjs)$/.test(file) ? this.load(file) : native(name);
    };
    this.#code(path)(module.exports, require, module, path, dirname(path));
    return module.exports;
  }

  /** Runs a function that finds no module loaded. @param {() => unknown} run */
  isolated(run) {
    const modules = this.#modules;
    this.#modules = new Map();
    run();
    this.#modules = modules;
  }

  /** @param {string} path */
  #code(path) {
    const changed = this.#changed[path];
    const kept = changed === undefined ? compiled : this.#compiled;
    const code = kept.get(path) ?? compile(path, changed ?? readFileSync(path, 'utf8'));
    kept.set(path, code);
    return code;
  }
}
