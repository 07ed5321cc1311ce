// Makes the session table, once, as an administrator would.
import mysql from 'mysql2/promise';
import { createTableSql } from 'php-session-bridge/mysql';

const { database, table } = JSON.parse(process.env.FARM ?? '');
const connection = await mysql.createConnection(database);
await connection.query(createTableSql({ table }));
await connection.end();
