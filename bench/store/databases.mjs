import { createConnection } from 'mysql2/promise';
import { createTableSql } from '../../dist/mysql.js';
import { mysqlFolder } from '../../tools/services/engines.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { startMysqlCluster } from '../../tools/services/mysql-cluster.mjs';

/**
 * @typedef {import('../../tools/services/engines.mjs').Endpoint} Endpoint
 * @typedef {'mariadb' | 'ndb'} DatabaseName
 *
 * @typedef {object} Database
 * @property {DatabaseName} name
 * @property {string} title with the version
 * @property {string} tableEngine
 * @property {Endpoint[]} endpoints its SQL nodes
 * @property {() => number[]} pids of its processes
 * @property {() => Promise<void>} stop
 */

/** @type {Record<DatabaseName, () => Promise<Omit<Database, 'name' | 'title'>>>} */
const start = {
  /** With memory for ten million sessions; the rest as the tests have it. */
  async mariadb() {
    const settings = { 'innodb-buffer-pool-size': '5G', 'innodb-log-file-size': '1G', 'max-connections': 1500 };
    const server = await startMariadb({ settings });
    const { port, user, password } = server;
    return {
      tableEngine: 'InnoDB',
      endpoints: [{ host: '127.0.0.1', port, user, password, database: 'test' }],
      pids: () => [server.pid],
      stop: () => server.stop(),
    };
  },
  /** With memory for 1 GiB of sessions. */
  async ndb() {
    const cluster = await startMysqlCluster(mysqlFolder(), { env: { DATA_MEMORY: '2G', MAX_CONNECTIONS: '1500' } });
    return {
      tableEngine: 'NDBCLUSTER',
      endpoints: cluster.sqlNodes,
      pids: () => /** @type {const} */ (['mgm', 'ndb1', 'ndb2', 'sql1', 'sql2']).map((name) => cluster.pid(name)),
      stop: () => cluster.stop(),
    };
  },
};

export const databaseNames = /** @type {DatabaseName[]} */ (Object.keys(start));

/** @param {DatabaseName} name @returns {Promise<Database>} */
export async function startDatabase(name) {
  const database = await start[name]();
  const [{ version }] = await sql(database.endpoints[0], 'SELECT VERSION() AS version');
  return { name, title: `${name === 'ndb' ? 'NDB Cluster' : 'MariaDB'} ${version}`, ...database };
}

/**
 * Runs statements on one connection, one after the other.
 *
 * @param {Endpoint} endpoint
 * @param {...string} statements
 * @returns {Promise<any>} what the last one gives
 */
export async function sql(endpoint, ...statements) {
  const connection = await createConnection(endpoint);
  try {
    let result;
    for (const statement of statements) [result] = await connection.query(statement);
    return result;
  } finally {
    await connection.end();
  }
}

/**
 * Makes our session table, anew.
 *
 * @param {Database} database
 * @param {string} table
 */
export async function createTable({ endpoints, tableEngine }, table) {
  await sql(endpoints[0], `DROP TABLE IF EXISTS ${table}`, createTableSql({ table, engine: tableEngine }));
}

/**
 * Fills it with sessions whose ids are `idSql(number)`. INSERT ... SELECT, so that nothing crosses the network.
 *
 * @param {Database} database
 * @param {string} table
 * @param {number} rows
 * @param {string} data SQL for what each row holds
 * @param {number} [batch] rows in one transaction; NDB takes a limited number
 */
export async function fill({ endpoints: [endpoint] }, table, rows, data, batch = 2_000) {
  const connection = await createConnection(endpoint);
  try {
    await connection.query(
      `SET SESSION ${endpoint.user === 'root' ? 'cte_max_recursion_depth' : 'max_recursive_iterations'} = ${batch}`,
    );
    for (let from = 1; from <= rows; from += batch) {
      const to = Math.min(from + batch - 1, rows);
      const numbers = `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`;
      const insert = `INSERT INTO ${table} (id, data, usetime) ${numbers} SELECT ${idSql('i')}, ${data}, UNIX_TIMESTAMP() FROM n`;
      await retried(() => connection.query(insert));
    }
  } finally {
    await connection.end();
  }
}

/** NDB says so when its redo log is full until the next checkpoint. @param {() => Promise<unknown>} work */
async function retried(work) {
  for (let tries = 600; ; tries--) {
    try {
      await work();
      return;
    } catch (error) {
      if (/** @type {any} */ (error).errno !== 1297 || tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/**
 * @param {Endpoint} endpoint
 * @param {string} table
 * @param {number} number
 * @param {number} [step] takes one in so many, as their numbers go
 * @returns {Promise<string[]>} ids of its sessions
 */
export async function idsOf(endpoint, table, number, step = 1) {
  const ids = Array.from({ length: number }, (_, i) => idSql(`${1 + i * step}`));
  const rows = await sql(
    endpoint,
    `SELECT CONVERT(id USING ascii) AS id FROM ${table} WHERE id IN (${ids.join(', ')})`,
  );
  return rows.map((/** @type {{ id: string }} */ { id }) => id);
}

/** The id of session number `number`, a piece of SQL. */
export const idSql = (/** @type {string} */ number) => `LEFT(SHA2(${number}, 256), 32)`;
