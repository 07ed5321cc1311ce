import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';

const pages = fileURLToPath(new URL('pages', import.meta.url));

/**
 * @typedef {object} Rolling an application whose own handler and ours use one table
 * @property {string} title
 * @property {string} page
 * @property {string} columns
 * @property {Record<string, string>} options of our handler
 * @property {boolean} locks its own handler locks the row
 * @property {Record<string, number>} [ini]
 * @property {string} [needs]
 */

/** @type {Rolling[]} */
export const rollings = [
  {
    title: 'Symfony, PdoSessionHandler',
    page: 'symfony.php',
    columns: `sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL, sess_lifetime INT UNSIGNED NOT NULL,
      sess_time INT UNSIGNED NOT NULL DEFAULT 0`,
    options: { id: 'sess_id', data: 'sess_data', time: 'sess_lifetime', time_meaning: 'expires_at' },
    locks: true,
  },
  {
    title: 'Yii 2, DbSession',
    page: 'yii.php',
    columns: 'id CHAR(40) CHARACTER SET ascii NOT NULL PRIMARY KEY, expire INT, data BLOB',
    options: { id: 'id', data: 'data', time: 'expire', time_meaning: 'expires_at' },
    locks: false,
    ini: { 'session.use_strict_mode': 1 },
    needs: 'yii2/framework/Yii.php',
  },
];

/** Which of the three PHP servers have our handler, in the order of an introduction and of the way back. */
const phases = ['old old old', 'new old old', 'new new new', 'new old old', 'old old old'];
const visitors = 8;
const seconds = 2;

/**
 * Visitors who send two requests at a time, to any of three PHP servers, while our handler comes and goes.
 *
 * @param {Rolling} rolling
 * @param {{ mysql: { host: string, port: number, user: string, password: string }, env: Record<string, string | undefined>,
 *   ini: Record<string, string | number> }} around
 * @returns {Promise<{ phase: string, visits: number, lost: number, loggedOut: number, failed: number }[]>} for each phase
 */
export async function runRolling(rolling, { mysql, env, ini }) {
  const directory = temporaryDirectory('drop-in');
  const { host, port, user, password } = mysql;
  const sql = await createConnection({ host, port, user, password, database: 'test' });
  await sql.query('DROP TABLE IF EXISTS rolling');
  await sql.query(`CREATE TABLE rolling (${rolling.columns})`);
  const start = (/** @type {boolean} */ isOld) =>
    startPhpServer({
      documentRoot: pages,
      workers: 12,
      env: {
        ...env,
        PSB_TEST_MYSQL: JSON.stringify(mysql),
        PSB_DROP_IN_TABLE: 'rolling',
        PSB_DROP_IN_OPTIONS: JSON.stringify(rolling.options),
        PSB_DROP_IN_OLD: isOld ? '1' : '',
        PSB_DROP_IN_FOLDER: directory.path,
      },
      ini: { error_reporting: 'E_ALL & ~E_DEPRECATED', 'session.gc_probability': 0, ...ini, ...rolling.ini },
    });
  const servers = { old: await start(true), new: await start(false) };
  /** @param {string} server @param {string} action @param {string} [cookie] */
  const ask = async (server, action, cookie) => {
    const { url } = servers[/** @type {'old' | 'new'} */ (server)];
    const headers = cookie === undefined ? {} : { cookie };
    const response = await fetch(`${url}/${rolling.page}?do=${action}`, { headers });
    const text = await response.text();
    const cookies = response.headers.getSetCookie();
    return { isDone: response.status === 200, text, cookie: cookies.at(-1)?.split(';')[0] ?? cookie };
  };
  try {
    const cookies = await Promise.all(
      Array.from({ length: visitors }, async () => {
        const { cookie, text } = await ask('old', 'login');
        if (cookie === undefined) throw new Error(`no login: ${text.slice(0, 300)}`);
        return cookie;
      }),
    );
    const counts = async () => {
      const all = await Promise.all(cookies.map((cookie) => ask('new', 'get&key=n', cookie)));
      return all.reduce((sum, { text }) => sum + Number(JSON.parse(text)), 0);
    };
    const results = [];
    for (const phase of phases) {
      const before = await counts();
      const result = { phase, visits: 0, lost: 0, loggedOut: 0, failed: 0 };
      const end = performance.now() + seconds * 1000;
      const client = async (/** @type {string} */ cookie) => {
        while (performance.now() < end) {
          const server = phase.split(' ')[Math.floor(Math.random() * 3)] ?? '';
          const { isDone, text } = await ask(server, 'visit', cookie);
          if (!isDone) result.failed++;
          else if (text !== '"alice"') result.loggedOut++;
          else result.visits++;
        }
      };
      await Promise.all(cookies.flatMap((cookie) => [client(cookie), client(cookie)]));
      result.lost = before + result.visits - (await counts());
      results.push(result);
    }
    return results;
  } finally {
    await servers.old.stop();
    await servers.new.stop();
    await sql.end();
    directory.remove();
  }
}
