import type { CheckOptions, FindingCode } from '../../src/mysql.ts';

export interface KnownTable {
  readonly name: string;
  /** As the application makes it, with another name. */
  readonly create: (table: string) => string;
  readonly options: Omit<CheckOptions, 'connection' | 'table'>;
  /** What there is to say about the table on InnoDB, not about the server. */
  readonly codes: FindingCode[];
}

const symfony = (table: string) => `CREATE TABLE ${table} (
  sess_id VARBINARY(128) NOT NULL PRIMARY KEY,
  sess_data BLOB NOT NULL,
  sess_lifetime INTEGER UNSIGNED NOT NULL,
  sess_time INTEGER UNSIGNED NOT NULL,
  INDEX sess_lifetime_idx (sess_lifetime)
) COLLATE utf8mb4_bin, ENGINE = InnoDB`;

/** Tables of applications, by their own CREATE statements. */
export const KNOWN_TABLES: readonly KnownTable[] = [
  {
    name: 'the MySQL Cluster article',
    create: (table) => `CREATE TABLE ${table} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP)`,
    options: {},
    codes: ['id-collation', 'data-size', 'data-charset', 'time-null', 'time-index'],
  },
  {
    name: 'Symfony 6 and 7, by when a session expires',
    create: symfony,
    options: { columns: { id: 'sess_id', data: 'sess_data', time: 'sess_lifetime' }, timeMeaning: 'expiresAt' },
    codes: ['column-without-default', 'data-size'],
  },
  {
    name: 'Symfony 6 and 7, by when it was used',
    create: symfony,
    options: { columns: { id: 'sess_id', data: 'sess_data', time: 'sess_time' } },
    codes: ['column-without-default', 'data-size', 'time-index'],
  },
  {
    name: 'Horde',
    create: (table) => `CREATE TABLE ${table} (
      session_id             VARCHAR(32) NOT NULL,
      session_lastmodified   INT NOT NULL,
      session_data           LONGBLOB,
      PRIMARY KEY (session_id)
    ) ENGINE = InnoDB; CREATE INDEX session_lastmodified_idx ON ${table} (session_lastmodified)`,
    options: { columns: { id: 'session_id', data: 'session_data', time: 'session_lastmodified' }, sidLength: 48 },
    codes: ['id-length', 'id-collation', 'time-2038'],
  },
  {
    name: 'express-mysql-session',
    create: (table) => `CREATE TABLE IF NOT EXISTS ${table} (
      \`session_id\` varchar(128) COLLATE utf8mb4_bin NOT NULL,
      \`expires\` int(11) unsigned NOT NULL,
      \`data\` mediumtext COLLATE utf8mb4_bin,
      PRIMARY KEY (\`session_id\`)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
    options: { columns: { id: 'session_id', time: 'expires' }, timeMeaning: 'expiresAt' },
    codes: ['data-charset', 'time-index'],
  },
  {
    name: 'koa-session-mysql',
    create: (table) => `CREATE TABLE IF NOT EXISTS ${table} (
      \`session_id\` varchar(50) NOT NULL,
      \`created\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
      \`modified\` timestamp NULL DEFAULT NULL,
      \`payload\` text
    ) ENGINE=InnoDB; ALTER TABLE ${table} ADD PRIMARY KEY (\`session_id\`)`,
    options: { columns: { id: 'session_id', data: 'payload', time: 'modified' } },
    codes: ['id-collation', 'data-size', 'data-charset', 'time-null', 'time-index'],
  },
  {
    name: 'koa-mysql-session',
    create: (table) =>
      `CREATE  TABLE IF NOT EXISTS ${table} (\`id\` VARCHAR(255) NOT NULL, \`expires\` BIGINT NULL, \`data\` TEXT NULL, PRIMARY KEY (\`id\`));`,
    options: { columns: { time: 'expires' } },
    codes: ['id-collation', 'data-size', 'data-charset', 'time-null', 'time-index'],
  },
];
