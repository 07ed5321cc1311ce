import { join } from 'node:path';
import { temporaryDirectory } from './lifeline.mjs';
import { program } from './packages.mjs';
import { freePort } from './ports.mjs';
import { startProcess, tail, untilReady } from './processes.mjs';

/**
 * @typedef {object} PhpServer
 * @property {string} url `http://127.0.0.1:PORT`
 * @property {number} port
 * @property {number} pid
 * @property {Promise<string>} ended how it ended, once it did
 * @property {(signal: NodeJS.Signals) => void} kill
 * @property {() => string} log the last lines of what it printed, `error_log()` included
 * @property {() => Promise<void>} stop
 */

/**
 * Starts PHP's own web server with several workers, so that requests really run at the same time.
 *
 * @param {object} options
 * @param {string} [options.documentRoot] directory of the scripts
 * @param {string} [options.router] script that answers every request; one of the two is needed
 * @param {number} [options.port] default: a free one
 * @param {number} [options.workers] requests at the same time, default 8
 * @param {Record<string, string | number>} [options.ini] php.ini settings
 * @param {Record<string, string | undefined>} [options.env]
 * @param {string} [options.log] file for what it prints; default: a temporary one, until `stop()`
 * @returns {Promise<PhpServer>}
 */
export async function startPhpServer({ documentRoot, router, port, workers = 8, ini = {}, env = {}, log }) {
  const directory = log === undefined ? temporaryDirectory('php') : undefined;
  const ownLog = log ?? join(directory?.path ?? '', 'log');
  const ownPort = port ?? (await freePort());
  const args = Object.entries(ini).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
  args.push('-S', `127.0.0.1:${ownPort}`);
  if (documentRoot !== undefined) args.push('-t', documentRoot);
  if (router !== undefined) args.push(router);
  try {
    const server = startProcess(program('php'), args, {
      log: ownLog,
      env: { ...env, PHP_CLI_SERVER_WORKERS: workers > 1 ? String(workers) : undefined }, // PHP complains of 1.
    });
    await untilReady(server, { name: 'PHP', port: ownPort, log: ownLog });
    return {
      url: `http://127.0.0.1:${ownPort}`,
      port: ownPort,
      pid: server.pid,
      ended: server.ended,
      kill: (signal) => server.kill(signal),
      log: () => tail(ownLog),
      async stop() {
        await server.stop();
        directory?.remove();
      },
    };
  } catch (error) {
    directory?.remove();
    throw error;
  }
}
