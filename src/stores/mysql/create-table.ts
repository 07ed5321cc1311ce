import { parseTableName, quoteIdentifier } from './identifiers.ts';
import { type Columns, DEFAULT_COLUMNS, DEFAULT_TABLE } from './options.ts';

export interface CreateTableOptions {
  /** Default `'session'`; `'database.table'` is allowed. */
  table?: string;
  /** Default `{ id: 'id', data: 'data', time: 'usetime' }`. */
  columns?: Partial<Columns>;
  /** Default: no ENGINE clause, so the server's default. `'NDBCLUSTER'` gives the table of a MySQL Cluster. */
  engine?: string;
}

/**
 * The CREATE TABLE statement of a session table that both sides can share. Nothing in this package runs it: whoever
 * owns the database does.
 *
 * @throws TypeError naming the option that is wrong
 */
export function createTableSql(options: CreateTableOptions = {}): string {
  const { table = DEFAULT_TABLE, engine } = options;
  const columns = { ...DEFAULT_COLUMNS, ...options.columns };
  const id = quoteIdentifier(columns.id, 'columns.id');
  const data = quoteIdentifier(columns.data, 'columns.data');
  const time = quoteIdentifier(columns.time, 'columns.time');
  if (engine !== undefined && !/^\w+$/.test(engine)) throw new TypeError('engine must be the name of a storage engine');

  // VARBINARY: bytes are compared as bytes, so 'ABC', 'abc ' and 'ábc' never find 'abc'. 128 covers the ids of every
  // PHP application that we know of; PHP's own have 32 unless session.sid_length says more.
  // MEDIUMBLOB (16 MB): no character set that changes bytes, and no end at 64 KB that BLOB and TEXT have.
  // On NDB a BLOB lives in a second table, and even a plain SELECT of it waits for the lock of whoever holds the row.
  // VARBINARY stays in the row; 29,800 bytes are what NDB's 30,000 a row leave.
  const bytes = engine?.toUpperCase().startsWith('NDB') ? 'VARBINARY(29800)' : 'MEDIUMBLOB';
  // Unix seconds: no time zone and no automatic change. The index is for collect(), which looks for old rows only.
  return [
    `CREATE TABLE ${parseTableName(table).quoted} (`,
    `  ${id} VARBINARY(128) NOT NULL PRIMARY KEY,`,
    `  ${data} ${bytes} NOT NULL,`,
    `  ${time} INT UNSIGNED NOT NULL,`,
    `  KEY ${time} (${time})`,
    `)${engine === undefined ? '' : ` ENGINE=${engine}`}`,
  ].join('\n');
}
