import type { Deadline } from '../stores/deadline.ts';
import type { Connection } from '../stores/mysql/connection.ts';
import { quoteName } from '../stores/mysql/identifiers.ts';
import { columnOf, type Table, type TableColumn } from './tables.ts';

/** A row, as far as it is looked at. */
export interface SampledRow {
  /** What is in the id column. */
  readonly key: string;
  /** Its first bytes. */
  readonly data: Uint8Array;
  /** Whether these are all. */
  readonly isWhole: boolean;
  /** Seconds from now to its time, which is negative in the past. A DATETIME is read as UTC. Null for none. */
  readonly ahead: number | null;
  /** Of the columns that were asked for. */
  readonly others: readonly (string | null)[];
}

/** The columns that are read. */
export interface SampledColumns {
  readonly id: TableColumn;
  readonly data: TableColumn;
  readonly time: TableColumn;
  readonly others: readonly TableColumn[];
}

/** Rows of each kind: the newest, and any. */
const ROWS = 10;
/** Characters of a row. */
const LONGEST = 16_384;

/**
 * Reads a few rows: those of the newest times where an index finds them, and the first ones of the table. Neither needs a scan, however large the table is.
 *
 * @param prefix rows whose id begins so, where the table has other rows too
 */
export async function sampleRows(
  connection: Connection,
  database: string,
  table: Table,
  columns: SampledColumns,
  prefix: string | undefined,
  deadline: Deadline,
): Promise<SampledRow[]> {
  const { id, data, time, others } = columns;
  const [key, content, moment] = [id, data, time].map(({ name }) => quoteName(name)) as [string, string, string];
  const isDate = /^(timestamp|datetime)$/.test(time.type);
  const start = `LEFT(${data.charset === null ? content : `CONVERT(${content} USING utf8mb4)`}, ${LONGEST})`;
  const selected = [
    `CAST(${key} AS CHAR CHARACTER SET utf8mb4)`,
    `CAST(${start} AS BINARY)`,
    `CHAR_LENGTH(${content}) <= ${LONGEST}`,
    isDate
      ? `TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), ${moment})`
      : `CAST(${moment} AS SIGNED) - CAST(UNIX_TIMESTAMP() AS SIGNED)`,
    ...others.map(({ name }) => `LEFT(CAST(${quoteName(name)} AS CHAR CHARACTER SET utf8mb4), 256)`),
  ].join(', ');
  const from = `FROM ${quoteName(database)}.${quoteName(table.name)}`;
  const where = prefix === undefined ? '' : `WHERE ${key} >= ${hex(prefix)} AND ${key} < ${hex(`${prefix}\x7f`)}`;
  const byTime = table.indexes.find(({ columns: [first] }) => first!.name === time.name);
  const read = async (sql: string) => (await connection.query<Row[]>(sql, deadline)).map(toRow);
  const newest =
    byTime === undefined || prefix !== undefined
      ? []
      : await read(
          `SELECT ${selected} ${from} FORCE INDEX (${quoteName(byTime.name)}) ORDER BY ${moment} DESC LIMIT ${ROWS}`,
        );
  const any = await read(`SELECT ${selected} ${from} ${where} LIMIT ${ROWS}`);
  const rows = new Map([...newest, ...any].map((row) => [[row.key, ...row.others].join('\n'), row]));
  // Keys of our own (src/stores/mysql/tombstone.ts) are no sessions.
  return [...rows.values()].filter((row) => !row.key.startsWith('<'));
}

type Row = [
  ...[key: string | null, data: Uint8Array | null, isWhole: number | string | null, ahead: number | string | null],
  ...(string | null)[],
];

function toRow([key, data, isWhole, ahead, ...others]: Row): SampledRow {
  return {
    key: key ?? '',
    data: data ?? new Uint8Array(),
    isWhole: isWhole === null || Number(isWhole) === 1,
    ahead: ahead === null ? null : Number(ahead),
    others: others as (string | null)[],
  };
}

const hex = (text: string) => `x'${Buffer.from(text).toString('hex')}'`;

/** The columns of these names. */
export function sampledColumns(
  table: Table,
  { id, data, time, others }: { id: string; data: string; time: string; others: readonly string[] },
): SampledColumns {
  return {
    id: columnOf(table, id)!,
    data: columnOf(table, data)!,
    time: columnOf(table, time)!,
    others: others.map((name) => columnOf(table, name)!),
  };
}
