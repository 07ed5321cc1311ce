import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { startPhpFpm } from '../services/php-fpm.mjs';
import { freePort } from '../services/ports.mjs';
import { startProcess, untilReady } from '../services/processes.mjs';
import { configureProxy } from '../storm/haproxy.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @typedef {object} Servers
 * @property {string} php URL
 * @property {[string, string]} node URLs of two processes
 * @property {string} logs the directory with what they print
 * @property {() => Promise<void>} stop
 */

/**
 * Starts PHP-FPM behind HAProxy, and two Node servers.
 *
 * @param {object} options
 * @param {import('../services/engines.mjs').Endpoint[]} options.endpoints the first Node server has the first one, the others the last
 * @param {string} options.gate URL
 * @param {string[]} options.tables
 * @returns {Promise<Servers>}
 */
export async function startServers({ endpoints, gate, tables }) {
  const directory = temporaryDirectory('logins');
  const log = (/** @type {string} */ name) => join(directory.path, `${name}.log`);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  const environment = (/** @type {number} */ at, more = {}) => ({
    LOGINS: JSON.stringify({ connection: endpoints.at(at), gate, tables, ...more }),
  });

  /** @param {string} name @param {number} at */
  const startNode = async (name, at) => {
    const port = await freePort();
    const env = environment(at, { port });
    const service = startProcess(process.execPath, [here('node-server.mjs')], { env, log: log(name) });
    stops.push(service.stop);
    await untilReady(service, { name, port, log: log(name) });
    return `http://127.0.0.1:${port}`;
  };

  try {
    const php = await startPhpFpm({
      workers: 2 * tables.length + 1, // A page that waits keeps its worker.
      ini: { 'session.gc_probability': 0, display_errors: 0, log_errors: 1, error_reporting: 32_767 },
      env: environment(-1),
      log: log('php'),
    });
    stops.push(php.stop);
    const node = await Promise.all([startNode('node-1', 0), startNode('node-2', -1)]);

    const port = await freePort();
    const configuration = join(directory.path, 'haproxy.cfg');
    const [command, ...args] = configureProxy(configuration, {
      ...{ port, socket: php.socket, script: here('pages/index.php') },
      nodePorts: [], // They are asked directly, as each login says which of them it wants.
    });
    const proxy = startProcess(command, args, { log: log('haproxy') });
    stops.push(proxy.stop);
    await untilReady(proxy, { name: 'HAProxy', port, log: log('haproxy') });
    return { php: `http://127.0.0.1:${port}/php`, node, logs: directory.path, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
