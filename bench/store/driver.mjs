// The bare mysql2 that the store is measured against: it sends what the store sends, and does nothing else.
import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import { mysqlStore } from '../../dist/mysql.js';

// The one that dist/ imports, so that both use the same code.
const require = createRequire(new URL('../../dist/mysql.js', import.meta.url));
const mysql2 = require('mysql2');

/**
 * @typedef {object} Statements
 * @property {string[]} setUp for a connection, once
 * @property {string} read a prepared statement for (id)
 * @property {[string, string, string, string]} write with COMMIT: what stands around the data, the id, and the CRC-32 of the
 *   data that were read
 */

/** A session with its last but one byte changed. */
export function changed(/** @type {Uint8Array} */ data) {
  const next = Buffer.from(data);
  next[next.length - 2] ^= 1;
  return next;
}

/**
 * Opens, changes and releases a session, as a request does.
 *
 * @param {import('php-session-bridge/mysql').SessionStore} store
 * @param {string} id
 */
export async function changeByStore(store, id) {
  const lease = await store.open(id);
  try {
    await lease.commit({ data: changed(/** @type {Uint8Array} */ (lease.data)) });
  } finally {
    await lease.release();
  }
}

/**
 * Listens to what the store sends for one changed session.
 *
 * @param {import('./databases.mjs').Endpoint} endpoint
 * @param {string} table
 * @param {string} id of a session that exists
 * @returns {Promise<Statements>}
 */
export async function recordStatements(endpoint, table, id) {
  /** @type {{ kind: string, text: string, values: any }[]} */
  let sent = [];
  const { createConnection } = mysql2;
  mysql2.createConnection = (/** @type {object} */ options) => {
    const connection = createConnection(options);
    const add = connection.addCommand;
    connection.addCommand = (/** @type {any} */ command) => {
      const kind = command.constructor.name;
      if (kind === 'Query') sent.push({ kind, text: command.sql, values: [] });
      if (kind === 'Execute') sent.push({ kind, text: command.statement.query, values: command.values });
      return add.call(connection, command);
    };
    return connection;
  };
  const store = mysqlStore({ connection: endpoint, table });
  try {
    await changeByStore(store, id);
    const setUp = sent.map(({ text }) => text).filter((text) => /^SET /.test(text));
    sent = [];
    await changeByStore(store, id);
    const [read, write] = sent;
    if (sent.length !== 2 || read?.kind !== 'Execute' || read.values.length !== 1 || write?.kind !== 'Query') {
      throw new Error(
        `The store sends other statements than this measures: ${sent.map(({ text }) => text).join('\n')}`,
      );
    }
    return { setUp, read: read.text, write: aroundValues(write.text, id) };
  } finally {
    mysql2.createConnection = createConnection;
    await store.close();
  }
}

/** @param {string} text of the write @param {string} id @returns {Statements['write']} */
function aroundValues(text, id) {
  const found = /^(.* = x')[0-9a-f]+(', .* = ')(\w+)(' AND .* = )\d+(; COMMIT)$/s.exec(text);
  if (found?.[3] !== id) throw new Error(`The store writes in another way: ${text}`);
  const [, data, beforeId, , beforeCrc, end] = found;
  return [data, beforeId, beforeCrc, end];
}

/** One connection with nothing around it but a promise for each answer. */
export class BareConnection {
  #connection;
  #statements;

  /** @param {import('./databases.mjs').Endpoint} endpoint @param {Statements} statements */
  static async open(endpoint, statements) {
    const bare = new BareConnection(endpoint, statements);
    for (const text of statements.setUp) await bare.#query(text);
    // The store replaces a connection that was idle for longer than `maxHold`. This one must outlast the turns of all others.
    await bare.#query('SET wait_timeout = 28800');
    return bare;
  }

  /** @private @param {import('./databases.mjs').Endpoint} endpoint @param {Statements} statements */
  constructor(endpoint, statements) {
    this.#connection = mysql2.createConnection({ ...endpoint, rowsAsArray: true, multipleStatements: true });
    this.#statements = statements;
  }

  /**
   * @param {string} id
   * @param {(data: Buffer) => Buffer} [change]
   * @returns {Promise<Buffer>} what was written
   */
  async change(id, change = changed) {
    const [row] = await this.#execute(this.#statements.read, [id]);
    const before = row[1];
    const after = change(before);
    const [data, beforeId, beforeCrc, end] = this.#statements.write;
    const text = data + after.toString('hex') + beforeId + id + beforeCrc + crc32(before) + end;
    const [{ affectedRows }] = await this.#query(text);
    if (affectedRows !== 1) throw new Error('The bare loop has not written');
    return after;
  }

  close() {
    this.#connection.destroy();
  }

  /** @param {string} text @returns {Promise<any>} */
  #query(text) {
    return new Promise((resolve, reject) => {
      this.#connection.query(text, (/** @type {any} */ error, /** @type {any} */ result) =>
        error ? reject(error) : resolve(result),
      );
    });
  }

  /** @param {string} text @param {any[]} values @returns {Promise<any>} */
  #execute(text, values) {
    return new Promise((resolve, reject) => {
      this.#connection.execute(text, values, (/** @type {any} */ error, /** @type {any} */ result) =>
        error ? reject(error) : resolve(result),
      );
    });
  }
}
