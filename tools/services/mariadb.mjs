import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './lifeline.mjs';
import { program } from './packages.mjs';
import { freePort } from './ports.mjs';
import { startProcess, tail, untilReady } from './processes.mjs';

/**
 * @typedef {object} Mariadb
 * @property {'127.0.0.1'} host
 * @property {number} port
 * @property {string} user may do everything
 * @property {string} password
 * @property {number} pid of the running server
 * @property {Promise<string>} ended how the running server ended, once it did
 * @property {(signal: NodeJS.Signals) => void} kill
 * @property {() => Promise<void>} start again, with the same data on the same port
 * @property {() => Promise<void>} end ends the server in order; its data stay
 * @property {() => Promise<void>} stop ends the server and removes its data
 */

/** @typedef {Record<string, string | number>} Settings server variables */

/**
 * Starts a private MariaDB with an empty database `test`: data of its own, no configuration file of the machine,
 * reachable only over loopback, as root or as an ordinary user.
 *
 * @param {object} [options]
 * @param {number} [options.port]
 * @param {Settings | ((server: { recover: (settings: Settings) => Promise<string> }) => Promise<Settings>)} [options.settings]
 *   a function is asked before each start; `recover` runs the server with `--wsrep-recover` and gives what it printed
 * @param {boolean} [options.asMysql] whether root runs it as the user `mysql` of Debian's package, and not as itself
 * @param {{ user: string, password: string }} [options.joins] the server begins without data, as those of the cluster
 *   that it joins come to it; this is the cluster's account
 * @returns {Promise<Mariadb>}
 */
export async function startMariadb({ port, settings = {}, asMysql = false, joins } = {}) {
  const directory = temporaryDirectory('mariadb');
  const data = join(directory.path, 'data');
  const log = join(directory.path, 'log');
  const { user, password } = joins ?? { user: 'bridge', password: randomBytes(12).toString('hex') };
  const ownPort = port ?? (await freePort());
  // A starting server deletes the temporary tables in its directory for them, also those of another server.
  const env = { TMPDIR: directory.path };
  const small = ['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M', '--innodb-use-native-aio=0'];
  const isRoot = process.getuid?.() === 0;
  const asRoot = isRoot ? [`--user=${asMysql ? 'mysql' : 'root'}`] : [];

  /** @type {import('./processes.mjs').Service} */
  let server;

  const common = ['--no-defaults', ...asRoot, ...small, `--datadir=${data}`];
  const variables = (/** @type {Settings} */ values) =>
    Object.entries(values).map(([name, value]) => `--${name}=${value}`);

  const recover = async (/** @type {Settings} */ values) => {
    const out = join(directory.path, 'recovered');
    writeFileSync(out, '');
    const end = await startProcess(program('mariadbd'), [...common, ...variables(values), '--wsrep-recover'], {
      log: out,
      env,
    }).ended;
    if (end !== 'exit 0') throw new Error(`mariadbd --wsrep-recover ended (${end})\n${tail(out)}`);
    return readFileSync(out, 'utf8');
  };

  const start = async () => {
    const own = typeof settings === 'function' ? await settings({ recover }) : settings;
    server = startProcess(
      program('mariadbd'),
      [
        ...common,
        `--socket=${join(directory.path, 'socket')}`,
        `--pid-file=${join(directory.path, 'pid')}`,
        ...(joins ? [] : [`--init-file=${join(directory.path, 'init.sql')}`]),
        '--bind-address=127.0.0.1',
        `--port=${ownPort}`,
        '--skip-name-resolve',
        '--skip-log-bin',
        '--max-connections=200',
        '--key-buffer-size=1M',
        // Enough for a killed server; only a killed machine would lose what was committed, and its data with it.
        '--innodb-flush-log-at-trx-commit=2',
        ...variables(own),
      ],
      { log, env },
    );
    await untilReady(server, { name: 'MariaDB', port: ownPort, log, greets: true });
  };

  const install = async () => {
    const installing = startProcess(
      program('mariadb-install-db'),
      [
        '--no-defaults',
        ...asRoot,
        ...small,
        '--datadir=./data', // The script cannot do with a space in it.
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        '--skip-name-resolve',
      ],
      { log, env, cwd: directory.path },
    );
    const end = await installing.ended;
    if (end !== 'exit 0') throw new Error(`mariadb-install-db ended (${end})\n${tail(log, 40)}`);
  };

  try {
    // Read at each start, so nothing here may fail when it is there already. root has no password; only its
    // account for the Unix socket, in a directory that is ours alone, remains.
    writeFileSync(
      join(directory.path, 'init.sql'),
      [
        "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';",
        `CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1' IDENTIFIED BY '${password}';`,
        `GRANT ALL ON *.* TO '${user}'@'127.0.0.1' WITH GRANT OPTION;`,
        'CREATE DATABASE IF NOT EXISTS test;',
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    mkdirSync(data);
    if (isRoot && asMysql) execFileSync('chown', ['-R', 'mysql:', directory.path]);
    if (!joins) await install();
    await start();
  } catch (error) {
    directory.remove();
    throw error;
  }

  return {
    host: '127.0.0.1',
    port: ownPort,
    user,
    password,
    get pid() {
      return server.pid;
    },
    get ended() {
      return server.ended;
    },
    kill: (signal) => server.kill(signal),
    start,
    end: () => server.stop(60_000),
    async stop() {
      await server.stop();
      directory.remove();
    },
  };
}
