import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import mysql from 'mysql2/promise';
import { decodeSession } from 'php-session-bridge/codec';
import { lockOf } from './locks.mjs';

/** Milliseconds for the database to answer. */
const PATIENCE = 700;

/**
 * @typedef {object} Row a session as it stands in the table
 * @property {string} hex its bytes
 * @property {number} writtenAt Unix seconds
 * @property {{ key: string, value: string }[]} decoded
 * @property {number | undefined} count
 * @property {string | undefined} user
 */

/** Reads sessions without a lock: it sees only committed data, and neither takes a lock nor waits for one. */
export class DatabaseView {
  #options;
  #table;
  /** @type {Promise<import('mysql2/promise').Connection> | undefined} */
  #connection;
  #closed = false;

  /**
   * @param {import('mysql2').ConnectionOptions} options of an account that may read the table and has the right PROCESS
   * @param {string} table
   */
  constructor(options, table) {
    this.#options = options;
    this.#table = table;
  }

  /**
   * @param {string} id
   * @returns {Promise<{ row: Row | undefined, lock: import('./locks.mjs').RowLock }>}
   * @throws {Error} when the database does not answer; the next call connects again
   */
  async look(id) {
    this.#connection ??= this.#connect();
    const using = this.#connection;
    // One time for everything: a query that waits for another one gets no error when the connection is dropped.
    const patience = new AbortController();
    const late = sleep(PATIENCE, undefined, { signal: patience.signal }).then(() => {
      throw new Error('The database does not answer');
    });
    try {
      return await Promise.race([this.#ask(using, id), late]);
    } catch (error) {
      if (this.#connection === using) this.#drop();
      throw error;
    } finally {
      patience.abort();
      late.catch(() => {});
    }
  }

  /** @param {Promise<import('mysql2/promise').Connection>} connecting @param {string} id */
  async #ask(connecting, id) {
    const connection = await connecting;
    const [rows] = /** @type {any} */ (
      await connection.query('SELECT data, usetime FROM ?? WHERE id = CAST(? AS BINARY)', [this.#table, id])
    );
    const [[{ Status }]] = /** @type {any} */ (await connection.query('SHOW ENGINE INNODB STATUS'));
    return { row: rows[0] && describe(rows[0]), lock: lockOf(Status, id) };
  }

  close() {
    this.#closed = true;
    this.#drop();
  }

  #drop() {
    const closing = this.#connection;
    this.#connection = undefined;
    closing?.then(
      (connection) => connection.destroy(),
      () => undefined,
    );
  }

  async #connect() {
    if (this.#closed) throw new Error('The observer has been closed');
    const connection = await mysql.createConnection({ ...this.#options, connectTimeout: PATIENCE });
    // Without a listener the end of an idle connection would end this process. The next query fails then.
    connection.on('error', () => {});
    return connection;
  }
}

/**
 * @param {{ data: Buffer, usetime: number }} row
 * @returns {Row}
 */
function describe({ data, usetime }) {
  const session = decoded(data);
  const values = Object.entries(session).map(([key, value]) => ({
    key,
    value: inspect(value, { depth: 5, breakLength: 60 }),
  }));
  // Anything may stand in a row; these two are shown as what the farm itself puts there.
  const count = typeof session.count === 'number' ? session.count : undefined;
  const user = typeof session.user === 'string' ? session.user : undefined;
  return { hex: data.toString('hex'), writtenAt: usetime, decoded: values, count, user };
}

/** @param {Buffer} data */
function decoded(data) {
  try {
    return decodeSession(data);
  } catch {
    return {}; // Somebody has put something else there, and the bytes say what.
  }
}
