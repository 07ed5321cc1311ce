import '../../node-version.ts';

export type { OpenOptions, SessionLease, SessionSnapshot, SessionStore } from '../store.ts';
export type { Finding, FindingCode, Severity } from './check-finding.ts';
export type { MysqlConnectionOptions, MysqlEndpoint, MysqlPool } from './connection-options.ts';
export { type CreateTableOptions, createTableSql } from './create-table.ts';
export { type GrantOptions, grantSql } from './grants.ts';
export { codeIgniterLock, moodleLock, type NamedLock, symfonyLock } from './named-lock.ts';
export type { Columns, MysqlStoreOptions } from './options.ts';
export { mysqlStore } from './store.ts';
