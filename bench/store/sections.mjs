import { crowd } from './crowd.mjs';
import { growth } from './growth.mjs';
import { againstDriver } from './loops.mjs';
import { gibibyte, twoSqlNodes } from './ndb.mjs';
import { pages } from './pages.mjs';
import { rates } from './rates.mjs';
import { slowClients } from './slow-clients.mjs';

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} seconds for one turn
 * @property {number} rows of the large table
 * @property {Buffer} bytes of a session
 *
 * @typedef {(database: import('./databases.mjs').Database, options: Options) => Promise<import('./report.mjs').Section>} Measure
 */

/**
 * What is measured on a database, in this order.
 *
 * @param {import('./databases.mjs').DatabaseName} name
 * @returns {Record<string, Measure>}
 */
export function sectionsOf(name) {
  const common = { driver: againstDriver, pages, rates, crowd, slow: slowClients };
  return name === 'ndb' ? { ...common, nodes: twoSqlNodes, gibibyte } : { ...common, growth };
}
