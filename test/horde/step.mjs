import { createConnection } from 'mysql2/promise';
import { same } from '../drop-in/steps.mjs';
import { Visitor } from './visitor.mjs';

/**
 * @typedef {object} Around what a step works with
 * @property {import('../../tools/horde/lab.mjs').Lab} lab
 * @property {import('../../tools/horde/farm.mjs').HordeFarm} farm three Horde servers and two Node servers
 * @property {Entry} entry
 * @property {() => Visitor} visitor a new one, who is not logged in
 * @property {number} requests of the storm
 */

/** @typedef {'untouched' | 'row' | 'merge' | 'mixed'} Entry how Horde's sessions are kept; `mixed`: one server has the drop-in, and two do not */

/**
 * @typedef {object} Step
 * @property {string} title of its column
 * @property {readonly Entry[]} [entries] default all
 * @property {boolean} [once] whether one pack is enough, as it does not look at values
 * @property {(around: Around) => Promise<string | void>} run throws what is wrong; a text is printed below the table
 */

/**
 * Changes Horde's own numbers in a session, to move its time: `_b` is when it began, `_r` when it shall have a new id.
 *
 * @param {Around} around
 * @param {Visitor} visitor
 * @param {'_b' | '_r'} name
 * @param {number} by seconds
 */
export async function moveTime({ lab }, visitor, name, by) {
  const sql = await createConnection(lab.database);
  const id = visitor.cookies.get('Horde');
  try {
    const [rows] = await sql.query(`SELECT session_data AS data FROM ${lab.table} WHERE session_id = ?`, [id]);
    const [row] = /** @type {{ data: Buffer }[]} */ (rows);
    const data = row?.data.toString('latin1') ?? '';
    const moved = data.replace(new RegExp(`${name}\\|i:(\\d+);`), (_, time) => `${name}|i:${Number(time) + by};`);
    if (moved === data) throw new Error(`the session has no ${name}`);
    const values = [Buffer.from(moved, 'latin1'), id];
    await sql.query(`UPDATE ${lab.table} SET session_data = ? WHERE session_id = ?`, values);
  } finally {
    await sql.end();
  }
}

/** Both sides know the visitor, or neither does. @param {Visitor} visitor @param {string | null} user */
export async function bothKnow(visitor, user) {
  same(await visitor.node('who'), user);
  same(await visitor.isKnownToHorde(), user !== null);
}

export { same };
