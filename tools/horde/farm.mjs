import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../services/haproxy.mjs';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { startPhpFpm } from '../services/php-fpm.mjs';
import { freePort } from '../services/ports.mjs';
import { startProcess, untilReady } from '../services/processes.mjs';
import { dropIn } from './drop-in.mjs';
import { serveFiles } from './files.mjs';
import { configureProxy } from './haproxy.mjs';
import { writeIni } from './packs.mjs';

/**
 * @typedef {object} FarmOptions
 * @property {readonly import('./drop-in.mjs').Way[]} ways one Horde server for each
 * @property {import('./packs.mjs').Pack} [pack] default `full`
 * @property {number} [workers] PHP processes of each server, default 6
 * @property {object} [settings] of Horde, over those of settings.mjs: `{ auth: { checkip: false }, session: { max_time: 60 } }`
 * @property {{ script: string, count: number, env?: Record<string, string> }} [node] the script of Node servers, which gets its port as the
 *   environment's `PORT`
 * @property {{ host: string, port: number, certificate: string }} [https] where the proxy listens, with a file of certificate and key; default: http
 *   on 127.0.0.1 and a free port
 */

/**
 * @typedef {object} HordeServer
 * @property {string} name `horde-1`
 * @property {import('./drop-in.mjs').Way} way
 * @property {string} url of this server alone
 * @property {import('../services/php-fpm.mjs').PhpFpm} php
 */

/**
 * @typedef {object} HordeFarm
 * @property {string} url of the proxy before all servers
 * @property {readonly HordeServer[]} servers
 * @property {readonly { name: string, url: string, service: import('../services/processes.mjs').Service }[]} nodes
 * @property {string} logs the folder with what they print
 * @property {() => Promise<void>} kill SIGKILL to all its processes at once
 * @property {() => Promise<void>} stop
 */

/**
 * Starts Horde servers and Node servers behind one proxy, over one session table.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {FarmOptions} options
 * @returns {Promise<HordeFarm>}
 */
export async function startHordeFarm(lab, { ways, pack = 'full', workers = 6, settings = {}, node, https }) {
  const directory = temporaryDirectory('horde-farm');
  const at = (/** @type {string} */ name) => join(directory.path, name);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };

  /** @param {import('./drop-in.mjs').Way} way @param {number} i */
  const startServer = async (way, i) => {
    const name = `horde-${i + 1}`;
    mkdirSync(at(name));
    const { folder, database } = lab;
    const ours = dropIn(way, { directory: at(name), folder, database });
    await writeIni(at(`${name}/conf.d`), pack, ours.phpIni);
    const php = await startPhpFpm({
      workers,
      ini: { ...ours.ini, display_errors: 0, log_errors: 1, memory_limit: '256M' },
      env: { PHP_INI_SCAN_DIR: at(`${name}/conf.d`), HORDE_LAB: JSON.stringify({ ...settings, ...ours.settings }) },
      log: at(`${name}.log`),
    });
    stops.push(php.stop);
    const port = await freePort();
    return { name, way, url: `http://127.0.0.1:${port}`, port, php, socket: php.socket };
  };

  /** @param {{ script: string, env?: Record<string, string> }} of @param {number} i */
  const startNode = async ({ script, env }, i) => {
    const [name, port] = [`node-${i + 1}`, await freePort()];
    const log = at(`${name}.log`);
    const service = startProcess(process.execPath, [script], { env: { ...env, PORT: String(port) }, log });
    stops.push(() => service.stop());
    await untilReady(service, { name, port, log });
    return { name, port, url: `http://127.0.0.1:${port}`, service };
  };

  try {
    lab.forgetPacks(pack);
    const servers = [];
    for (const [i, way] of ways.entries()) servers.push(await startServer(way, i));
    const nodes = [];
    for (let i = 0; i < (node?.count ?? 0); i++) nodes.push(await startNode(/** @type {any} */ (node), i));
    const files = await serveFiles(lab.folder);
    stops.push(files.stop);
    const { host, port } = https ?? { host: '127.0.0.1', port: await freePort() };
    const nodePorts = nodes.map((each) => each.port);
    const [command, ...args] = configureProxy(at('haproxy.cfg'), {
      bind: `${host}:${port}${https === undefined ? '' : ` ssl crt ${quoted(https.certificate)}`}`,
      folder: lab.folder,
      filesPort: files.port,
      servers,
      nodePorts,
    });
    const proxy = startProcess(command, args, { log: at('haproxy.log') });
    stops.push(() => proxy.stop());
    await untilReady(proxy, { name: 'HAProxy', host, port, log: at('haproxy.log') });
    const kill = async () => {
      const processes = [proxy, ...servers.map(({ php }) => php), ...nodes.map(({ service }) => service)];
      for (const each of processes) each.kill('SIGKILL');
      await Promise.all(processes.map(({ ended }) => ended));
      await stop();
    };
    const url = `${https === undefined ? 'http' : 'https'}://${host}:${port}`;
    return { url, servers, nodes, logs: directory.path, kill, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
