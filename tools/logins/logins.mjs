import mysql from 'mysql2/promise';
import { createTableSql } from 'php-session-bridge/mysql';
import { startEngine } from '../services/engines.mjs';
import { complaints } from '../storm/complaints.mjs';
import { Client } from './browser.mjs';
import { allCells, controls } from './cells.mjs';
import { Gate } from './gate.mjs';
import { Login } from './login.mjs';
import { startServers } from './servers.mjs';

/** @typedef {import('./cells.mjs').Cell} Cell */
/** @typedef {import('./login.mjs').Kind} Kind */

/**
 * @typedef {object} Result of one cell
 * @property {Cell} cell
 * @property {number} logins how many there were
 * @property {Record<Kind, number>} wrong how many of them had a problem of this kind
 * @property {Map<string, number>} problems how many of them had it
 */

/**
 * @typedef {object} LoginsResult
 * @property {string} title the engine and its servers
 * @property {Result[]} results
 * @property {Result[]} controls what must be wrong
 * @property {string[]} complaints what the servers wrote into their logs
 */

/**
 * Logs browsers in while another request of theirs runs, in every way in which the two can meet, and checks what each browser is
 * left with.
 *
 * @param {object} options
 * @param {import('../services/engines.mjs').EngineName} options.engine
 * @param {(cell: Cell) => number} options.logins how many of a cell
 * @param {number} [options.browsers] at the same time, default 6
 * @param {(result: Result) => void} [options.say] gets each cell when it is done
 * @returns {Promise<LoginsResult>}
 */
export async function logins({ engine: name, logins: howMany, browsers = 6, say = () => {} }) {
  const engine = await startEngine(name);
  /** @type {(() => unknown)[]} */
  const stops = [() => engine.stop()];
  try {
    const tables = Array.from({ length: browsers }, (_, i) => `session_${i + 1}`);
    const nodes = await Promise.all(engine.endpoints.map((endpoint) => mysql.createConnection({ ...endpoint })));
    stops.push(() => {
      for (const node of nodes) node.destroy();
    });
    const database = /** @type {mysql.Connection} */ (nodes[0]);
    for (const table of tables) await database.query(createTableSql({ table, engine: engine.tableEngine }));
    const gate = new Gate();
    const url = await gate.start();
    stops.push(() => gate.stop());
    const servers = await startServers({ endpoints: engine.endpoints, gate: url, tables });
    stops.push(servers.stop);
    const client = new Client();
    stops.push(() => client.close());

    const site = { client, gate, servers, database, nodes };
    const run = (/** @type {Result[]} */ results) => runAll(site, tables, results, say);
    const proofs = controls().map((cell) => empty(cell, 2));
    await run(proofs);
    const results = allCells()
      .map((cell) => empty(cell, howMany(cell)))
      .filter(({ logins }) => logins > 0);
    await run(results);
    const version = `${engine.title} ${engine.version}, ${engine.nodes.length === 1 ? '1 server' : `${engine.nodes.length} nodes`}`;
    const title = `${version}; ${browsers} browsers at a time`;
    return { title, results, controls: proofs, complaints: complaints(servers.logs) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/**
 * Each browser takes the next login that there is.
 *
 * @param {import('./login.mjs').Site} site
 * @param {string[]} tables
 * @param {Result[]} results
 * @param {(result: Result) => void} say
 */
async function runAll(site, tables, results, say) {
  const next = (function* () {
    for (const result of results) for (let n = 0; n < result.logins; n++) yield { result, n };
  })();
  const left = new Map(results.map((result) => [result, result.logins]));
  await Promise.all(
    tables.map(async (table) => {
      for (const { result, n } of next) {
        const login = new Login(site, result.cell, table, n);
        await login.run();
        for (const kind of new Set(login.problems.map(({ kind }) => kind))) result.wrong[kind]++;
        for (const what of new Set(login.problems.map(({ what }) => what))) {
          result.problems.set(what, (result.problems.get(what) ?? 0) + 1);
        }
        const rest = (left.get(result) ?? 0) - 1;
        left.set(result, rest);
        if (rest === 0) say(result);
      }
    }),
  );
}

/** @param {Cell} cell @param {number} logins @returns {Result} */
function empty(cell, logins) {
  return { cell, logins, wrong: { lost: 0, leaked: 0, failed: 0 }, problems: new Map() };
}
