import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { startMariadb } from './mariadb.mjs';
import { galeraProvider } from './packages.mjs';
import { freePort } from './ports.mjs';

/**
 * @typedef {object} GaleraFaults
 * @property {(on: boolean) => Promise<void>} isolate drops every packet between this node and the others, or lets them
 *   pass again. The connections stay open, so the others only notice by silence (`evs.suspect_timeout`).
 */
/** @typedef {import('./mariadb.mjs').Mariadb & GaleraFaults} GaleraNode */

/**
 * @typedef {object} Galera
 * @property {GaleraNode[]} nodes a killed node that is started again joins the others
 * @property {() => Promise<void>} stopAll ends the nodes in order, the first one last
 * @property {() => Promise<void>} startAll starts the nodes after stopAll(), the first one first
 * @property {() => Promise<void>} stop ends the nodes and removes their data
 */

/**
 * Starts a Galera Cluster of MariaDB servers on free loopback ports, as root or as an ordinary user. A node gets its data from another
 * one with rsync, and after an end without farewell only what it has missed.
 *
 * @param {{ nodes?: number, settings?: Record<string, string | number>, provider?: Record<string, string | number> }} [options]
 *   `nodes` default 3; `settings`: server variables of each; `provider`: more of `wsrep_provider_options`
 * @returns {Promise<Galera>}
 */
export async function startGalera({ nodes: size = 3, settings = {}, provider = {} } = {}) {
  if (!existsSync(galeraProvider))
    throw new Error(`${galeraProvider} is missing: the package galera-4 is not installed`);
  /** @type {Place[]} */
  const places = [];
  for (let i = 0; i < size; i++) places.push({ group: await freePort(), sst: await freePort(), ist: await freePort() });
  /** @type {GaleraNode[]} */
  const nodes = [];
  /** Whether the next node to start is the first of a new cluster. */
  let bootstraps = true;

  /** @param {number} i @param {Place} place */
  const startNode = async (i, place) => {
    const others = places.filter((other) => other !== place).map(({ group }) => `127.0.0.1:${group}`);
    const own = { ...settings, ...wsrep(`node${i + 1}`, place, provider) };
    let isNew = true;
    const server = await startMariadb({
      joins: nodes[0],
      asMysql: true, // An rsync server that root starts may write nothing.
      async settings({ recover }) {
        // Before each start but the first, as Debian's galera_recovery does: without its position, a node would be sent all data again.
        const alone = { ...own, 'wsrep-cluster-address': 'gcomm://' };
        const [, position] = isNew ? [] : (/Recovered position: (\S+)/.exec(await recover(alone)) ?? []);
        isNew = false;
        return {
          ...(bootstraps ? alone : { ...own, 'wsrep-cluster-address': `gcomm://${others.join(',')}` }),
          ...(position === undefined ? {} : { 'wsrep-start-position': position }),
        };
      },
    });
    bootstraps = false;
    const { start } = server;
    await untilSynced(server);
    // Not spread: `pid` and `ended` are those of the process that runs at the time.
    const node = Object.assign(server, {
      isolate: (/** @type {boolean} */ on) => isolate(server, on),
      async start() {
        await start();
        await untilSynced(server);
      },
    });
    nodes.push(node);
  };

  const stop = async () => {
    for (const node of nodes) node.kill('SIGKILL'); // An orderly end waits for the others.
    for (const node of nodes) await node.stop();
  };

  try {
    for (const [i, place] of places.entries()) await startNode(i, place);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    stop,
    async stopAll() {
      for (const node of nodes.toReversed()) await node.end();
    },
    async startAll() {
      bootstraps = true;
      for (const node of nodes) {
        await node.start();
        bootstraps = false;
      }
    },
  };
}

/** @typedef {{ group: number, sst: number, ist: number }} Place ports of one node: of the group, for all data, for the last changes */

/** @param {string} name @param {Place} place @param {Record<string, string | number>} provider */
function wsrep(name, { group, sst, ist }, provider) {
  const options = {
    base_port: group,
    'gmcast.listen_addr': `tcp://127.0.0.1:${group}`,
    'ist.recv_addr': `127.0.0.1:${ist}`,
    'gcache.size': '32M',
    ...provider,
  };
  return {
    'wsrep-on': 'ON',
    'wsrep-provider': galeraProvider,
    'wsrep-node-name': name,
    'wsrep-node-address': `127.0.0.1:${group}`,
    'wsrep-sst-method': 'rsync',
    'wsrep-sst-receive-address': `127.0.0.1:${sst}`,
    'wsrep-provider-options': Object.entries(options)
      .map((option) => option.join('='))
      .join(';'),
    'binlog-format': 'ROW',
    'innodb-autoinc-lock-mode': 2,
  };
}

/**
 * @param {import('./mariadb.mjs').Mariadb} server
 * @param {boolean} on
 */
function isolate(server, on) {
  return query(server, `SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${on ? 1 : 0}'`);
}

/**
 * Until then a node takes connections, and refuses statements (1047).
 *
 * @param {import('./mariadb.mjs').Mariadb} server
 */
async function untilSynced(server) {
  while ((await query(server, "SHOW STATUS LIKE 'wsrep_local_state_comment'"))[0]?.Value !== 'Synced') await sleep(50);
}

/**
 * @param {import('./mariadb.mjs').Mariadb} server
 * @param {string} sql
 * @returns {Promise<any>}
 */
async function query({ host, port, user, password }, sql) {
  const connection = await createConnection({ host, port, user, password });
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    connection.destroy();
  }
}
