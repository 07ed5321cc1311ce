import { describe, expect, test } from '@jest/globals';
import { encodeSession } from '../../src/codec/index.ts';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { createTableSql } from '../../src/mysql.ts';
import { optionsFromPhpIni } from '../../src/php-ini.ts';
import { type Recognition, type RecognizeOptions, recognize } from '../../src/recognize.ts';
import { base64 } from '../../src/stores/base64.ts';
import { rawDeflate } from '../../src/stores/raw-deflate.ts';
import { emptyDatabase } from './empty-database.ts';
import { articleTable, testServer, type Witness } from './mysql-store-helpers.ts';

const database = `recognize_rows_${process.pid}`;
const id = '0284a198733d98c1eed0a3fe2fc78d65';
const now = 'UNIX_TIMESTAMP()';
let witness: Witness;

emptyDatabase(database, (made) => {
  witness = made;
});

const look = (options: Partial<RecognizeOptions> = {}) =>
  recognize({ connection: { ...testServer(), database }, ...options });
async function one(options: Partial<RecognizeOptions> = {}): Promise<Recognition> {
  const found = await look(options);
  expect(found).toHaveLength(1);
  return found[0]!;
}
const unknowns = ({ unknown }: Recognition) => unknown.map(({ option }) => option);

const symfony = `CREATE TABLE sessions (sess_id VARBINARY(128) NOT NULL PRIMARY KEY, sess_data BLOB NOT NULL,
  sess_lifetime INTEGER UNSIGNED NOT NULL, sess_time INTEGER UNSIGNED NOT NULL)`;
const laravel = `CREATE TABLE sessions (id VARCHAR(255) NOT NULL PRIMARY KEY, user_id BIGINT UNSIGNED NULL, ip_address VARCHAR(45) NULL,
  user_agent TEXT NULL, payload LONGTEXT NOT NULL, last_activity INT NOT NULL, INDEX (last_activity))`;
const laravelId = 'Z6AvrcELscCgXm0GfARUorXd9873DbF9ztoQ42uH';

describe('our own table', () => {
  test.each([
    ['createTableSql()', createTableSql({ table: 'session' })],
    ['of the article', articleTable('session')],
  ])('%s, empty and with a session', async (_, create) => {
    await witness.query(create);
    expect(await one()).toMatchObject({ application: 'php-session-bridge', certainty: 'likely', store: {} });
    const time = create.includes('TIMESTAMP') ? 'NOW()' : now;
    await witness.query(`INSERT INTO session VALUES ('${id}', 'user|s:5:"alice";', ${time})`);
    const found = await one();
    expect(found).toMatchObject({ application: 'php-session-bridge', certainty: 'sure', format: 'php', session: {} });
    expect(found.code).not.toMatch(/preset|table:/);
  });

  test('under names of its own, it needs a row', async () => {
    const columns = { id: 'sid', data: 'content', time: 'last_seen' };
    await witness.query(createTableSql({ table: 'my_sessions', columns }));
    expect(await look()).toEqual([]);
    await witness.query(`INSERT INTO my_sessions VALUES ('${id}', 'user|s:5:"alice";', ${now} - 5)`);
    const found = await one();
    expect(found).toMatchObject({
      ...{ application: 'PHP', table: 'my_sessions', format: 'php' },
      ...{ store: { table: 'my_sessions', columns }, time: { column: 'last_seen', meaning: 'lastUsed' } },
    });
    expect(found.code).toContain("columns: { id: 'sid', data: 'content', time: 'last_seen' },");
    expect(unknowns(found)).toEqual(expect.arrayContaining(['timeMeaning', 'lock']));
    await witness.query(`UPDATE my_sessions SET last_seen = ${now} + 1400`);
    expect(await one()).toMatchObject({ time: { meaning: 'expiresAt' }, store: { timeMeaning: 'expiresAt' } });
  });
});

describe('what rows hold', () => {
  const session = { _sf2_attributes: { user: 'alice' }, _sf2_meta: { u: 1, c: 1, l: 0 } };
  test.each([
    ['php_binary', undefined, "serializeHandler: 'php_binary',"],
    ['php_serialize', undefined, "serializeHandler: 'php_serialize',"],
    ['igbinary', igbinary, 'serializeHandler: igbinary,'],
    ['msgpack', msgpack(), 'serializeHandler: msgpack(),'],
  ] as const)("Symfony's table with PHP's format %s", async (format, value, line) => {
    await witness.query(symfony);
    const bytes = encodeSession(session, { format: (value ?? format) as 'php_binary' });
    await witness.query(`INSERT INTO sessions VALUES ('${id}', ?, ${now} + 1440, ${now})`, [Buffer.from(bytes)]);
    const found = await one();
    expect(found).toMatchObject({ application: 'Symfony', format, session: { serializeHandler: format } });
    expect(found.code).toContain(line);
    expect(found.code.includes(`from 'php-session-bridge/${format}'`)).toBe(value !== undefined);
  });

  test.each([
    ['what is no base64', 'user|s:5:"alice";', laravelId],
    ['base64 of something else', Buffer.from('\0\0hello world, this is nothing').toString('base64'), laravelId],
    ['ids of PHP', Buffer.from('a:0:{}').toString('base64'), id],
  ])("Laravel's table with %s is none of Laravel's", async (_, payload, key) => {
    await witness.query(laravel);
    await witness.query(`INSERT INTO sessions VALUES (?, NULL, NULL, NULL, ?, ${now})`, [key, payload]);
    expect((await look()).filter(({ application }) => application !== 'PHP')).toEqual([]);
  });

  test('a few rows that are damaged or left of another format change nothing', async () => {
    await witness.query(symfony);
    const rows = ['_sf2_attributes|a:0:{}_sf2_meta|a:0:{}', '_sf2_attributes|a:1:{s:1:"x";i:5;}', 'damaged', ''];
    for (const [i, data] of rows.entries())
      await witness.query(`INSERT INTO sessions VALUES (?, ?, ${now} + 1440, ${now})`, [`${id.slice(1)}${i}`, data]);
    expect(await one()).toMatchObject({ application: 'Symfony', format: 'php', rows: { seen: 4, understood: 2 } });
  });

  test('rows that are longer than what is read', async () => {
    await witness.query(laravel);
    const long = `a:2:{s:6:"_token";s:1:"x";s:4:"text";s:50000:"${'x'.repeat(50_000)}";}`;
    await witness.query(`INSERT INTO sessions VALUES (?, NULL, NULL, NULL, ?, ${now})`, [
      laravelId,
      Buffer.from(base64.encode(Buffer.from(long))).toString(),
    ]);
    expect(await one()).toMatchObject({ application: 'Laravel', format: 'php_serialize', encoding: 'base64' });
  });

  test('ids of another form than the default', async () => {
    await witness.query(symfony);
    const data = '_sf2_attributes|a:0:{}_sf2_meta|a:0:{}';
    for (const key of ['0v3k9d1qs7e2m4tb8n5u6h0cva', 'k9d1qs7e2m4tb8n5u6h0cva0v3'])
      await witness.query(`INSERT INTO sessions VALUES ('${key}', '${data}', ${now} + 1440, ${now})`);
    expect(await one()).toMatchObject({ session: { sidLength: 26, sidBitsPerCharacter: 5 } });
    await witness.query("UPDATE sessions SET sess_id = CONCAT(sess_id, ',') LIMIT 1");
    expect((await one()).session).toEqual({});
  });

  test('the route of the last page shows a Laravel of 12.45 or later', async () => {
    await witness.query(laravel);
    const session = 'a:2:{s:6:"_token";s:1:"x";s:9:"_previous";a:2:{s:3:"url";s:1:"/";s:5:"route";N;}}';
    const payload = Buffer.from(session).toString('base64');
    await witness.query(`INSERT INTO sessions VALUES ('${laravelId}', NULL, NULL, NULL, '${payload}', ${now})`);
    const found = await one();
    expect(found).toMatchObject({ versions: '12.45 and later', options: { version: '13' } });
    expect(unknowns(found)).not.toContain('version');
  });
});

describe('applications that are known, and whose sessions Node cannot share', () => {
  const moodle = `CREATE TABLE mdl_sessions (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, state bigint NOT NULL DEFAULT 0, sid varchar(128) NOT NULL,
    userid bigint NOT NULL, sessdata longtext, timecreated bigint NOT NULL, timemodified bigint NOT NULL, firstip varchar(45), lastip varchar(45),
    UNIQUE KEY (sid)); INSERT INTO mdl_sessions (sid, userid, timecreated, timemodified) VALUES ('${id}', 2, ${now}, ${now})`;
  const joomla = (
    time: string,
  ) => `CREATE TABLE jos_session (session_id varbinary(192) NOT NULL PRIMARY KEY, client_id tinyint unsigned,
    guest tinyint unsigned DEFAULT 1, time ${time}, data mediumtext, userid int DEFAULT 0, username varchar(150) DEFAULT '');
    INSERT INTO jos_session (session_id, time) VALUES ('${id}', ${now})`;
  const drupal7 = `CREATE TABLE sessions (uid int unsigned NOT NULL, sid varchar(128) NOT NULL, ssid varchar(128) NOT NULL DEFAULT '',
    hostname varchar(128) NOT NULL DEFAULT '', timestamp int NOT NULL DEFAULT 0, cache int NOT NULL DEFAULT 0, session longblob, PRIMARY KEY (sid, ssid));
    INSERT INTO sessions VALUES (1, 'Jx0Zb2yhXtQ5cV7mN3pLk9sDf4gHaWqEr6tYuIoP1zA', '', '192.0.2.1', ${now}, 0, 'user|s:5:"alice";')`;
  const objectcache = (name: string) =>
    `CREATE TABLE ${name} (keyname varbinary(255) NOT NULL PRIMARY KEY, value mediumblob, exptime binary(14) NOT NULL, KEY (exptime))`;

  test.each([
    ['Moodle, with another session handler', moodle, /session_handler_class/],
    ['Joomla, with another session handler', joomla('int NOT NULL'), /session_handler/],
    ['Joomla 3', joomla('varchar(14)'), /no preset/],
    ['Drupal 7', drupal7, /no preset/],
    [
      'Magento 1',
      `CREATE TABLE core_session (session_id varbinary(255) NOT NULL PRIMARY KEY, session_expires int unsigned NOT NULL, session_data mediumblob NOT NULL)`,
      /no preset/,
    ],
  ])('%s', async (title, sql, todo) => {
    await witness.query(sql);
    const found = await one();
    expect(title).toContain(found.application);
    expect(found).toMatchObject({ code: '', todo: expect.arrayContaining([expect.stringMatching(todo)]) });
    expect(found.preset).toBeUndefined();
  });

  test('MediaWiki: sessions are found among all else by their keys', async () => {
    await witness.query(objectcache('wiki_objectcache'));
    const value = rawDeflate.encode(Buffer.from('a:2:{s:4:"data";a:0:{}s:8:"metadata";a:0:{}}'));
    for (let i = 0; i < 30; i++)
      await witness.query(`INSERT INTO wiki_objectcache VALUES ('${database}-wiki_:A${i}', 'x', '20300101000000')`);
    expect(await one()).toMatchObject({ todo: [expect.stringContaining('No session was seen')] });
    const key = `${database}-wiki_:MWSession:${id}`;
    await witness.query(`INSERT INTO wiki_objectcache VALUES ('${key}', ?, '20300101000000')`, [Buffer.from(value)]);
    expect(await one()).toMatchObject({
      ...{ application: 'MediaWiki', table: 'wiki_objectcache', preset: 'mediaWiki', format: 'php_serialize' },
      options: { dbname: database, prefix: 'wiki_' },
      sure: expect.arrayContaining(['the table has sessions']),
    });
  });

  test('Laminas with several names of sessions in one table', async () => {
    await witness.query(`CREATE TABLE session (id char(32), name char(32), modified int, lifetime int, data text, PRIMARY KEY (id, name));
      INSERT INTO session VALUES ('${id}', 'PHPSESSID', ${now}, 1440, '__Laminas|a:0:{}'), ('${id}', 'admin', ${now}, 1440, '__Laminas|a:0:{}')`);
    expect(await one()).toMatchObject({ application: 'Laminas', code: '' });
  });
});

test('what php.ini says is in the code, before what the application decides', async () => {
  await witness.query(symfony);
  const php = optionsFromPhpIni('session.name = shop\nsession.gc_maxlifetime = 3600\nsession.cookie_secure = On');
  const found = await one({ php });
  expect(found).toMatchObject({
    options: { gcMaxlifetime: 3600 },
    phpIni: { store: { gcMaxlifetime: 3600 }, session: { name: 'shop', cookieSecure: true } },
  });
  expect(found.code).toMatch(/name: 'shop',\n {2}cookieSecure: true,\n {2}\.\.\.app\.session/);
  expect(unknowns(found)).toEqual(['version', 'lock']);
  expect(unknowns(await one())).toEqual(['version', 'lock', 'gcMaxlifetime', 'name', 'sidLength', 'serializeHandler']);
});

test('a key over two columns: what is to be done', async () => {
  await witness.query(
    'CREATE TABLE session (id char(32), name char(32), modified int, lifetime int, data text, PRIMARY KEY (id, name))',
  );
  expect((await one()).todo).toEqual([expect.stringContaining('ALTER TABLE `session` ADD UNIQUE (`id`)')]);
});
