import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { unwatch, watch } from './lifeline.mjs';

/**
 * @typedef {object} Service
 * @property {number} pid
 * @property {Promise<string>} ended how it ended, once it did: `exit 1`, `SIGKILL`
 * @property {() => boolean} running
 * @property {(signal: NodeJS.Signals) => void} kill sends a signal to the process and all its children
 * @property {(patience?: number) => Promise<void>} stop SIGTERM, then SIGKILL after `patience` milliseconds (default 5,000)
 */

/**
 * Starts a program in a process group of its own that dies with this process. The group matters: `php -S` has its
 * workers as children, and they keep the port when only their parent is killed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {string} [options.log] file for what it prints; default: it prints where this process prints
 * @param {Record<string, string | undefined>} [options.env] in addition to this process's
 * @param {string} [options.cwd]
 * @param {boolean} [options.leaves] what it has started stays when it ends by itself
 * @returns {Service}
 */
export function startProcess(command, args, { log, env = {}, cwd, leaves = false } = {}) {
  const output = log === undefined ? 'inherit' : openSync(log, 'a');
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', output, output],
  });
  if (typeof output === 'number') closeSync(output);
  const { pid } = child;
  if (pid !== undefined) watch('group', pid);

  let over = false;
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      over = true;
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      over = true;
      if (!leaves) signalGroup(child.pid, 'SIGKILL'); // Its children go with it, also when it alone was killed.
      if (pid !== undefined) unwatch('group', pid);
      resolve(signal ?? `exit ${code}`);
    });
  });

  return {
    pid: pid ?? 0,
    ended,
    running: () => !over,
    kill: (signal) => signalGroup(pid, signal),
    async stop(patience = 5_000) {
      if (over) return;
      signalGroup(pid, 'SIGTERM');
      signalGroup(pid, 'SIGCONT'); // A frozen process takes no other signal.
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), patience);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * Sends a signal to a process group, and returns when it has done its work: SIGKILL, when the process that leads the group
 * has gone; SIGSTOP, when it has reached each of its threads (before, a server may answer one more statement).
 *
 * @param {number} group 0 for none
 * @param {NodeJS.Signals} signal
 */
export async function signalled(group, signal) {
  if (group === 0) return;
  signalGroup(group, signal);
  const stopped = () => threadStates(group).every((state) => state === 'T');
  if (signal === 'SIGKILL') while (isRunning(group)) await sleep(5);
  if (signal === 'SIGSTOP') while (!stopped()) await sleep(1);
}

/**
 * @param {number} pid
 * @returns {boolean} false for a zombie, too: its parent may never reap it
 */
export function isRunning(pid) {
  return pid > 0 && threadStates(pid).some((state) => state !== 'Z' && state !== 'X');
}

/** @param {number} pid */
function threadStates(pid) {
  const tasks = `/proc/${pid}/task`;
  return entries(tasks).flatMap((task) => {
    try {
      return [/\) (\w)/.exec(readFileSync(`${tasks}/${task}/stat`, 'utf8'))?.[1]];
    } catch {
      return []; // It has gone since.
    }
  });
}

/** @param {string} directory */
function entries(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** @param {number | undefined} group @param {NodeJS.Signals} signal */
function signalGroup(group, signal) {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until a service takes connections.
 *
 * @param {Service} service
 * @param {{ name: string, host?: string, port: number | string, log: string, greets?: boolean, timeout?: number }} options
 *   `host`: default 127.0.0.1; `port`: or a Unix socket; `greets`: the server speaks first, as MySQL does, and is ready when it has; `timeout`
 *   in milliseconds, default 60,000
 * @throws {Error} with the last lines of the log, when it ended or the time is over; it is stopped then
 */
export async function untilReady(service, { name, host, port, log, greets = false, timeout = 60_000 }) {
  const deadline = Date.now() + timeout;
  while (service.running() && Date.now() < deadline) {
    if (await answers(port, greets, host)) return;
    await sleep(20);
  }
  const reason = service.running() ? `does not answer on port ${port}` : `ended (${await service.ended})`;
  await service.stop(0);
  throw new Error(`${name} ${reason}\n${tail(log)}`);
}

/**
 * Whether a service takes connections now.
 *
 * @param {number | string} port
 * @param {boolean} greets see `untilReady()`
 * @param {string} [host]
 * @returns {Promise<boolean>}
 */
export function answers(port, greets, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = typeof port === 'number' ? connect(port, host) : connect(port);
    const finish = (/** @type {boolean} */ result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once(greets ? 'data' : 'connect', () => finish(true));
  });
}

/**
 * The last lines of a log, for a message.
 *
 * @param {string} log
 * @param {number} [lines]
 * @returns {string}
 */
export function tail(log, lines = 15) {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
