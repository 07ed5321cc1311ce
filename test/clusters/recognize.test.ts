import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { recognize } from '../../src/recognize.ts';
import { engineUnderTest, onEngine } from './engine.ts';

// information_schema and the settings of a connection are other ones on each server.

const engine = engineUnderTest();
const database = 'recognize_engine';
const now = 'UNIX_TIMESTAMP()';
const payload = Buffer.from('a:1:{s:6:"_token";s:1:"x";}').toString('base64');

beforeAll(() =>
  onEngine(
    engine,
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.sessions (id VARCHAR(255) CHARACTER SET ascii NOT NULL PRIMARY KEY, user_id BIGINT UNSIGNED NULL, ip_address VARCHAR(45) NULL,
      user_agent TEXT NULL, payload LONGTEXT NOT NULL, last_activity INT NOT NULL, INDEX (last_activity)) ENGINE=${engine.tableEngine}`,
    `INSERT INTO ${database}.sessions VALUES ('Z6AvrcELscCgXm0GfARUorXd9873DbF9ztoQ42uH', NULL, NULL, NULL, '${payload}', ${now})`,
    `CREATE TABLE ${database}.jos_session (session_id varbinary(192) NOT NULL PRIMARY KEY, client_id tinyint unsigned, guest tinyint unsigned DEFAULT 1,
      time int NOT NULL DEFAULT 0, data mediumtext, userid int DEFAULT 0, username varchar(150) DEFAULT '') ENGINE=${engine.tableEngine}`,
    `CREATE TABLE ${database}.rc_session (sess_id varchar(128) NOT NULL PRIMARY KEY, changed datetime NOT NULL, ip varchar(40) NOT NULL, vars mediumtext NOT NULL,
      INDEX (changed)) ENGINE=${engine.tableEngine}`,
    `CREATE TABLE ${database}.phpbb_sessions (session_id char(32) NOT NULL PRIMARY KEY, session_time int unsigned NOT NULL) ENGINE=${engine.tableEngine}`,
  ),
);
afterAll(() => onEngine(engine, `DROP DATABASE ${database}`));

test('applications are recognized on this engine', async () => {
  const found = await recognize({ connection: engine.endpoints[0]!, database });
  const answers = found.map(({ table, application, options, rows }) => [table, application, options, rows.seen]);
  expect(answers.sort()).toEqual([
    [`${database}.jos_session`, 'Joomla', { prefix: 'jos_' }, 0],
    [`${database}.rc_session`, 'Roundcube', { version: '1.6', prefix: 'rc_' }, 0],
    [`${database}.sessions`, 'Laravel', { serialization: 'php', encrypt: false }, 1],
  ]);
});
