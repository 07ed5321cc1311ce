import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { startDovecot } from '../drop-in/dovecot.mjs';
import { startEngine } from '../services/engines.mjs';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { startHordeFarm } from './farm.mjs';
import { copyHorde, migrateHorde } from './tree.mjs';

/** All users of the mail server have this one. */
export const mailPassword = 'secret';

/**
 * @typedef {object} Lab
 * @property {{ host: string, port: number, user: string, password: string, database: string }} database
 * @property {string} table the session table
 * @property {string} ownTable one for Node's own data
 * @property {string} engine its title and version
 * @property {string} folder with the copy of Horde
 * @property {(user: string) => string} mailbox the Maildir of a user
 * @property {(next: import('./packs.mjs').Pack) => void} forgetPacks empties Horde's cache if others have packed it: it does not say by which
 *   extensions
 * @property {(options: import('./farm.mjs').FarmOptions) => Promise<import('./farm.mjs').HordeFarm>} startFarm
 * @property {() => Promise<void>} stop
 */

/**
 * Starts what all farms of the lab share: a database with Horde's tables, a mail server, and a copy of Debian's Horde.
 *
 * @param {object} [options]
 * @param {import('../services/engines.mjs').EngineName} [options.engine] default `mariadb`
 * @param {readonly string[]} [options.pages] PHP files of ours that can be called below /horde/lab/
 * @returns {Promise<Lab>}
 */
export async function startHordeLab({ engine: engineName = 'mariadb', pages = [] } = {}) {
  const directory = temporaryDirectory('horde-lab');
  const at = (/** @type {string} */ name) => join(directory.path, name);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const engine = await startEngine(engineName);
    stops.push(engine.stop);
    const [endpoint] = engine.endpoints;
    const { host, port, user, password } = /** @type {NonNullable<typeof endpoint>} */ (endpoint);
    const database = { host, port, user, password, database: 'horde' };
    const sql = await createConnection({ host, port, user, password });
    await sql.query('CREATE DATABASE horde CHARACTER SET utf8mb4');
    const dovecot = await startDovecot(mailPassword);
    stops.push(dovecot.stop);
    mkdirSync(at('temporary'));
    const copy = { database, imapPort: dovecot.port, temporary: at('temporary'), log: at('horde.log'), pages };
    copyHorde(at('www'), copy);
    const said = await migrateHorde(at('www'), at('migrate.log'));
    const table = 'horde_sessionhandler';
    const [rows] = await sql.query(
      'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
      ['horde', table],
    );
    if (/** @type {unknown[]} */ (rows).length === 0) throw new Error(`Horde has made no table ${table}\n${said}`);
    await sql.query(`ALTER TABLE horde.${table} ENGINE=${engine.tableEngine}`);
    const ownTable = 'node_session';
    await sql.query(`CREATE TABLE horde.${ownTable} (id VARBINARY(128) PRIMARY KEY, data VARBINARY(29800) NOT NULL,
      usetime INT UNSIGNED NOT NULL, KEY (usetime)) ENGINE=${engine.tableEngine}`);
    await sql.end();
    /** @type {import('./packs.mjs').Pack | undefined} */
    let packed;
    /** @type {Lab} */
    const lab = {
      database,
      table,
      ownTable,
      engine: `${engine.title} ${engine.version}`,
      folder: at('www'),
      mailbox: (user) => join(dovecot.mail, user),
      forgetPacks(next) {
        if (next === packed) return;
        packed = next;
        const cached = readdirSync(at('temporary')).filter((name) => name.startsWith('cache_'));
        for (const name of cached) rmSync(join(at('temporary'), name));
      },
      startFarm: (options) => startHordeFarm(lab, options),
      stop,
    };
    return lab;
  } catch (error) {
    await stop();
    throw error;
  }
}
