// How each engine reports which requests wait for a lock, and whether one is held. The servers are asked directly, not through the actors.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('mysql2/promise').Connection} Connection with `rowsAsArray` */

/**
 * @typedef {object} Waits
 * @property {number} patience milliseconds after which it is worth asking: a statement that does not wait is answered sooner
 * @property {(nodes: Connection[]) => Promise<void>} begin before the first schedule
 * @property {(nodes: Connection[]) => Promise<number>} count how many statements wait for a lock
 * @property {(nodes: Connection[], table: string) => Promise<boolean>} isLocked whether a transaction has the lock of a row
 */

/** @type {Waits} */
const innodb = {
  patience: 2,
  begin: async () => undefined,
  async count(nodes) {
    const counts = await Promise.all(nodes.map((node) => column(node, waitsOfInnodb, 1)));
    return counts.flat().reduce((sum, count) => sum + Number(count), 0);
  },
  async isLocked(nodes, table) {
    const tries = nodes.map((node) => node.query(`SELECT id FROM \`${table}\` FOR UPDATE NOWAIT`));
    for (const end of await Promise.allSettled(tries)) {
      if (end.status === 'fulfilled') continue;
      // ER_LOCK_WAIT_TIMEOUT of MariaDB, ER_LOCK_NOWAIT of MySQL.
      if (![1205, 3572].includes(end.reason.errno)) throw end.reason;
      return true;
    }
    return false;
  },
};
const waitsOfInnodb = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'";

/** @type {Waits} */
const galera = {
  ...innodb,
  /** What one node commits takes locks away on the others. An answer to the witness comes after that, so what it says stays. */
  async begin(nodes) {
    for (const node of nodes) await node.query('SET SESSION wsrep_sync_wait = 15');
  },
};

/** Milliseconds for NDB's TransactionDeadlockDetectionTimeout. */
const NDB_TIMEOUT = 60_000;

/** @type {Waits} */
const ndb = {
  patience: 5, // It takes some 40 ms to ask.
  /**
   * Waits end when the owner of the lock goes on, as on other engines, and not after 1.2 seconds: the data nodes take another
   * timeout while they run, by code 2507 of DUMP, which is sent here in the management server's own protocol.
   */
  async begin([node]) {
    const uris = "SELECT service_URI FROM ndbinfo.processes WHERE BINARY node_type = BINARY 'MGM'";
    const [uri] = await column(node, uris);
    const { port } = new URL(String(uri).replace(/^ndb:/, 'http:'));
    for (const id of await column(node, 'SELECT node_id FROM ndbinfo.nodes')) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`dump state\nnode: ${id}\nargs: 2507 ${NDB_TIMEOUT}\n\n`);
      const [answer] = await once(socket, 'data');
      socket.destroy();
      if (!String(answer).includes('result: Ok')) throw new Error(`the data nodes keep their timeout: ${answer}`);
    }
  },
  async count([node]) {
    return (await column(node, 'SELECT 1 FROM ndbinfo.cluster_locks WHERE waiting_for IS NOT NULL')).length;
  },
  /** There is no NOWAIT. A waiting statement remains until the actors have gone. */
  async isLocked([asked, tried], table) {
    let isFree = false;
    const trying = tried?.query(`SELECT id FROM \`${table}\` FOR UPDATE`).then(() => {
      isFree = true;
    });
    for (;;) {
      await Promise.race([trying, sleep(100)]);
      if (isFree) return false;
      if ((await this.count([/** @type {Connection} */ (asked)])) > 0) return true;
    }
  },
};

/** @type {Record<import('../services/engines.mjs').EngineName, Waits>} */
export const waitsOf = { mariadb: innodb, mysql: innodb, galera, ndb };

/**
 * @param {Connection[]} nodes
 * @returns {Promise<number>} how many statements wait for a named lock; none on NDB and Galera
 */
export async function countNames([node]) {
  return (await column(node, "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'")).length;
}

/**
 * @param {Connection | undefined} node
 * @param {string} sql
 * @param {number} [which] column
 * @returns {Promise<unknown[]>} it, of each row
 */
async function column(node, sql, which = 0) {
  if (node === undefined) throw new Error('there is no such SQL node');
  const [rows] = /** @type {[unknown[][], unknown]} */ (await node.query(sql));
  return rows.map((row) => row[which]);
}
