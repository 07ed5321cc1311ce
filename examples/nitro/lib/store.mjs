import { mysqlStore } from 'php-session-bridge/mysql';

export const store = mysqlStore({ connection: process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app' });
