import { createConnection } from 'mysql2/promise';

/**
 * What the servers themselves say about an engine: their version, the storage engine of a table that is made there, and how
 * many nodes there are.
 *
 * @param {import('./engines.mjs').RunningEngine} engine
 * @returns {Promise<string>} `9.7.4-cluster, table engine ndbcluster, 2 data nodes and 2 SQL nodes`
 */
export async function measured({ name, tableEngine, endpoints }) {
  const connections = await Promise.all(endpoints.map((endpoint) => createConnection(endpoint)));
  const [first, last] = [connections[0], connections.at(-1)];
  if (!first || !last) throw new Error(`${name} has no SQL node`);
  /** The last column of the first row. */
  const ask = async (/** @type {string} */ sql, on = first) => {
    const [rows] = await on.query({ sql, rowsAsArray: true });
    return /** @type {any[][]} */ (rows)[0]?.at(-1);
  };
  try {
    await first.query(`CREATE TABLE facts (id INT PRIMARY KEY) ENGINE=${tableEngine}`);
    // Asked of the last node: the table is there too.
    const engine = await ask(
      "SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'facts'",
      last,
    );
    await first.query('DROP TABLE facts');
    const nodes = {
      mariadb: async () => '1 node',
      mysql: async () => '1 node',
      ndb: async () => {
        const sqlNodes = await ask(
          "SELECT COUNT(DISTINCT node_id) FROM ndbinfo.processes WHERE BINARY node_type = BINARY 'API'",
        );
        return `${await ask('SELECT COUNT(*) FROM ndbinfo.nodes')} data nodes and ${sqlNodes} SQL nodes`;
      },
      galera: async () => `${await ask("SHOW STATUS LIKE 'wsrep_cluster_size'")} nodes`,
    };
    return `${await ask('SELECT VERSION()')}, table engine ${engine}, ${await nodes[name]()}`;
  } finally {
    for (const connection of connections) connection.destroy();
  }
}
