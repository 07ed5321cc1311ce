import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { unwatch, watch } from '../tools/services/lifeline.mjs';

/** The PHP that is installed, as one process; it measures itself with hrtime(). */
export class Php {
  #process;
  #lines;

  constructor() {
    const script = fileURLToPath(new URL('php.php', import.meta.url));
    const settings = ['-d', 'memory_limit=1G', '-d', 'display_errors=stderr', '-d', 'log_errors=0'];
    this.#process = spawn('php', [...settings, script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const { pid = 0 } = this.#process;
    watch('group', pid);
    this.#process.once('exit', () => unwatch('group', pid));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param {string} question see php.php
   * @param {...unknown} args
   * @returns {Promise<any>}
   */
  async ask(question, ...args) {
    this.#process.stdin.write(`${JSON.stringify([question, ...args])}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error(`PHP ended with ${this.#process.exitCode ?? this.#process.signalCode}`);
    return JSON.parse(line);
  }

  close() {
    this.#process.kill();
  }
}
