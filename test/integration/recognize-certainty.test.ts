import { expect, test } from '@jest/globals';
import { type Recognition, recognize } from '../../src/recognize.ts';
import { emptyDatabase } from './empty-database.ts';
import { testServer, type Witness } from './mysql-store-helpers.ts';

// What is not more than likely, and older versions of an application.

const database = `recognize_certainty_${process.pid}`;
const id = '0284a198733d98c1eed0a3fe2fc78d65';
const now = 'UNIX_TIMESTAMP()';
let witness: Witness;

emptyDatabase(database, (made) => {
  witness = made;
});

async function look(sql: string): Promise<Recognition> {
  await witness.query(sql);
  const found = await recognize({ connection: { ...testServer(), database } });
  expect(found).toHaveLength(1);
  return found[0]!;
}

test('a table of an unknown handler is likely, and its ids are to be compared', async () => {
  const found =
    await look(`CREATE TABLE piwigo_sessions (id varchar(255) PRIMARY KEY, data mediumtext NOT NULL, expiration datetime NOT NULL);
    INSERT INTO piwigo_sessions VALUES ('7f00${id}', 'pwg_uid|i:2;', NOW())`);
  expect(found).toMatchObject({ application: 'PHP', certainty: 'likely' });
  expect(found.unknown).toContainEqual(
    expect.objectContaining({ option: 'id', where: "compare the browser's cookie with the column id" }),
  );
});

const cart = (name: string, size: number, type: string, more: string) =>
  `CREATE TABLE ${name} (session_id varchar(${size}) PRIMARY KEY, data ${type} NOT NULL, expire datetime NOT NULL${more});
   INSERT INTO ${name} VALUES ('${id.slice(6)}', '{"language":"en","cart":[]}', NOW())`;
test.each([
  ['of OpenCart', cart('shop_session', 32, 'mediumtext', ', KEY expire (expire)'), 'sure', '4 and 5'],
  ['of OpenCart 3', cart('oc_session', 32, 'text', ''), 'likely', undefined],
  ['of something with such words', cart('app_session', 128, 'mediumtext', ', KEY (expire)'), 'likely', undefined],
  [
    'with one column more',
    cart('app_session', 32, 'mediumtext', ', x INT, KEY (expire)').replace('NOW())', 'NOW(), 1)'),
    'likely',
    undefined,
  ],
])('a table %s', async (_, sql, certainty, versions) => {
  const found = await look(sql);
  expect([found.application, found.certainty, found.versions]).toEqual(['OpenCart', certainty, versions]);
});

const roundcube = (name: string) =>
  `CREATE TABLE ${name} (sess_id varchar(128) PRIMARY KEY, changed datetime, ip varchar(40), vars mediumtext)`;
const codeIgniter = (name: string) =>
  `CREATE TABLE ${name} (id varchar(128) PRIMARY KEY, ip_address varchar(45), timestamp int unsigned, data blob)`;
test.each([
  ['Roundcube', roundcube('rc_session'), 'sure'],
  ['Roundcube', roundcube('cache_index'), 'likely'],
  ['CodeIgniter', codeIgniter('ci_sessions'), 'sure'],
  ['CodeIgniter', codeIgniter('session_log'), 'likely'],
])('%s without a row: %s', async (application, sql, certainty) => {
  expect(await look(sql)).toMatchObject({ application, certainty });
});

test.each(['', ` INSERT INTO fe_sessions VALUES ('${id}', 'fe_typo_user', '', 0, 1, ${now}, '', 0)`])(
  'TYPO3 6 to 8%s',
  async (row) => {
    const found =
      await look(`CREATE TABLE fe_sessions (ses_id varchar(32) PRIMARY KEY, ses_name varchar(32), ses_iplock varchar(39), ses_hashlock int,
      ses_userid int, ses_tstamp int unsigned, ses_data blob, ses_permanent tinyint);${row}`);
    expect(found).toMatchObject({ application: 'TYPO3', versions: 'up to 8', code: '' });
    expect(found.preset).toBeUndefined();
  },
);

test.each(['', `INSERT INTO sessions VALUES ('${id}${id.slice(24)}', 'YToxOntzOjY6Il90b2tlbiI7czoxOiJ4Ijt9', ${now})`])(
  'Laravel 4 to 5.1 %s',
  async (row) => {
    const found = await look(`CREATE TABLE sessions (id varchar(255) UNIQUE, payload text, last_activity int); ${row}`);
    expect(found).toMatchObject({ application: 'Laravel', certainty: 'likely' });
    expect(found.versions).toBeUndefined();
    expect(found.unknown).toContainEqual(
      expect.objectContaining({ option: 'version', why: expect.stringContaining('5.2') }),
    );
  },
);

test('Yii 1, such as LimeSurvey', async () => {
  const create = 'CREATE TABLE lime_session (id varchar(32) PRIMARY KEY, expire int, data longblob)';
  const empty = await look(create);
  expect([empty.application, empty.certainty, empty.versions]).toEqual(['Yii', 'likely', undefined]);
  const found = await look(
    `INSERT INTO lime_session VALUES ('${id}', ${now} + 1440, '${id}__id|s:1:"1";${id}__states|a:0:{}')`,
  );
  expect(found).toMatchObject({ application: 'Yii', versions: '1.1', certainty: 'likely' });
  expect(found.todo).toContainEqual(expect.stringContaining('Yii 1'));
});

test.each([
  ['__id|i:42;', []],
  ['__id|i:42;__expire|i:1900000000;', ['authTimeout']],
])('Yii 2, and whether it has a time to be idle, which is in no row: %s', async (session, options) => {
  const found = await look(`CREATE TABLE session (id VARCHAR(255) NOT NULL PRIMARY KEY, expire INT, data LONGBLOB);
    INSERT INTO session VALUES ('${id}', ${now} + 1440, '${session}')`);
  expect(found).toMatchObject({ application: 'Yii', versions: '2.0' });
  expect(found.unknown.filter(({ of }) => of === 'preset').map(({ option }) => option)).toEqual(options);
});

test('a table without any key', async () => {
  const found = await look(`CREATE TABLE session (id varchar(64), data blob, usetime int);
    INSERT INTO session VALUES ('${id}', 'user|i:5;', ${now})`);
  expect(found.todo).toEqual([expect.stringContaining('mysqlStore() needs a primary or unique key on the column id')]);
});
