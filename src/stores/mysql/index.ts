export type { OpenOptions, SessionLease, SessionStore } from '../store.ts';
export type { MysqlConnectionOptions, MysqlEndpoint, MysqlPool } from './connection-options.ts';
export { type CreateTableOptions, createTableSql } from './create-table.ts';
export type { Columns, MysqlStoreOptions } from './options.ts';
export { mysqlStore } from './store.ts';
