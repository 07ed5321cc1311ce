import { Deadline } from '../deadline.ts';
import { bufferOf } from '../encoding.ts';
import type { ColumnValue, RowColumns } from '../store.ts';
import type { Connection } from './connection.ts';
import type { Settings } from './options.ts';
import { bytesSql } from './table.ts';
import type { TableDefinition } from './table-definition.ts';
import { timeSql } from './time.ts';
import { zoneAssignments, zoneOf } from './time-zone.ts';

/** A row as it is stored, read without its lock. */
export interface ScannedRow {
  /** What is in the id column. */
  readonly key: string;
  /** Bytes, packed as they are stored. Empty where they were not asked for. */
  readonly data: Uint8Array;
  /** Bytes of the data. */
  readonly size: number;
  /** Seconds since the session was last used; null where its row has no time. */
  readonly age: number | null;
  /** Those of the option `row.read`. */
  readonly columns: RowColumns;
}

export interface ScanOptions {
  /** Goes on behind this key. Default: from the beginning. */
  readonly after?: string | undefined;
  /** The row with this key alone. */
  readonly only?: string | undefined;
  /** Default true. */
  readonly withData?: boolean;
  /** Rows in one batch at most. Default 2,000. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

/** Milliseconds for one statement. */
const PATIENCE = 60_000;
const MOST_ROWS = 2_000;
/** Bytes of data that one answer shall have at most; a row that is larger comes alone. Larger answers are no faster, and take more memory. */
const MOST_BYTES = 2 ** 19;

/** For a connection that only reads. It may be one to a replica. */
export async function makeReadOnly(connection: Connection, settings: Settings): Promise<void> {
  const deadline = new Deadline(settings.timeout);
  const variables = [...zoneAssignments(settings), "sql_mode = 'STRICT_ALL_TABLES'", 'autocommit = 1'];
  await connection.query(`SET SESSION ${variables.join(', ')}`, deadline);
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY', deadline);
}

/**
 * Reads all rows in the order of their keys, a batch at a time: each is a statement of its own, so no long transaction keeps the server from cleaning up.
 * Rows that come while it runs may be missed; none is given twice.
 *
 * @param connection see `makeReadOnly()`
 * @throws the driver's error, `DeadlineExpired`, or the signal's reason
 */
export async function* scanRows(
  settings: Settings,
  definition: TableDefinition,
  connection: Connection,
  { after, only, withData = true, most = MOST_ROWS, signal }: ScanOptions = {},
): AsyncGenerator<ScannedRow[], void, undefined> {
  const { table, quoted, row } = settings;
  const { data: dataColumn, time, id } = definition;
  const isBinary = id!.charset === null;
  const key = isBinary ? quoted.id : `CONVERT(${quoted.id} USING utf8mb4)`;
  const { age } = timeSql(
    quoted.time,
    time!,
    settings.timeMeaning === 'expiresAt' ? settings.gcMaxlifetime : 0,
    zoneOf(settings),
  );
  const bytes = withData ? bytesSql(settings, dataColumn!.charset) : "''";
  const others = row.read.map(({ quoted: name }) => `, ${name}`).join('');
  const select = `SELECT ${key}, ${bytes}, COALESCE(LENGTH(${quoted.data}), 0), ${age}${others} FROM ${table.quoted}`;
  const asKey = (text: string | undefined) => (text !== undefined && isBinary ? Buffer.from(text, 'latin1') : text);
  let last: string | Buffer | undefined = asKey(only ?? after);
  let limit = Math.min(most, only === undefined && !withData ? MOST_ROWS : 10);
  for (;;) {
    const where = last === undefined ? '' : `WHERE ${quoted.id} ${only === undefined ? '>' : '='} ?`;
    const sql = `${select} ${where} ORDER BY ${quoted.id} LIMIT ${limit}`;
    const deadline = new Deadline(PATIENCE, signal);
    const rows = await connection.execute<Row[]>(sql, last === undefined ? [] : [last], deadline);
    const full = rows.length === limit;
    if (rows.length > 0) yield rows.filter(([one]) => !isOurs(one)).map((found) => toRow(found, row.read));
    if (!full || only !== undefined) return;
    last = rows.at(-1)![0];
    if (withData) limit = Math.min(most, nextLimit(rows));
  }
}

type Row = [
  ...[key: string | Buffer, data: Buffer | string | null, size: number | string, age: number | string | null],
  ...others: ColumnValue[],
];

function nextLimit(rows: readonly Row[]): number {
  const average = rows.reduce((sum, [, , size]) => sum + Number(size), 0) / rows.length;
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (average + 1))));
}

/** Rows of this package that are no sessions: see tombstone.ts and gc-leader.ts. */
const isOurs = (key: string | Buffer): boolean => key[0] === '<' || key[0] === 0x3c;

function toRow([key, data, size, age, ...others]: Row, read: Settings['row']['read']): ScannedRow {
  return {
    key: typeof key === 'string' ? key : key.toString('latin1'),
    data: typeof data === 'object' && data !== null ? data : bufferOf(new Uint8Array()),
    size: Number(size),
    age: age === null ? null : Number(age),
    columns: Object.fromEntries(read.map(({ name }, i) => [name, others[i]!])),
  };
}
