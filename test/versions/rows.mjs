// What a version of the package leaves in tables, by Node and by PHP: `node rows.mjs PACKAGE`, PACKAGE its folder. Prints JSON. The
// database in PSB_TEST_MYSQL is for this program alone.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Koa from 'koa';
import mysql from 'mysql2/promise';

const [, , version = ''] = process.argv;
const load = (/** @type {string} */ entry) => import(pathToFileURL(join(version, 'dist', `${entry}.js`)).href);
const { phpSession } = await load('koa');
const { codeIgniterLock, moodleLock, mysqlStore, now, symfonyLock } = await load('mysql');
const { base64, encodedStore } = await load('encoded');
const { PhpFloat, PhpObject } = await load('codec');
const { host, port, user, password } = JSON.parse(process.env.PSB_TEST_MYSQL ?? '');
const connection = { host, port, user, password, database: 'test' };

/** Of a visitor who logs in, and of one who logs out. */
const ids = ['d1'.repeat(16), 'e2'.repeat(16)];

const binary = 'id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL';
const unix = (/** @type {string} */ column) => ({ [column]: `CAST(${column} AS SIGNED) - UNIX_TIMESTAMP()` });
const seconds = unix('usetime');
const date = (/** @type {string} */ column) => ({ [column]: `TIMESTAMPDIFF(SECOND, NOW(), ${column})` });

/**
 * Columns, what is shown of those of the time, and the options of both sides. A table without `php` is for Node alone.
 *
 * @type {Record<string, { columns: string, times: Record<string, string>, zone?: string, node?: any, php?: any, encoding?: any }>}
 */
const tables = {
  int: { columns: binary, times: seconds, php: {} },
  timestamp: {
    columns: 'id CHAR(32) PRIMARY KEY, data TEXT CHARACTER SET utf8mb4, usetime TIMESTAMP',
    times: date('usetime'),
    php: {},
  },
  datetime: {
    columns: 'id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime DATETIME NOT NULL',
    ...{ times: date('usetime'), zone: '+02:00', node: { timeZone: '+02:00' }, php: { time_zone: '+02:00' } },
  },
  'time of the end': {
    ...{ columns: binary, times: seconds, node: { timeMeaning: 'expiresAt' }, php: { time_meaning: 'expires_at' } },
  },
  'option row': {
    columns: `${binary}, begun INT UNSIGNED NOT NULL, changed DATETIME NOT NULL, site INT NOT NULL`,
    times: { ...seconds, ...unix('begun'), ...date('changed') },
    node: {
      row: {
        key: (/** @type {string} */ id) => `site:${id}`,
        insert: { begun: now, changed: now, site: 7 },
        update: { changed: now },
      },
      timeZone: '+00:00',
    },
  },
  base64: { columns: binary, times: seconds, encoding: base64 },
  'lock of CodeIgniter': { columns: binary, times: seconds, node: { lock: codeIgniterLock } },
  'lock of Symfony': { columns: binary, times: seconds, node: { lock: symfonyLock } },
  'lock of Moodle': {
    columns:
      'id BIGINT AUTO_INCREMENT PRIMARY KEY, sid VARBINARY(128) UNIQUE, data MEDIUMBLOB, usetime INT UNSIGNED NOT NULL',
    times: seconds,
    node: { lock: moodleLock({ dbname: 'moodle' }), columns: { id: 'sid', data: 'data', time: 'usetime' } },
  },
};

const db = await mysql.createConnection(connection);
await db.query("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1");

/** By table and by those that left the same in it. @type {Record<string, Record<string, unknown>>} */
const seen = {};
for (const [title, { columns, times, zone = '+00:00', node = {}, php, encoding }] of Object.entries(tables)) {
  /** @type {Map<string, string[]>} */
  const writers = new Map();
  const add = (/** @type {string} */ writer, /** @type {unknown} */ steps) => {
    const text = JSON.stringify(steps);
    writers.set(text, [...(writers.get(text) ?? []), writer]);
  };
  for (const mode of ['exclusive', 'merge']) {
    const store = mysqlStore({ connection, ...node });
    const site = await startNode({ store: encoding === undefined ? store : encodedStore(store, encoding), mode });
    add(`Node ${mode}`, await live({ columns, times, zone }, site.visit));
    await site.end();
  }
  for (const lock of php === undefined ? [] : ['row', 'merge']) {
    const visit = (/** @type {string} */ action, /** @type {string} */ id) => {
      const env = {
        ...process.env,
        PACKAGE: version,
        OPTIONS: JSON.stringify({ ...php, lock }),
        ACTION: action,
        ID: id,
      };
      execFileSync('php', [fileURLToPath(new URL('rows.php', import.meta.url))], { env, stdio: ['ignore', 2, 2] });
    };
    add(`PHP ${lock}`, await live({ columns, times, zone }, visit));
  }
  seen[title] = Object.fromEntries([...writers].map(([text, names]) => [names.join(', '), JSON.parse(text)]));
}
const [calls] = /** @type {any} */ (
  await db.query("SELECT CAST(argument AS CHAR) AS sql_text FROM mysql.general_log WHERE argument LIKE '%GET_LOCK(%'")
);
const names = calls.map(({ sql_text: text }) => /\bGET_LOCK\('(.*?)'/.exec(text)?.[1]).filter(Boolean);
await db.end();
console.log(JSON.stringify({ rows: seen, 'names of locks': [...new Set(names)] }, null, 2));

/**
 * One visitor begins a session and logs in. Another one begins a session, logs out, and begins again with the same cookie.
 *
 * @param {{ columns: string, times: Record<string, string>, zone: string }} table
 * @param {(action: string, id: string) => unknown} visit
 * @returns {Promise<Record<string, string[]>>} the rows after each step
 */
async function live({ columns, times, zone }, visit) {
  await db.query(`CREATE TABLE session (${columns})`);
  await db.query('SET time_zone = ?', [zone]);
  const [login = '', logout = ''] = ids;
  /** @type {Record<string, string[]>} */
  const steps = {};
  const step = async (/** @type {string} */ action, /** @type {string} */ id, name = '') => {
    await visit(action, id);
    if (name === '') return;
    const shown = Object.entries(times).map(([time, sql]) => `ROUND((${sql}) / 60) * 60 AS ${time}`);
    const [rows] = /** @type {any} */ (await db.query(`SELECT *, ${shown} FROM session`));
    steps[name] = rows.map(readable).sort();
  };
  await step('begin', login, 'begun');
  await step('change', login, 'changed');
  await step('login', login, 'logged in');
  await db.query('DELETE FROM session');
  await step('begin', logout);
  await step('logout', logout, 'logged out');
  await step('begin', logout, 'begun again');
  await db.query('DROP TABLE session');
  return steps;
}

/** @param {Record<string, any>} row */
function readable(row) {
  const values = Object.entries(row).map(([name, value]) => {
    const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
    // Node's has 32 hexadecimal digits by default, and PHP's is as php.ini says.
    const isNew =
      name.endsWith('id') && !text.includes('<') && !/^\d+$/.test(text) && !ids.some((id) => text.includes(id));
    return `${name}: ${isNew ? text.replace(/([\da-f]{32}|[\w,-]{26})$/, 'a new id') : text}`;
  });
  return values.join(', ');
}

/** @param {object} options of phpSession() */
async function startNode(options) {
  const app = new Koa();
  app.use(phpSession({ ...options, classes: ['stdClass'] }));
  app.use(async (/** @type {any} */ ctx) => {
    const action = ctx.path.slice(1);
    const { session } = ctx;
    if (action === 'begin') {
      Object.assign(session, { count: 1, name: 'Zoë €', share: 0.1, price: new PhpFloat(12), none: null, yes: true });
      Object.assign(session, {
        list: ['a', 2, [3]],
        map: { 7: 'seven', b: 1 },
        user: new PhpObject('stdClass', [['id', 5]]),
      });
    }
    if (action === 'change') {
      session.count++;
      session.list.push('more');
      delete session.map.b;
    }
    if (action === 'login') await ctx.phpSession.regenerate();
    if (action === 'login') session.login = { name: 'Ann' };
    if (action === 'logout') await ctx.phpSession.destroy();
    ctx.body = 'done';
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    async visit(/** @type {string} */ action, /** @type {string} */ id) {
      const headers = { cookie: `PHPSESSID=${id}`, connection: 'close' };
      const answer = await fetch(`http://127.0.0.1:${port}/${action}`, { headers });
      if ((await answer.text()) !== 'done') throw new Error(`${action}: ${answer.status}`);
    },
    async end() {
      await new Promise((resolve) => server.close(resolve));
      await /** @type {any} */ (options).store.close();
    },
  };
}
