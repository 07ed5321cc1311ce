import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { unwatch, watch } from '../../tools/services/lifeline.mjs';

/** It collects garbage seldom, and in its own thread, so that no other threads take processors from what is measured. */
const execArgv = ['--max-semi-space-size=64', '--single-threaded-gc'];

/** The process with the visitors: see visitors.mjs. */
export class Load {
  #process;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('visitors.mjs', import.meta.url)), { detached: true, execArgv });
    const { pid = 0 } = this.#process;
    watch('group', pid);
    this.#process.once('exit', () => unwatch('group', pid));
  }

  /** For `cpuOf()`. */
  get pid() {
    return this.#process.pid ?? 0;
  }

  /**
   * @param {{ kind: 'enter' | 'closed' | 'open' | 'together', url: string, [option: string]: unknown }} job
   * @returns {Promise<any>} what the function of that name returns
   */
  ask(job) {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('The visitors have ended'));
      this.#process.once('exit', ended);
      this.#process.once('message', (/** @type {any} */ { result, error }) => {
        this.#process.off('exit', ended);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      this.#process.send(job);
    });
  }

  close() {
    this.#process.disconnect();
  }
}
