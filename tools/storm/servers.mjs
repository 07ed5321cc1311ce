import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepRunning } from '../../examples/farm/keep-running.mjs';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { startPhpFpm } from '../services/php-fpm.mjs';
import { freePort } from '../services/ports.mjs';
import { startProcess, untilReady } from '../services/processes.mjs';
import { configureProxy } from './haproxy.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** How many Node servers, as processes that are started and ended alone, and how many workers or threads in each. */
export const layouts = {
  separate: { servers: 8, workers: 1 },
  cluster: { servers: 2, workers: 4 },
  threads: { servers: 2, workers: 4 },
};

/** @typedef {keyof typeof layouts} Layout */
/** @typedef {Awaited<ReturnType<typeof keepRunning>>} Kept */

/**
 * @typedef {object} Servers
 * @property {string} url of the proxy: `URL/php/ACTION` and `URL/node/ACTION`
 * @property {Kept[]} node the Node servers; what ends is started again
 * @property {import('../services/php-fpm.mjs').PhpFpm} php
 * @property {string} logs the directory with what they print
 * @property {() => Promise<void>} goBack ends the newer version, if an older one runs beside it
 * @property {() => Promise<void>} stop
 */

/**
 * Starts PHP-FPM, the Node servers, and HAProxy before them.
 *
 * @param {object} options
 * @param {import('../services/engines.mjs').Endpoint[]} options.endpoints
 * @param {boolean} options.isGalera
 * @param {boolean} options.everyNode whether each Node server begins with another one; PHP begins with the first
 * @param {string} options.table
 * @param {Layout} options.processes
 * @param {number} options.phpWorkers
 * @param {number} options.lockTimeout seconds
 * @param {number} options.maxHold seconds
 * @param {'row' | 'merge'} options.lock
 * @param {boolean} options.persistent
 * @param {readonly string[]} options.frameworks of the Node servers, in turn
 * @param {boolean} options.closes see `StormPages`
 * @param {string} [options.beside] folder of an older version of the package: every second Node server and page of PHP uses it
 * @param {(line: string) => void} options.say
 * @returns {Promise<Servers>}
 */
export async function startServers({
  endpoints,
  isGalera,
  everyNode,
  table,
  processes,
  phpWorkers,
  lockTimeout,
  maxHold,
  lock,
  persistent,
  frameworks,
  closes,
  beside,
  say,
}) {
  const directory = temporaryDirectory('storm');
  const log = (/** @type {string} */ name) => join(directory.path, `${name}.log`);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  const pages = { table, lockTimeout, maxHold, lock };
  const layout = layouts[processes];
  /** When this file is there, all pages of PHP use the older version. */
  const gone = join(directory.path, 'gone');
  const [proxyPort, ...nodePorts] = await Promise.all(
    Array.from({ length: 1 + layout.servers * (processes === 'threads' ? layout.workers : 1) }, () => freePort()),
  );

  /** @param {number} i */
  const startNode = async (i) => {
    const name = `node-${i + 1}`;
    const each = nodePorts.length / layout.servers;
    const ports = nodePorts.slice(i * each, (i + 1) * each);
    const first = everyNode ? i % endpoints.length : 0;
    const connection = [...endpoints.slice(first), ...endpoints.slice(0, first)];
    const storm = {
      processes,
      ports,
      workers: layout.workers,
      pages: {
        ...{ ...pages, name, connection, framework: frameworks[i % frameworks.length], closes },
        older: i % 2 === 1 ? beside : undefined,
      },
    };
    const start = async () => {
      const env = { STORM: JSON.stringify(storm) };
      const service = startProcess(process.execPath, [here('node-process.mjs')], { env, log: log(name) });
      for (const port of ports) await untilReady(service, { name, port, log: log(name) });
      return service;
    };
    const kept = await keepRunning(name, start, say);
    stops.push(kept.stop);
    return kept;
  };

  try {
    const php = await startPhpFpm({
      workers: phpWorkers,
      ini: { 'session.use_strict_mode': 1, 'session.gc_probability': 0, display_errors: 0, log_errors: 1 },
      env: { STORM: JSON.stringify({ ...pages, endpoints, isGalera, persistent, beside, gone }) },
      log: log('php'),
    });
    stops.push(php.stop);
    const starting = Array.from({ length: layout.servers }, (_, i) => startNode(i));
    await Promise.allSettled(starting); // When one fails, the others must be there to be stopped.
    const node = await Promise.all(starting);

    const configuration = join(directory.path, 'haproxy.cfg');
    const script = here('pages/index.php');
    const [command, ...args] = configureProxy(configuration, {
      port: proxyPort ?? 0,
      socket: php.socket,
      script,
      nodePorts,
    });
    const proxy = startProcess(command, args, { log: log('haproxy') });
    stops.push(proxy.stop);
    await untilReady(proxy, { name: 'HAProxy', port: proxyPort ?? 0, log: log('haproxy') });
    const goBack = async () => {
      writeFileSync(gone, '');
      const newer = node.filter((_, i) => i % 2 === 0);
      for (const server of newer) server.kill('SIGTERM');
      await Promise.all(newer.map((server) => server.stop()));
    };
    return { url: `http://127.0.0.1:${proxyPort}`, node, php, logs: directory.path, goBack, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
