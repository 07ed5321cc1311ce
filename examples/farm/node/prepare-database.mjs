// Makes the session table and the accounts that use it, once, as an administrator would.
import mysql from 'mysql2/promise';
import { createTableSql } from 'php-session-bridge/mysql';

const { database, table, accounts } = JSON.parse(process.env.FARM ?? '');
const connection = await mysql.createConnection(database);
await connection.query(createTableSql({ table }));
for (const { user, password } of accounts) {
  const watches = user === 'observer';
  await connection.query("CREATE USER ?@'127.0.0.1' IDENTIFIED BY ?", [user, password]);
  const rights = watches ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE';
  await connection.query(`GRANT ${rights} ON ??.?? TO ?@'127.0.0.1'`, [database.database, table, user]);
  if (watches) await connection.query("GRANT PROCESS ON *.* TO ?@'127.0.0.1'", [user]); // Transactions of others.
}
await connection.end();
