/**
 * What tools/ use of the sources. It is not published.
 */
export { sessionRules, settings } from './session/options.ts';
export { RequestSession } from './session/request-session.ts';
export { Deadline } from './stores/deadline.ts';
export { KeyedMutex } from './stores/keyed-mutex.ts';
export { codeIgniterLock, createTableSql, mysqlStore } from './stores/mysql/index.ts';
export { mysqlRules } from './stores/mysql/options.ts';
export { MysqlStore } from './stores/mysql/store.ts';
