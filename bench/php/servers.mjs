// PHP-FPM with all pages, behind HAProxy, and what they keep their sessions in.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTableSql } from '../../dist/mysql.js';
import { configureHaproxy } from '../../tools/services/haproxy.mjs';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { startPhpFpm } from '../../tools/services/php-fpm.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { startProcess, untilReady } from '../../tools/services/processes.mjs';
import { sql } from '../store/databases.mjs';

/** As each application makes its table, with room for 64 KB. */
const tables = [
  createTableSql({ table: 'bench_ours' }),
  `CREATE TABLE bench_symfony (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data MEDIUMBLOB NOT NULL,
    sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL,
    INDEX sessions_sess_lifetime_idx (sess_lifetime)) COLLATE utf8mb4_bin, ENGINE = InnoDB`,
  `CREATE TABLE bench_laravel (id VARCHAR(255) NOT NULL PRIMARY KEY, user_id BIGINT UNSIGNED NULL, ip_address VARCHAR(45) NULL,
    user_agent TEXT NULL, payload LONGTEXT NOT NULL, last_activity INT NOT NULL,
    INDEX (user_id), INDEX (last_activity)) COLLATE utf8mb4_unicode_ci, ENGINE = InnoDB`,
  `CREATE TABLE bench_codeigniter (id VARCHAR(128) NOT NULL PRIMARY KEY, ip_address VARCHAR(45) NOT NULL,
    timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL, data MEDIUMBLOB NOT NULL, KEY (timestamp)) ENGINE = InnoDB`,
];

/** @param {{ workers: number, peers: import('./packages.mjs').Peers }} options */
export async function startServers({ workers, peers }) {
  const directory = temporaryDirectory('bench-php');
  const log = (/** @type {string} */ name) => join(directory.path, `${name}.log`);
  /** @type {(() => Promise<void> | void)[]} */
  const stops = [() => directory.remove()];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const database = await startMariadb({
      settings: { 'innodb-buffer-pool-size': '256M', 'innodb-log-file-size': '256M' },
    });
    stops.push(database.stop);
    const { port, user, password } = database;
    await sql({ host: '127.0.0.1', port, user, password, database: 'test' }, ...tables);

    const hasRedis = !peers.missing.has('redis');
    const redis = await freePort();
    const libraries = { LD_LIBRARY_PATH: peers.libraries };
    if (hasRedis) {
      const settings = ['--port', `${redis}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory.path];
      const server = startProcess(peers.redis, settings, { log: log('redis'), env: libraries });
      await untilReady(server, { name: 'Redis', port: redis, log: log('redis') });
      stops.push(server.stop);
    }
    const sessions = join(directory.path, 'sessions');
    mkdirSync(sessions);
    const php = await startPhpFpm({
      workers,
      extensions: peers.extensions,
      ini: {
        'session.use_strict_mode': 1,
        'session.gc_probability': 0,
        display_errors: 0,
        log_errors: 1,
        error_reporting: 'E_ALL & ~E_DEPRECATED',
        ...(hasRedis ? { 'redis.session.locking_enabled': 1, 'redis.session.lock_retries': -1 } : {}),
      },
      env: {
        SITE: JSON.stringify({ port, user, password, redis, sessions, php: peers.php, codeigniter: peers.codeigniter }),
        ...libraries,
      },
      log: log('php'),
    });
    stops.push(php.stop);
    const proxyPort = await freePort();
    const proxy = startProcess(...configured(join(directory.path, 'haproxy.cfg'), proxyPort, php.socket), {
      log: log('proxy'),
    });
    await untilReady(proxy, { name: 'HAProxy', port: proxyPort, log: log('proxy') });
    stops.push(proxy.stop);
    return {
      url: `http://127.0.0.1:${proxyPort}`,
      databasePort: port,
      phpPids: () => [php.pid, ...php.workers()],
      databasePids: () => [database.pid],
      log: log('php'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {string} file @param {number} port @param {string} socket @returns {[command: string, args: string[]]} */
function configured(file, port, socket) {
  const [command, ...args] = configureHaproxy(file, {
    timeout: 60,
    defaults: '  maxconn 1000',
    sections: `
fcgi-app page
  docroot /
  set-param SCRIPT_FILENAME ${fileURLToPath(new URL('pages/page.php', import.meta.url))}
  set-param SCRIPT_NAME /page.php

frontend pages
  bind 127.0.0.1:${port}
  default_backend php

backend php
  use-fcgi-app page
  server php-fpm unix@${socket} proto fcgi
`,
  });
  return [command, args];
}
