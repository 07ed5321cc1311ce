import '../../node-version.ts';

export type { Encoding } from '../encoding.ts';
export type { LifecycleOptions } from '../lifecycle.ts';
export type { DatabaseErrorName, SessionSignals } from '../signals.ts';
export type {
  ColumnValue,
  OpenOptions,
  ReadOptions,
  RowColumns,
  SessionLease,
  SessionSnapshot,
  SessionStore,
  Visitor,
} from '../store.ts';
export type { Finding, FindingCode, Severity } from './check-finding.ts';
export type { MysqlConnectionOptions, MysqlEndpoint, MysqlPool } from './connection-options.ts';
export { type CreateTableOptions, createTableSql } from './create-table.ts';
export { type GrantOptions, grantSql } from './grants.ts';
export {
  codeIgniterLock,
  type LaravelLockOptions,
  laravelLock,
  moodleLock,
  type NamedLock,
  symfonyLock,
  type TableLock,
} from './locks.ts';
export { type Now, now } from './now.ts';
export type { Columns, MysqlStoreOptions } from './options.ts';
export type { RowOptions } from './row-options.ts';
export { mysqlStore } from './store.ts';
