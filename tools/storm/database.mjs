import mysql from 'mysql2/promise';
import { createTableSql } from 'php-session-bridge/mysql';
import { startEngine } from '../services/engines.mjs';

/**
 * @typedef {object} Database
 * @property {import('../services/engines.mjs').RunningEngine} engine
 * @property {string} description the server's version, the table's engine as the server says, and how many nodes there are
 */

/**
 * Starts a database server or cluster with an empty session table.
 *
 * @param {import('../services/engines.mjs').EngineName} name
 * @param {string} table
 * @returns {Promise<Database>}
 */
export async function startDatabase(name, table) {
  const engine = await startEngine(name);
  try {
    await ask(engine.endpoints[0], createTableSql({ table, engine: engine.tableEngine }));
    const find =
      'SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?';
    const [row] = await ask(engine.endpoints[0], find, [table]);
    const servers = engine.nodes.length === 1 ? '1 server' : `${engine.nodes.length} nodes`;
    const description = `${engine.title} ${engine.version}, ${servers}, table in ${row?.engine}`;
    return { engine, description };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/**
 * @param {import('../services/engines.mjs').Endpoint | undefined} endpoint
 * @param {string} sql
 * @param {unknown[]} [values]
 * @returns {Promise<any[]>}
 */
export async function ask(endpoint, sql, values = []) {
  const connection = await mysql.createConnection({ ...endpoint });
  try {
    const [rows] = await connection.query(sql, values);
    return /** @type {any[]} */ (rows);
  } finally {
    await connection.end();
  }
}
