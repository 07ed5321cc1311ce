import { endpoint, MysqlFolder } from './mysql-folder.mjs';

/**
 * @typedef {import('./mysql-folder.mjs').MysqlEndpoint & MysqlControl} MysqlServer
 *
 * @typedef {object} MysqlControl
 * @property {number} pid 0: it does not run
 * @property {(signal: NodeJS.Signals) => Promise<void>} kill see `signalled()`
 * @property {() => Promise<void>} start again, with the same data on the same port
 * @property {() => Promise<void>} end ends the server in order; its data stay
 * @property {() => Promise<void>} stop ends the server and removes its data
 */

/**
 * Starts a single MySQL server (InnoDB) on a free loopback port, with an empty database `test`.
 *
 * @param {string} folder has the command `cluster`: see docs/clusters.md
 * @returns {Promise<MysqlServer>}
 * @throws {Error} with the last lines that the command printed
 */
export async function startMysqlServer(folder) {
  const server = await MysqlFolder.of(folder);
  const start = async () => void (await server.run('innodb'));
  try {
    await start();
  } catch (error) {
    await server.remove();
    throw error;
  }
  return {
    ...endpoint(server.ports.SQL1_PORT),
    get pid() {
      return server.pid('innodb');
    },
    kill: (signal) => server.kill('innodb', signal),
    start,
    end: async () => void (await server.run('stop')),
    stop: () => server.remove(),
  };
}
