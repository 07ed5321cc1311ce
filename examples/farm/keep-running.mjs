import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} Running
 * @property {number} pid
 * @property {Promise<string>} ended how it ended, once it did
 * @property {(signal: NodeJS.Signals) => void} kill
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a service, and starts it again after a short pause each time it ends by itself.
 *
 * @param {string} name
 * @param {() => Promise<Running>} start
 * @param {(line: string) => void} say gets a line about each event
 * @returns {Promise<{ readonly pid: number, readonly running: boolean, kill: Running['kill'], stop: Running['stop'] }>}
 * @throws {Error} what the first `start` throws
 */
export async function keepRunning(name, start, say) {
  let service = await start();
  let running = true;
  let stopping = false;

  const watching = (async () => {
    for (;;) {
      const end = await service.ended;
      running = false;
      if (stopping) return;
      say(`${name} ended (${end}) and is started again`);
      await sleep(300);
      service = await untilStarted();
    }
  })();

  async function untilStarted() {
    while (!stopping) {
      try {
        const next = await start();
        say(`${name} runs again (pid ${next.pid})`);
        if (stopping) await next.stop();
        else running = true;
        return next;
      } catch (error) {
        say(`${name} could not be started: ${/** @type {Error} */ (error).message}`);
        await sleep(1_000);
      }
    }
    return service;
  }

  return {
    get pid() {
      return service.pid;
    },
    get running() {
      return running;
    },
    kill: (signal) => service.kill(signal),
    async stop() {
      stopping = true;
      await service.stop();
      await watching;
    },
  };
}
