import { parseTableName, quoteIdentifier } from './identifiers.ts';
import { type Columns, DEFAULT_COLUMNS, DEFAULT_TABLE } from './options.ts';

export interface CreateTableOptions {
  /** Default `'session'`; `'database.table'` is allowed. */
  table?: string;
  /** Default `{ id: 'id', data: 'data', time: 'usetime' }`. */
  columns?: Partial<Columns>;
  /**
   * Default: no ENGINE clause, so the server's default. `'InnoDB'` gives the table of a single server and of Galera,
   * `'NDBCLUSTER'` that of a MySQL Cluster.
   */
  engine?: string;
  /**
   * For NDB: `true` stores the data as a BLOB, up to 16 MB. It lives in a second table, and then even a plain SELECT of
   * it waits while the row is locked, and fails after TransactionDeadlockDetectionTimeout (1.2 s). Default `false`:
   * `VARBINARY` in the row, up to 29,800 bytes, whose readers wait for no lock.
   */
  blob?: boolean;
}

/**
 * The CREATE TABLE statement of a session table that both sides can share. Nothing in this package runs it: whoever
 * owns the database does.
 *
 * @throws TypeError naming the option that is wrong
 */
export function createTableSql(options: CreateTableOptions = {}): string {
  const { table = DEFAULT_TABLE, engine, blob = false } = options;
  const columns = { ...DEFAULT_COLUMNS, ...options.columns };
  const quoted = {
    id: quoteIdentifier(columns.id, 'columns.id'),
    data: quoteIdentifier(columns.data, 'columns.data'),
    time: quoteIdentifier(columns.time, 'columns.time'),
  };
  if (engine !== undefined && !/^\w+$/.test(engine)) throw new TypeError('engine must be the name of a storage engine');
  if (typeof blob !== 'boolean') throw new TypeError('blob must be true or false');
  return tableDefinition(parseTableName(table).quoted, quoted, { engine, blob });
}

/** The same for names that are quoted. */
export function tableDefinition(
  table: string,
  { id, data, time }: Columns,
  { engine, blob = false }: { engine: string | undefined; blob?: boolean },
): string {
  // VARBINARY: bytes are compared as bytes, so 'ABC', 'abc ' and 'ábc' never find 'abc'. 128 covers the ids of every
  // PHP application that we know of; PHP's own have 32 unless session.sid_length says more.
  // MEDIUMBLOB (16 MB): no character set that changes bytes, and no end at 64 KB that BLOB and TEXT have.
  // 29,800 bytes are what NDB's 30,000 a row leave. A blob of NDB is in parts, each a row of another table: of 13,948
  // bytes if the comment says so, else of 4,000.
  const isNdb = engine?.toUpperCase().startsWith('NDB') ?? false;
  const bytes = isNdb && !blob ? 'VARBINARY(29800)' : 'MEDIUMBLOB';
  const comment = isNdb && blob ? " COMMENT 'NDB_COLUMN=MAX_BLOB_PART_SIZE'" : '';
  // Unix seconds: no time zone and no automatic change. The index is for gc(), which looks for old rows only.
  return [
    `CREATE TABLE ${table} (`,
    `  ${id} VARBINARY(128) NOT NULL PRIMARY KEY,`,
    `  ${data} ${bytes} NOT NULL${comment},`,
    `  ${time} INT UNSIGNED NOT NULL,`,
    `  KEY ${time} (${time})`,
    `)${engine === undefined ? '' : ` ENGINE=${engine}`}`,
  ].join('\n');
}
