import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { temporaryDirectory } from '../../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../../tools/services/php.mjs';
import { ask, checkSteps } from '../../drop-in/steps.mjs';
import { stepsOf } from './steps.mjs';

const pages = fileURLToPath(new URL('../../drop-in/pages', import.meta.url));

/**
 * An application with its own session classes, and the preset for it.
 *
 * @typedef {object} Application
 * @property {string} title of the application, with its version and what is special
 * @property {string} page of test/drop-in/pages
 * @property {(presets: typeof import('../../../src/presets/index.ts'), database?: string) => import('../../../src/presets/preset.ts').Preset} preset
 *   for this database
 * @property {string} schema the application's own statement that makes its table
 * @property {(site: { connection: Connection, folder: string, share: string, env: Around['env'] }) => Promise<void>} [install] makes this table, and all else: in this
 *   database, with its configuration in this folder; `share` is Debian's /usr/share
 * @property {string} [needs] a file of it in the folder of PHP_SESSION_BRIDGE_APPLICATIONS; none: Debian has it
 * @property {string} [version] what the name of that folder has after the application's: `-4.2.10`
 * @property {Record<string, string>} [env] of PHP
 * @property {Record<string, string | number>} [ini]
 * @property {string[]} [bag] where its own values are in the session
 * @property {string} [only] SQL: which rows of its table are sessions
 * @property {RegExp} [stays] the names of cookies that stay after a logout
 * @property {boolean} [makesAll] whether it alone makes its sessions
 * @property {string} [sends] another cookie by which the application knows its visitor
 * @property {string} [who] whom Node shall see; default `alice`
 * @property {boolean} [logsIn] whether PHP logs in by the application's own classes, so that the preset says who it is; else it is the application's own value `user`
 * @property {import('./forms.mjs').Forms | undefined} [forms] what it keeps of forms in a session
 */

/** @typedef {{ host: string, port: number, user: string, password: string, database: string }} Connection */

/**
 * @typedef {object} Around
 * @property {string} share Debian's /usr/share, with the applications
 * @property {{ host: string, port: number, user: string, password: string }} mysql
 * @property {Record<string, string | undefined>} [env] of PHP
 * @property {Record<string, string | number>} [ini]
 * @property {typeof import('../../../src/presets/index.ts')} presets
 * @property {typeof import('../../../src/middleware/koa.ts').phpSession} phpSession
 * @property {typeof import('../../../src/stores/mysql/index.ts').mysqlStore} mysqlStore
 */

/**
 * Runs one application beside Node.
 *
 * @param {Application} application
 * @param {Around} around
 * @returns {Promise<{ outcomes: Record<string, import('../../drop-in/steps.mjs').Outcome>, log: string }>}
 */
export function runApplication(application, around) {
  const { mysqlStore, phpSession } = around;
  const { bag, who = 'alice', makesAll = false, stays } = application;
  return withPhp(application, around, async ({ url, name, preset, connection, log }) => {
    const store = mysqlStore({ connection, ...preset.store });
    try {
      const session = phpSession({ store, ...preset.session });
      const steps = stepsOf({ who, makesAll, stays, locks: preset.store.lock !== 'none' });
      const views = { who: seeing(application, preset) };
      const outcomes = await checkSteps({ url, name, bag, session, steps, views });
      return { outcomes, log: log() };
    } finally {
      await store.close();
    }
  });
}

/**
 * Whom Node sees in a session.
 *
 * @param {Pick<Application, 'logsIn' | 'bag'>} application
 * @param {import('../../../src/presets/preset.ts').Preset} preset
 * @returns {import('../../drop-in/steps.mjs').View}
 */
export function seeing({ logsIn, bag = [] }, { login }) {
  if (!logsIn || login === undefined) return (session) => bag.reduce((values, part) => values?.[part], session)?.user;
  return (session, { phpSession: { columns }, cookies }) => {
    const cookie = (/** @type {string} */ name) => cookies.get(name);
    const visitor = { time: Math.floor(Date.now() / 1000), columns, cookie };
    return login.claim(session, visitor)?.id;
  };
}

/**
 * The cookie and the rows that the application makes of a login.
 *
 * @param {Application} application
 * @param {Around} around
 */
export function recordApplication(application, around) {
  return withPhp(application, around, async ({ url, name, preset, connection, sql }) => {
    const browser = { id: /** @type {string | undefined} */ (undefined) };
    for (const query of ['do=set&key=cart&value=b%C3%BCcher', 'do=login']) await ask(`${url}?${query}`, name, browser);
    const { only = 'TRUE' } = application;
    const [rows] = await sql.query({ sql: `SELECT * FROM ${preset.store.table} WHERE ${only}`, typeCast: asBytes });
    const named = JSON.stringify(rows).replaceAll(connection.database, 'wiki'); // MediaWiki's keys begin with it.
    return { recordedAt: Math.floor(Date.now() / 1000), cookie: browser.id, rows: JSON.parse(named) };
  });
}

/** Numbers as numbers, all else byte by byte. @param {any} field @param {() => unknown} next */
function asBytes(field, next) {
  return ['LONG', 'LONGLONG'].includes(field.type) ? next() : (field.buffer()?.toString('latin1') ?? null);
}

/**
 * Starts PHP with the application, in a database of its own.
 *
 * @template Result
 * @param {Application} application
 * @param {Around} around
 * @param {(site: Site) => Promise<Result>} use
 * @returns {Promise<Result>}
 *
 * @typedef {object} Site
 * @property {string} url of the page
 * @property {string} name of the cookie
 * @property {import('../../../src/presets/preset.ts').Preset} preset
 * @property {Connection} connection
 * @property {import('mysql2/promise').Connection} sql
 * @property {() => string} log of PHP
 */
export async function withPhp(application, { mysql, env = {}, ini = {}, presets, share }, use) {
  const { page, schema, version = '', install } = application;
  const directory = temporaryDirectory('applications');
  const { host, port, user, password } = mysql;
  const database = `app_${process.pid}_${++count}`;
  const connection = { host, port, user, password, database };
  const preset = application.preset(presets, database);
  const { name = 'PHPSESSID' } = preset.session;
  const sql = await createConnection({ host, port, user, password, multipleStatements: true });
  try {
    await sql.query(`CREATE DATABASE ${database}; USE ${database}; ${install === undefined ? schema : ''}`);
    await install?.({ connection, folder: directory.path, share, env });
    const php = await startPhpServer({
      documentRoot: pages,
      env: {
        PSB_TEST_MYSQL: JSON.stringify(mysql),
        PSB_DROP_IN_DATABASE: database,
        PSB_DROP_IN_TABLE: preset.store.table,
        PSB_DROP_IN_OLD: '1',
        PSB_DROP_IN_VERSION: version,
        PSB_DROP_IN_FOLDER: directory.path,
        PSB_DROP_IN_SHARE: share,
        ...env,
        ...application.env,
      },
      ini: {
        error_reporting: 'E_ALL & ~E_DEPRECATED', // Those are of the applications' old releases.
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
    const log = () => php.log() + readFileSync(join(directory.path, 'error.log'), { encoding: 'utf8', flag: 'a+' });
    try {
      return await use({ url: `${php.url}/${page}`, name, preset, connection, sql, log });
    } finally {
      await php.stop();
    }
  } finally {
    await sql.query(`DROP DATABASE IF EXISTS ${database}`);
    await sql.end();
    directory.remove();
  }
}

let count = 0;
