import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { startDovecot } from '../../tools/drop-in/dovecot.mjs';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { Browser, found } from './browser.mjs';
import { optionsCode, sessionOptions } from './locks.mjs';
import { each, nodeSite, same } from './steps.mjs';

const prepend = fileURLToPath(new URL('../../php/prepend.php', import.meta.url));

/** @typedef {{ host: string, port: number, user: string, password: string }} Mysql */

/**
 * @typedef {object} Whole an application as a whole, which only php.ini's auto_prepend_file tells of our handler
 * @property {string} title
 * @property {string} folder of its pages, below Debian's /usr/share
 * @property {string} name of the cookie
 * @property {(folder: string, mysql: Mysql, root: string) => Promise<() => Promise<void>>} configure writes its configuration, starts what it
 *   needs besides, and returns what stops that
 * @property {string} [prepend] PHP code of the prepend file that is there before the drop-in
 * @property {(open: Open, mysql: Mysql) => Promise<string>} login what the page after it has
 * @property {(open: Open) => Promise<string>} page one for those who are logged in
 * @property {(page: string) => string} token that the page has, and throws if the visitor is not logged in
 * @property {(session: any) => unknown} tokenIn the same in the session
 * @property {(session: any) => unknown} [userIn] whether alice is the user in the session; none: the session has no user
 * @property {(open: Open, page: string) => Promise<unknown>} logout
 * @property {string} lacks why it has not all steps
 */

/** @typedef {(path: string, form?: Record<string, string>) => Promise<string>} Open the page, by the visitor's browser */

/** @type {Whole[]} */
export const wholes = [
  {
    title: 'phpMyAdmin',
    folder: 'phpmyadmin',
    name: 'phpMyAdmin',
    async configure(folder, { host, port }) {
      const text = `<?php $cfg['blowfish_secret'] = '${'x'.repeat(32)}';
        $cfg['Servers'][1] = ['auth_type' => 'cookie', 'host' => '${host}', 'port' => '${port}'];`;
      writeFileSync(join(folder, 'phpmyadmin.php'), text);
      return async () => {};
    },
    async login(open, { user, password }) {
      const form = await open('index.php');
      return open('index.php?route=/', {
        pma_username: user,
        pma_password: password,
        server: '1',
        token: found(form, /name="token" value="([^"]*)"/),
        set_session: found(form, /name="set_session" value="([^"]*)"/),
      });
    },
    page: (open) => open('index.php?route=/server/databases'),
    token(page) {
      found(page, /(route=\/logout)/);
      return found(page, /token:"([^"]*)"/);
    },
    tokenIn: (session) => session[' PMA_token '],
    logout: (open, page) => open('index.php?route=/logout', { token: found(page, /token:"([^"]*)"/) }),
    lacks:
      'user and password are in cookies, with a key in the session, messages are not kept for the next page, and only a login has a new id',
  },
  {
    title: 'Roundcube',
    folder: 'roundcube',
    name: 'roundcube_sessid',
    prepend: "define('INSTALL_PATH', $_SERVER['DOCUMENT_ROOT'] . '/');",
    async configure(folder, mysql, root) {
      const { host, port, user, password } = mysql;
      const database = await createConnection({ host, port, user, password, multipleStatements: true });
      await database.query('DROP DATABASE IF EXISTS roundcube; CREATE DATABASE roundcube; USE roundcube');
      await database.query(readFileSync(join(root, 'SQL/mysql.initial.sql'), 'utf8'));
      await database.end();
      const dovecot = await startDovecot('secret');
      const values = {
        db_dsnw: `mysql://${user}:${password}@${host}:${port}/roundcube`,
        imap_host: `127.0.0.1:${dovecot.port}`,
        des_key: 'x'.repeat(24),
        temp_dir: folder,
        log_dir: folder,
        session_storage: 'php',
        skin: 'elastic',
      };
      const lines = Object.entries(values).map(([name, value]) => `$config['${name}'] = '${value}';`);
      writeFileSync(join(folder, 'config.inc.php'), `<?php ${lines.join(' ')} $config['plugins'] = [];`);
      copyFileSync(join(root, '../../../etc/roundcube/defaults.inc.php'), join(folder, 'defaults.inc.php'));
      return dovecot.stop;
    },
    async login(open) {
      const form = await open('index.php');
      const _token = found(form, /name="_token" value="([^"]*)"/);
      const fields = {
        _task: 'login',
        _action: 'login',
        _timezone: 'UTC',
        _url: '',
        _user: 'alice',
        _pass: 'secret',
        _token,
      };
      return open('?_task=login', fields);
    },
    page: (open) => open('?_task=settings'),
    token(page) {
      found(page, /(_task=logout)/);
      return found(page, /"request_token":"([^"]*)"/);
    },
    tokenIn: (session) => session.request_token,
    userIn: (session) => session.username === 'alice',
    logout: (open, page) => open(`?_task=logout&_token=${found(page, /"request_token":"([^"]*)"/)}`),
    lacks: 'messages are not kept for the next page, and only a login has a new id',
  },
];

/**
 * Runs one, with the same steps as the pages of classes.
 *
 * @param {Whole} application
 * @param {object} around
 * @param {Mysql} around.mysql
 * @param {import('./locks.mjs').Lock} [around.lock] default `row`
 * @param {string} around.share
 * @param {Record<string, string | undefined>} around.env
 * @param {Record<string, string | number>} around.ini
 * @param {typeof import('../../src/middleware/koa.ts').phpSession} around.phpSession
 * @param {typeof import('../../src/stores/mysql/index.ts').mysqlStore} around.mysqlStore
 * @returns {Promise<{ outcomes: Record<string, true | string | null>, log: string }>} null: there is no such thing
 */
export async function runWhole(application, { mysql, lock = 'row', share, env, ini, phpSession, mysqlStore }) {
  const directory = temporaryDirectory('drop-in');
  const { host, port, user, password } = mysql;
  const connection = { host, port, user, password, database: 'test' };
  const root = join(share, application.folder);
  const sql = await createConnection(connection);
  await sql.query('DROP TABLE IF EXISTS whole');
  await sql.query(
    'CREATE TABLE whole (id VARBINARY(128) PRIMARY KEY, data MEDIUMBLOB NOT NULL, usetime INT UNSIGNED NOT NULL)',
  );
  const stopServices = await application.configure(directory.path, mysql, root);
  const before = join(directory.path, 'before.php');
  writeFileSync(before, `<?php ${application.prepend ?? ''}`);
  const store = mysqlStore({ connection, table: 'whole', columns: { time: 'usetime' } });
  const start = (/** @type {number} */ databasePort) => {
    const configuration = join(directory.path, `config-${databasePort}.php`);
    writeFileSync(configuration, configurationOf(root, before, { ...mysql, port: databasePort }, lock));
    chmodSync(configuration, 0o600);
    return startPhpServer({
      documentRoot: root,
      env: { ...env, PSB_DROP_IN_FOLDER: directory.path, ROUNDCUBE_CONFIG_DIR: directory.path },
      ini: {
        ...ini,
        auto_prepend_file: prepend,
        'php_session_bridge.config': configuration,
        'session.save_path': directory.path,
      },
    });
  };
  const php = await start(port);
  const site = nodeSite(
    phpSession({ store, name: application.name, useStrictMode: true, cookiePath: '/', ...sessionOptions(lock) }),
    [],
    {
      token: application.tokenIn,
      user: application.userIn ?? (() => null),
    },
  ).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const node = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (site.address()).port}/`;
  const browser = new Browser();
  /** @type {(base: string) => Open} */
  const opener = (base) => async (path, form) => {
    const { status, text } = await browser.open(`${base}/${path}`, form);
    if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 300)}`);
    return text;
  };
  const open = opener(php.url);
  /** @param {string} action @param {Record<string, string>} [query] */
  const ask = async (action, query = {}) =>
    JSON.parse(await opener(node)(`?${new URLSearchParams({ do: action, ...query })}`));
  const login = async () => application.token(await application.login(open, mysql));
  const token = async () => application.token(await application.page(open));
  /** @type {Record<string, () => Promise<unknown>>} */
  const steps = {
    async login() {
      await open('index.php');
      const before = browser.cookies.get(application.name);
      await login();
      await token();
      if (browser.cookies.get(application.name) === before) throw new Error('the id is the same');
    },
    who: async () => (application.userIn === undefined ? null : same(await ask('user'), true)),
    async change() {
      await ask('set', { key: 'colour', value: 'green' });
      await token();
      same(await ask('get', { key: 'colour' }), 'green');
    },
    flash: async () => null,
    token: async () => same(await ask('token'), await token()),
    'regenerate PHP': async () => null,
    async 'regenerate Node'() {
      const before = await token();
      const old = browser.cookies.get(application.name);
      await ask('regenerate');
      if (browser.cookies.get(application.name) === old) throw new Error('the id is the same');
      same(await token(), before);
    },
    async parallel() {
      await ask('set', { key: 'n', value: '0' });
      const before = await token();
      const worker = (/** @type {() => Promise<unknown>} */ side) => async () => {
        for (let i = 0; i < each / 4; i++) await side();
      };
      await Promise.all(
        [token, () => ask('increment')].flatMap((side) => Array.from({ length: 4 }, () => worker(side)())),
      );
      same(await ask('get', { key: 'n' }), each);
      same(await token(), before);
    },
    async 'logout PHP'() {
      await application.logout(open, await application.page(open));
      same(await ask('get', { key: 'n' }), null);
    },
    async 'logout Node'() {
      await login();
      await ask('logout');
      await token().then(
        () => Promise.reject(new Error('PHP still knows the visitor')),
        () => undefined,
      );
    },
    async 'database away'() {
      const away = await start(await freePort());
      try {
        const response = await fetch(`${away.url}/index.php`, { redirect: 'manual' });
        same(response.status, 503);
      } finally {
        await away.stop();
      }
    },
  };
  /** @type {Record<string, true | string | null>} */
  const outcomes = {};
  try {
    for (const [title, step] of Object.entries(steps)) {
      outcomes[title] = await step().then(
        (result) => (result === null ? null : true),
        (error) => String(error.message),
      );
    }
    return { outcomes, log: php.log() };
  } finally {
    site.close();
    site.closeAllConnections();
    await store.close();
    await php.stop();
    await sql.end();
    await stopServices();
    directory.remove();
  }
}

/** @param {string} root @param {string} before @param {Mysql} mysql @param {import('./locks.mjs').Lock} lock */
const configurationOf = (root, before, { host, port, user, password }, lock) => `<?php
return ['prepend' => ${JSON.stringify(before)}, 'applications' => ['whole' => [
    'path' => ${JSON.stringify(root)},
    'connection' => static function () {
        return new PDO('mysql:host=${host};port=${port};dbname=test', '${user}', '${password}');
    },
    'options' => ${optionsCode('whole', lock)},
]]];
`;
