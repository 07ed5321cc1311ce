import { createConnection } from 'mysql2/promise';
import { SetupError } from '../setup.mjs';
import { startGalera } from './galera.mjs';
import { startMariadb } from './mariadb.mjs';
import { startMysqlCluster } from './mysql-cluster.mjs';
import { startMysqlServer } from './mysql-server.mjs';
import { isRunning, signalled } from './processes.mjs';

// The databases that the session table is tested on, all alike to their tests.

/** @typedef {'mariadb' | 'mysql' | 'ndb' | 'galera'} EngineName */

/**
 * @typedef {object} Endpoint where an SQL node is; its account may do everything
 * @property {'127.0.0.1'} host
 * @property {number} port
 * @property {string} user
 * @property {string} password
 * @property {'test'} database exists
 */

/**
 * @typedef {object} EngineNode a server process
 * @property {string} name
 * @property {'sql' | 'data' | 'management'} kind
 * @property {Endpoint} [endpoint] of an SQL node
 * @property {() => number} pid of the process, which leads a group of its own; 0: it does not run
 * @property {(signal: NodeJS.Signals) => Promise<void>} kill sends a signal to the group; after SIGKILL it has ended, after
 *   SIGSTOP each of its threads stands still
 * @property {() => Promise<void>} start after it has ended; it serves then
 * @property {(on: boolean) => Promise<void>} [isolate] Galera: drops what passes between this node and the others
 */

/**
 * @typedef {object} RunningEngine
 * @property {EngineName} name
 * @property {string} title `MySQL NDB Cluster`
 * @property {string} version as the server says
 * @property {string} tableEngine for `createTableSql({ engine })`
 * @property {Endpoint[]} endpoints the SQL nodes, in the order in which they should be asked
 * @property {EngineNode[]} nodes all server processes
 * @property {() => Promise<void>} stopAll ends all nodes in order, as for maintenance
 * @property {() => Promise<void>} startAll starts them again with the data that they had
 * @property {() => Promise<void>} stop kills all nodes and removes their data
 */

/** @typedef {Omit<RunningEngine, 'name' | 'title' | 'tableEngine' | 'version'>} Servers */

/**
 * @typedef {object} Engine
 * @property {string} title
 * @property {string} tableEngine
 * @property {boolean} needsFolder whether it comes from the folder of PHP_SESSION_BRIDGE_MYSQL_CLUSTER
 * @property {() => Promise<Servers>} start
 */

/** @type {Record<EngineName, Engine>} */
export const engines = {
  mariadb: { title: 'MariaDB', tableEngine: 'InnoDB', needsFolder: false, start: mariadb },
  mysql: { title: 'MySQL', tableEngine: 'InnoDB', needsFolder: true, start: mysql },
  ndb: { title: 'MySQL NDB Cluster', tableEngine: 'NDBCLUSTER', needsFolder: true, start: ndb },
  galera: { title: 'Galera Cluster of MariaDB', tableEngine: 'InnoDB', needsFolder: false, start: galera },
};

/** @param {string} name @returns {name is EngineName} */
export const isEngineName = (name) => Object.hasOwn(engines, name);

/**
 * Starts one of the engines on free loopback ports.
 *
 * @param {EngineName} name
 * @returns {Promise<RunningEngine>}
 * @throws {Error} when it cannot be started, or where it is is not known
 */
export async function startEngine(name) {
  const { title, tableEngine, start } = engines[name];
  const servers = await start();
  const version = await versionOf(servers.endpoints[0]);
  return { name, title, tableEngine, version, ...servers };
}

/** The folder with MySQL's programs. */
export function mysqlFolder() {
  const { PHP_SESSION_BRIDGE_MYSQL_CLUSTER: folder } = process.env;
  if (folder) return folder;
  throw new SetupError(
    'PHP_SESSION_BRIDGE_MYSQL_CLUSTER must name a folder with MySQL and NDB Cluster: see docs/clusters.md',
  );
}

/** @returns {Promise<Servers>} */
async function mariadb() {
  const server = await startMariadb();
  const node = mariadbNode('mariadb', server);
  return {
    endpoints: [endpointOf(server)],
    nodes: [node],
    stopAll: () => server.end(),
    startAll: () => server.start(),
    stop: () => server.stop(),
  };
}

/** @returns {Promise<Servers>} */
async function mysql() {
  const server = await startMysqlServer(mysqlFolder());
  const endpoint = endpointOf(server);
  const { kill, start } = server;
  return {
    endpoints: [endpoint],
    nodes: [{ name: 'mysql', kind: 'sql', endpoint, pid: () => server.pid, kill, start }],
    stopAll: () => server.end(),
    startAll: start,
    stop: server.stop,
  };
}

/** @returns {Promise<Servers>} */
async function ndb() {
  const cluster = await startMysqlCluster(mysqlFolder());
  /** @type {(name: import('./mysql-cluster.mjs').NodeName, kind: EngineNode['kind'], endpoint?: Endpoint) => EngineNode} */
  const node = (name, kind, endpoint) => ({
    name,
    kind,
    endpoint,
    pid: () => cluster.pid(name),
    kill: (signal) => cluster.kill(name, signal),
    start: () => cluster.startNode(name),
  });
  const [first, second] = cluster.sqlNodes;
  return {
    endpoints: cluster.sqlNodes,
    nodes: [
      node('sql1', 'sql', first),
      node('sql2', 'sql', second),
      node('ndb1', 'data'),
      node('ndb2', 'data'),
      node('mgm', 'management'),
    ],
    stopAll: cluster.stopAll,
    startAll: cluster.startAll,
    stop: cluster.stop,
  };
}

/** @returns {Promise<Servers>} */
async function galera() {
  const cluster = await startGalera();
  return {
    endpoints: cluster.nodes.map(endpointOf),
    nodes: cluster.nodes.map((server, i) => ({ ...mariadbNode(`galera${i + 1}`, server), isolate: server.isolate })),
    stopAll: cluster.stopAll,
    startAll: cluster.startAll,
    stop: cluster.stop,
  };
}

/**
 * @param {string} name
 * @param {import('./mariadb.mjs').Mariadb} server
 * @returns {EngineNode}
 */
function mariadbNode(name, server) {
  return {
    name,
    kind: 'sql',
    endpoint: endpointOf(server),
    pid: () => (isRunning(server.pid) ? server.pid : 0),
    async kill(signal) {
      await signalled(server.pid, signal);
      if (signal === 'SIGKILL') await server.ended;
    },
    start: server.start,
  };
}

/**
 * @param {{ port: number, user: string, password: string }} server
 * @returns {Endpoint}
 */
function endpointOf({ port, user, password }) {
  return { host: '127.0.0.1', port, user, password, database: 'test' };
}

/** @param {Endpoint | undefined} endpoint */
async function versionOf(endpoint) {
  const connection = await createConnection(endpoint ?? {});
  const [[row]] = /** @type {any} */ (await connection.query('SELECT VERSION() AS version'));
  await connection.end();
  return row.version;
}
