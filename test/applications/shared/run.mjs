import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { temporaryDirectory } from '../../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../../tools/services/php.mjs';
import { checkSteps } from '../../drop-in/steps.mjs';
import { stepsOf } from './steps.mjs';

const pages = fileURLToPath(new URL('../../drop-in/pages', import.meta.url));

/**
 * An application with its own session classes, and the preset for it.
 *
 * @typedef {object} Application
 * @property {string} title of the application, with its version and what is special
 * @property {string} page of test/drop-in/pages
 * @property {(presets: typeof import('../../../src/presets/index.ts')) => import('../../../src/presets/preset.ts').Preset} preset
 * @property {string} schema the application's own statement that makes its table
 * @property {string} [needs] a file of it in the folder of PHP_SESSION_BRIDGE_APPLICATIONS; none: Debian has it
 * @property {string} [version] what the name of that folder has after the application's: `-4.2.10`
 * @property {Record<string, string>} [env] of PHP
 * @property {Record<string, string | number>} [ini]
 * @property {string[]} [bag] where its own values are in the session
 * @property {string} [who] whom Node shall see; default `alice`
 * @property {(session: any) => unknown} [see] how Node sees it; default the application's own value `user`
 */

/**
 * Runs one application beside Node, in a database of its own.
 *
 * @param {Application} application
 * @param {object} around
 * @param {{ host: string, port: number, user: string, password: string }} around.mysql
 * @param {Record<string, string | undefined>} [around.env] of PHP
 * @param {Record<string, string | number>} [around.ini]
 * @param {typeof import('../../../src/presets/index.ts')} around.presets
 * @param {typeof import('../../../src/middleware/koa.ts').phpSession} around.phpSession
 * @param {typeof import('../../../src/stores/mysql/index.ts').mysqlStore} around.mysqlStore
 * @returns {Promise<{ outcomes: Record<string, import('../../drop-in/steps.mjs').Outcome>, log: string }>}
 */
export async function runApplication(application, { mysql, env = {}, ini = {}, presets, phpSession, mysqlStore }) {
  const { page, schema, bag = [], who = 'alice', version = '' } = application;
  const preset = application.preset(presets);
  const { name = 'PHPSESSID' } = preset.session;
  const see = application.see ?? ((session) => bag.reduce((values, part) => values?.[part], session)?.user);
  const directory = temporaryDirectory('applications');
  const database = `app_${directory.path.replace(/\W/g, '_').slice(-30)}`;
  const { host, port, user, password } = mysql;
  const sql = await createConnection({ host, port, user, password, multipleStatements: true });
  await sql.query(`CREATE DATABASE ${database}; USE ${database}; ${schema}`);
  const php = await startPhpServer({
    documentRoot: pages,
    env: {
      PSB_TEST_MYSQL: JSON.stringify(mysql),
      PSB_DROP_IN_DATABASE: database,
      PSB_DROP_IN_TABLE: preset.store.table,
      PSB_DROP_IN_OLD: '1',
      PSB_DROP_IN_VERSION: version,
      PSB_DROP_IN_FOLDER: directory.path,
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
  const store = mysqlStore({ connection: { host, port, user, password, database }, ...preset.store });
  try {
    const session = phpSession({ store, ...preset.session });
    const steps = stepsOf({ who, locks: preset.store.lock !== 'none' });
    const url = `${php.url}/${page}`;
    const outcomes = await checkSteps({ url, name, bag, session, steps, views: { who: see } });
    const log = readFileSync(join(directory.path, 'error.log'), { encoding: 'utf8', flag: 'a+' });
    return { outcomes, log: php.log() + log };
  } finally {
    await store.close();
    await php.stop();
    await sql.query(`DROP DATABASE ${database}`);
    await sql.end();
    directory.remove();
  }
}
