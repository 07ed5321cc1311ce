import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { startProcess, tail, untilReady } from '../../tools/services/processes.mjs';
import { configureProxy } from './haproxy.mjs';
import { keepRunning } from './keep-running.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const table = 'session';
/** The Node servers, and their files in node/frameworks/. */
const frameworks = /** @type {const} */ ({
  'node-1': 'koa',
  'node-2': 'koa-session',
  'node-3': 'express',
  'node-4': 'fastify',
  'node-5': 'hono',
});
const nodeNames = /** @type {(keyof typeof frameworks)[]} */ (Object.keys(frameworks));
const phpNames = /** @type {const} */ (['php-1', 'php-2']);
const names = [...phpNames, ...nodeNames];

/** @param {number} lockTimeout */
const iniSettings = (lockTimeout) => ({
  'session.use_strict_mode': 1,
  'session.cookie_httponly': 1,
  'session.cookie_samesite': 'Lax',
  'session.gc_probability': 1,
  'session.gc_divisor': 1000,
  // Seconds, by default a day: longer than any lock is waited for, and then the database is taken for dead.
  'mysqlnd.net_read_timeout': lockTimeout + 2,
  display_errors: 0,
  log_errors: 1,
});

/**
 * @typedef {object} FarmServer
 * @property {number} pid the process that listens now; another one after a restart
 * @property {boolean} running false from its end until it is started again
 * @property {number} port
 * @property {string} url of this server itself, without the proxy
 * @property {(signal: NodeJS.Signals) => void} kill sends a signal to all its processes
 */

/**
 * @typedef {object} Farm
 * @property {string} url of the proxy
 * @property {Record<typeof names[number], FarmServer>} servers
 * @property {{ host: string, port: number, user: string, password: string, database: string, table: string,
 *   pid: number, kill: (signal: NodeJS.Signals) => void }} database
 * @property {FarmServer} proxy
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a private MariaDB with a session table, two PHP servers, five Node servers, a round-robin proxy before them, and
 * beside them the observer that the page asks, all on free loopback ports. What ends by itself is started again. Nothing
 * outlives this process.
 *
 * @param {object} [options]
 * @param {number} [options.lockTimeout] seconds that a request waits for the session, on both sides; default 10
 * @param {number} [options.maxHold] seconds after which a silent server loses the session's lock, on both sides; default 30
 * @param {(line: string) => void} [options.say] gets a line for each process that ends and is started again
 * @returns {Promise<Farm>}
 */
export async function startFarm({ lockTimeout = 10, maxHold = 30, say = () => {} } = {}) {
  const directory = temporaryDirectory('farm');
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  /** @param {string} name @param {() => Promise<import('./keep-running.mjs').Running>} start */
  const keep = async (name, start) => {
    const kept = await keepRunning(name, start, say);
    stops.push(kept.stop);
    return kept;
  };
  const log = (/** @type {string} */ name) => join(directory.path, `${name}.log`);

  try {
    /** @type {import('../../tools/services/mariadb.mjs').Mariadb | undefined} */
    let mariadb;
    const keptDatabase = await keep('MariaDB', async () => {
      if (mariadb) await mariadb.start();
      // The observer reads there which server holds a lock.
      else mariadb = await startMariadb({ settings: { 'innodb-status-output-locks': 1 } });
      return mariadb;
    });
    const { host, port, user, password } = /** @type {NonNullable<typeof mariadb>} */ (mariadb);
    const database = { host, port, user, password, database: 'test' };
    // One account per server: a DBA and the observer can see which one holds a lock, and each has only the privileges it needs.
    const accounts = [...names, 'observer'].map((user) => ({ user, password: randomBytes(12).toString('hex') }));
    await prepareDatabase({ database, table, accounts }, log('prepare-database'));
    const as = (/** @type {string} */ name) => ({ ...database, ...accounts.find(({ user }) => user === name) });

    /**
     * @param {string} name
     * @param {(port: number, env: { FARM: string }) => Promise<import('./keep-running.mjs').Running>} start
     * @param {object} [more] for the server
     */
    const startServer = async (name, start, more) => {
      const port = await freePort();
      const env = { FARM: JSON.stringify({ name, port, database: as(name), table, lockTimeout, maxHold, ...more }) };
      return described(await keep(name, () => start(port, env)), port);
    };
    const startPhp = (/** @type {string} */ name) =>
      startServer(name, (port, env) =>
        startPhpServer({
          router: here('php/index.php'),
          port,
          workers: 8,
          ini: iniSettings(lockTimeout),
          env,
          log: log(name),
        }),
      );
    const startNode = (/** @type {keyof typeof frameworks} */ name) =>
      startServer(name, (port, env) => listening(name, port, [process.execPath, here('node/server.mjs')], env), {
        framework: frameworks[name],
      });
    /** @param {string} name @param {number} port @param {string[]} command @param {Record<string, string>} [env] */
    const listening = async (name, port, [command = '', ...args], env = {}) => {
      const service = startProcess(command, args, { env, log: log(name) });
      await untilReady(service, { name, port, log: log(name) });
      return service;
    };

    const starting = [...phpNames.map(startPhp), ...nodeNames.map(startNode)];
    await Promise.allSettled(starting); // When one fails, the others must be there to be stopped.
    const started = await Promise.all(starting);
    const servers = /** @type {Farm['servers']} */ (Object.fromEntries(names.map((name, i) => [name, started[i]])));
    const observerPort = await freePort();
    const { startObserver } = await import('./observer/observer.mjs'); // It uses the package, which may not be built before.
    const { stop: stopObserver } = await startObserver({
      port: observerPort,
      connection: as('observer'),
      table,
      servers,
      database: keptDatabase,
    });
    stops.push(stopObserver);
    const proxyPort = await freePort();
    const command = configureProxy(directory.path, {
      port: proxyPort,
      observerPort,
      servers: Object.entries(servers).map(([name, { port }]) => ({ name, port })),
    });
    const keptProxy = await keep('HAProxy', () => listening('HAProxy', proxyPort, command));
    const proxy = described(keptProxy, proxyPort);
    return {
      url: proxy.url,
      servers,
      database: Object.assign(withPid(keptDatabase), database, { table }),
      proxy,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * @param {Awaited<ReturnType<typeof keepRunning>>} kept
 * @param {number} port
 * @returns {FarmServer}
 */
function described(kept, port) {
  return Object.assign(withPid(kept), { port, url: `http://127.0.0.1:${port}` });
}

/** @param {Awaited<ReturnType<typeof keepRunning>>} kept */
function withPid(kept) {
  return {
    get pid() {
      return kept.pid;
    },
    get running() {
      return kept.running;
    },
    kill: kept.kill,
  };
}

/**
 * In a process of its own: the package is loaded only where it is used as a user would.
 *
 * @param {object} task
 * @param {string} log
 */
async function prepareDatabase(task, log) {
  const service = startProcess(process.execPath, [here('node/prepare-database.mjs')], {
    env: { FARM: JSON.stringify(task) },
    log,
  });
  const end = await service.ended;
  if (end !== 'exit 0') throw new Error(`The session table could not be created (${end})\n${tail(log)}`);
}
