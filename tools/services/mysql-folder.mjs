import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, unwatch, watch } from './lifeline.mjs';
import { freePort } from './ports.mjs';
import { isRunning, signalled, startProcess, tail } from './processes.mjs';

/** Where the servers of the folder's command listen. The single server takes the first. */
const portNames = /** @type {const} */ (['SQL1_PORT', 'SQL2_PORT', 'MGM_PORT', 'NDB1_PORT', 'NDB2_PORT']);

/** @typedef {Record<typeof portNames[number], number>} Ports */

/**
 * A folder with MySQL's programs and a command `cluster` that starts servers in a directory (docs/clusters.md says what
 * the command must do). Each server leads a process group of its own, whose id stands in DIRECTORY/NAME.pid; none
 * outlives this process.
 */
export class MysqlFolder {
  /** @type {Ports} */
  ports;
  #command;
  #env;
  #directory = temporaryDirectory('mysql');
  /** @type {Set<number>} process groups that run */
  #groups = new Set();

  /**
   * @param {string} folder
   * @param {Record<string, string>} [env] more variables for the command
   */
  static async of(folder, env = {}) {
    const ports = await Promise.all(portNames.map(() => freePort()));
    const named = /** @type {Ports} */ (Object.fromEntries(portNames.map((name, i) => [name, ports[i]])));
    return new MysqlFolder(folder, named, env);
  }

  /** @private @param {string} folder @param {Ports} ports @param {Record<string, string>} env */
  constructor(folder, ports, env) {
    this.ports = ports;
    this.#command = join(folder, 'cluster');
    this.#env = { ...env, ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, `${port}`])) };
  }

  /**
   * Runs the command to its end.
   *
   * @param {...string} args without the directory
   * @returns {Promise<string>} what it printed
   * @throws {Error} with the last lines that it printed
   */
  async run(...args) {
    // Where no parent reaps zombies, the command would take one for a server that runs.
    for (const name of this.#names()) if (this.pid(name) === 0) rmSync(this.#pidFile(name), { force: true });
    const log = join(this.#directory.path, `${args.join('-')}-${Date.now()}.log`);
    const running = startProcess(this.#command, [...args, this.#servers], { env: this.#env, log, leaves: true });
    // Not only at the end: this process may be killed while it waits.
    const following = setInterval(() => this.#follow(), 100);
    const end = await running.ended;
    clearInterval(following);
    this.#follow();
    if (end !== 'exit 0') throw new Error(`${this.#command} ${args.join(' ')} failed (${end})\n${tail(log)}`);
    return readFileSync(log, 'utf8');
  }

  /**
   * @param {string} name
   * @returns {number} 0: it does not run
   */
  pid(name) {
    try {
      const pid = Number(readFileSync(this.#pidFile(name), 'utf8'));
      return isRunning(pid) ? pid : 0;
    } catch {
      return 0; // It was never started.
    }
  }

  /** @param {string} name @param {NodeJS.Signals} signal */
  async kill(name, signal) {
    await signalled(this.pid(name), signal);
    this.#follow();
  }

  /** Kills what the command has started, and removes its data. */
  async remove() {
    this.#follow();
    await Promise.all([...this.#groups].map((group) => signalled(group, 'SIGKILL')));
    this.#follow();
    this.#directory.remove();
  }

  get #servers() {
    return join(this.#directory.path, 'servers');
  }

  /** @param {string} name */
  #pidFile(name) {
    return join(this.#servers, `${name}.pid`);
  }

  /** Makes the servers that run now end with this process. */
  #follow() {
    const running = new Set(this.#names().map((name) => this.pid(name)));
    running.delete(0);
    for (const group of running) if (!this.#groups.has(group)) watch('group', group);
    for (const group of this.#groups) if (!running.has(group)) unwatch('group', group);
    this.#groups = running;
  }

  /** Servers that were started. */
  #names() {
    try {
      const files = readdirSync(this.#servers).filter((name) => name.endsWith('.pid'));
      return files.map((name) => name.slice(0, -'.pid'.length));
    } catch {
      return []; // The node has not started yet.
    }
  }
}

/** @typedef {{ host: '127.0.0.1', port: number, user: 'root', password: '', database: 'test' }} MysqlEndpoint */

/**
 * @param {number} port
 * @returns {MysqlEndpoint}
 */
export function endpoint(port) {
  return { host: '127.0.0.1', port, user: 'root', password: '', database: 'test' };
}
