import mysql from 'mysql2/promise';
import { table } from './wire.mjs';

/** Looks at the table and at the server past the actors. */
export class Witness {
  #connection;

  /** @param {import('mysql2/promise').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * @param {import('../services/engines.mjs').Endpoint} endpoint
   * @param {string} createTable
   */
  static async start(endpoint, createTable) {
    const connection = await mysql.createConnection({ ...endpoint, rowsAsArray: true });
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await connection.query(`DROP TABLE IF EXISTS \`${table}\``);
    await connection.query(createTable);
    return new Witness(connection);
  }

  /** @returns {Promise<import('./history.mjs').Rows>} without tombstones */
  async rows() {
    const [rows] = await this.#connection.query(`SELECT id, data FROM \`${table}\` WHERE id NOT LIKE '<%' ORDER BY id`);
    return new Map(
      /** @type {[Buffer, Buffer][]} */ (rows).map(([id, data]) => {
        const values = data.toString('latin1').matchAll(/(\w+)\|s:\d+:"([^"]*)";/g);
        return [id.toString('latin1'), new Map([...values].map(([, key = '', token = '']) => [key, token]))];
      }),
    );
  }

  /**
   * Empties the table.
   *
   * @param {[id: string, data: string] | undefined} row is there then
   */
  async reset(row) {
    await this.#connection.query(`DELETE FROM \`${table}\``);
    if (row !== undefined)
      await this.#connection.execute(`INSERT INTO \`${table}\` VALUES (?, ?, UNIX_TIMESTAMP())`, row);
  }

  /** How many statements wait for a row's lock. */
  async waiting() {
    const [rows] = await this.#connection.query("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
    return Number(/** @type {[string, string][]} */ (rows)[0]?.[1]);
  }

  /** Whether somebody has a lock on a row. */
  async isLocked() {
    try {
      await this.#connection.query(`SELECT id FROM \`${table}\` FOR UPDATE NOWAIT`);
      return false;
    } catch (error) {
      if (/** @type {{ errno?: number }} */ (error).errno === 1205) return true;
      throw error;
    }
  }

  end() {
    return this.#connection.end();
  }
}
