import mysql from 'mysql2/promise';
import { countNames, waitsOf } from './waits.mjs';
import { tables } from './wire.mjs';

/** Looks at the table and at the servers past the actors. */
export class Witness {
  /** Milliseconds after which it is worth asking who waits. */
  patience;
  /** What holds the data of the table that the schedule uses. @type {keyof typeof tables} */
  data = 'bytes';
  #nodes;
  #waits;

  /**
   * @param {import('mysql2/promise').Connection[]} nodes one to each SQL node
   * @param {import('./waits.mjs').Waits} waits
   */
  constructor(nodes, waits) {
    this.#nodes = nodes;
    this.#waits = waits;
    this.patience = waits.patience;
  }

  /**
   * @param {import('../services/engines.mjs').RunningEngine} engine
   * @param {typeof import('php-session-bridge/mysql').createTableSql} createTableSql
   */
  static async start({ name, endpoints, tableEngine }, createTableSql) {
    const nodes = await Promise.all(
      endpoints.map((endpoint) => mysql.createConnection({ ...endpoint, rowsAsArray: true })),
    );
    const waits = waitsOf[name];
    await waits.begin(nodes);
    const witness = new Witness(nodes, waits);
    for (const node of nodes) await node.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    const bytes = createTableSql({ table: tables.bytes, engine: tableEngine });
    for (const table of Object.values(tables)) await witness.#ask(`DROP TABLE IF EXISTS \`${table}\``);
    await witness.#ask(bytes);
    await witness.#ask(asText(bytes));
    return witness;
  }

  /**
   * @param {string} sql
   * @param {string[]} [values]
   */
  async #ask(sql, values) {
    const [node] = /** @type {[import('mysql2/promise').Connection]} */ (this.#nodes);
    const [rows] = values === undefined ? await node.query(sql) : await node.execute(sql, values);
    return rows;
  }

  get #table() {
    return tables[this.data];
  }

  /** @returns {Promise<import('./history.mjs').Rows>} without tombstones */
  async rows() {
    const rows = await this.#ask(`SELECT id, data FROM \`${this.#table}\` WHERE id NOT LIKE '<%' ORDER BY id`);
    return new Map(
      /** @type {(Buffer | string)[][]} */ (rows).map(([id, data]) => {
        const values = String(data).matchAll(/(\w+)\|s:\d+:"([^"]*)";/g);
        return [String(id), new Map([...values].map(([, key = '', token = '']) => [key, token]))];
      }),
    );
  }

  /**
   * Empties the table.
   *
   * @param {[id: string, data: string] | undefined} row is there then
   */
  async reset(row) {
    await this.#ask(`DELETE FROM \`${this.#table}\``);
    if (row !== undefined) await this.#ask(`INSERT INTO \`${this.#table}\` VALUES (?, ?, UNIX_TIMESTAMP())`, row);
  }

  /**
   * How many statements wait for a lock.
   *
   * @param {boolean} hasNames whether some may wait for a named one
   */
  async waiting(hasNames) {
    const rows = await this.#waits.count(this.#nodes);
    return rows + (hasNames ? await countNames(this.#nodes) : 0);
  }

  /** Whether a transaction has a lock on a row. */
  isLocked() {
    return this.#waits.isLocked(this.#nodes, this.#table);
  }

  async end() {
    for (const node of this.#nodes) node.destroy();
  }
}

/**
 * The same table with text. On NDB it is in the row too: who reads TEXT there waits for who has written, and the witness must not.
 *
 * @param {string} createTable
 */
function asText(createTable) {
  return createTable
    .replace(tables.bytes, tables.text)
    .replace('VARBINARY(128)', 'VARCHAR(128) CHARACTER SET utf8mb4')
    .replace('MEDIUMBLOB', 'MEDIUMTEXT CHARACTER SET utf8mb4')
    .replace('VARBINARY(29800)', 'VARCHAR(5000) CHARACTER SET utf8mb4');
}
