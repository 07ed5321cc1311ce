export type { OpenOptions, SessionLease, SessionStore } from '../store.ts';
export { type CreateTableOptions, createTableSql } from './create-table.ts';
export type { Columns, MysqlConnectionOptions, MysqlPool, MysqlStoreOptions } from './options.ts';
export { mysqlStore } from './store.ts';
