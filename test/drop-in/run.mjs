import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { optionsCode, sessionOptions } from './locks.mjs';
import { checkSteps } from './steps.mjs';

const pages = fileURLToPath(new URL('pages', import.meta.url));
const prepend = fileURLToPath(new URL('../../php/prepend.php', import.meta.url));

/**
 * Runs one application with our handler beside the package, on a table of its own.
 *
 * @param {import('./applications.mjs').Application} application
 * @param {object} around
 * @param {{ host: string, port: number, user: string, password: string }} around.mysql
 * @param {import('./locks.mjs').Lock} [around.lock] default `row`
 * @param {Record<string, string | undefined>} [around.env] of PHP
 * @param {Record<string, string | number>} [around.ini]
 * @param {typeof import('../../src/middleware/koa.ts').phpSession} around.phpSession
 * @param {typeof import('../../src/stores/mysql/index.ts').mysqlStore} around.mysqlStore
 * @param {boolean} [around.slowPages] whether to measure pages of two seconds
 * @returns {Promise<{ outcomes: Record<string, import('./steps.mjs').Outcome>, log: string, slow: number[] }>} slow: the milliseconds of one
 *   page of two seconds, and of two pages of one visitor
 */
export async function runApplication(
  application,
  { mysql, lock = 'row', env = {}, ini = {}, phpSession, mysqlStore, slowPages = false },
) {
  const directory = temporaryDirectory('drop-in');
  const { host, port, user, password } = mysql;
  const connection = { host, port, user, password, database: 'test' };
  const table = `drop_in_${application.page.replace(/\W/g, '_')}`;
  const sql = await createConnection(connection);
  const configuration = join(directory.path, 'config.php');
  writeFileSync(configuration, configurationOf(table, lock));
  chmodSync(configuration, 0o600);
  const start = (/** @type {number} */ databasePort) =>
    startPhpServer({
      documentRoot: pages,
      env: {
        PSB_TEST_MYSQL: JSON.stringify(mysql),
        PSB_DROP_IN_TABLE: table,
        PSB_DROP_IN_LOCK: lock,
        PSB_DROP_IN_PORT: String(databasePort),
        PSB_DROP_IN_FOLDER: directory.path, // What an application writes besides.
        ...env,
      },
      ini: {
        ...(application.prepend === true && { auto_prepend_file: prepend, 'php_session_bridge.config': configuration }),
        // Deprecations are those of the applications' old releases.
        error_reporting: 'E_ALL & ~E_DEPRECATED',
        display_errors: 1,
        html_errors: 0,
        log_errors: 1,
        error_log: join(directory.path, 'error.log'),
        'session.sid_length': 32,
        'session.sid_bits_per_character': 4,
        ...ini,
        ...application.ini,
      },
    });
  await sql.query(`DROP TABLE IF EXISTS ${table}`);
  await sql.query(
    `CREATE TABLE ${table} (id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL)`,
  );
  const store = mysqlStore({ connection, table, columns: { time: 'usetime' } });
  const php = await start(port);
  try {
    const options = { ...sessionOptions(lock), ...application.session };
    const session = phpSession({ store, name: application.name, useStrictMode: true, ...options });
    const { name, bag, page } = application;
    const outcomes = await checkSteps({ url: `${php.url}/${page}`, name, bag, session });
    const log = () => readFileSync(join(directory.path, 'error.log'), { encoding: 'utf8', flag: 'a+' });
    const slow = slowPages ? await timeSlowPages(`${php.url}/${page}`) : [];
    return { outcomes: { ...outcomes, 'database away': await away() }, log: php.log() + log(), slow };
  } finally {
    await store.close();
    await php.stop();
    await sql.query(`DROP TABLE ${table}`);
    await sql.end();
    directory.remove();
  }

  /** @param {string} url */
  async function timeSlowPages(url) {
    const first = await fetch(`${url}?do=set&key=visitor&value=1`);
    const cookie = first.headers.getSetCookie().at(-1)?.split(';')[0] ?? '';
    const open = async (/** @type {string} */ query) => {
      const response = await fetch(`${url}?do=${query}`, { headers: { cookie } });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`status ${response.status}: ${text.slice(0, 300)}`);
      return JSON.parse(text);
    };
    const begin = performance.now();
    await open('slow&key=alone');
    const middle = performance.now();
    const one = open('slow&key=one');
    await sleep(50); // A worker of PHP's own web server would take both, if it got them at once.
    await Promise.all([one, open('slow&key=other')]);
    const end = performance.now();
    for (const key of ['alone', 'one', 'other']) {
      if ((await open(`get&key=${key}`)) !== 1) throw new Error(`${key} is lost`);
    }
    return [middle - begin, end - middle];
  }

  /** The visitor of a page whose database is away gets a 503, and not a page of one who is not logged in. */
  async function away() {
    const php = await start(await freePort());
    try {
      const response = await fetch(`${php.url}/${application.page}?do=get&key=user`, {
        redirect: 'manual',
        headers: { cookie: `${application.name}=${'0123456789'.repeat(4).slice(0, 32)}` },
      });
      return response.status === 503 || `status ${response.status}: ${(await response.text()).slice(0, 300)}`;
    } finally {
      await php.stop();
    }
  }
}

/** @param {string} table @param {import('./locks.mjs').Lock} lock */
const configurationOf = (table, lock) => `<?php
$mysql = json_decode(getenv('PSB_TEST_MYSQL'), true);
return ['applications' => ['own' => [
    'path' => ${JSON.stringify(pages)},
    'connection' => static function () use ($mysql) {
        $port = getenv('PSB_DROP_IN_PORT');
        return new PDO("mysql:host={$mysql['host']};port=$port;dbname=test", $mysql['user'], $mysql['password']);
    },
    'options' => ${optionsCode(table, lock)},
]]];
`;
