import type { Deadline } from '../stores/deadline.ts';
import type { Connection } from '../stores/mysql/connection.ts';

export interface TableColumn {
  readonly name: string;
  /** `'varchar'` */
  readonly type: string;
  /** Characters or bytes that it holds; null for what is no string. */
  readonly size: number | null;
  /** Null for bytes and numbers. */
  readonly charset: string | null;
}

export interface TableIndex {
  readonly name: string;
  readonly isUnique: boolean;
  /** In the order of the index; whether it has the whole column. */
  readonly columns: readonly { readonly name: string; readonly isWhole: boolean }[];
}

export interface Table {
  readonly name: string;
  /** A view has no indexes that could be seen. */
  readonly isView: boolean;
  readonly columns: readonly TableColumn[];
  readonly indexes: readonly TableIndex[];
}

/** Tables whose columns are asked for in one statement. */
const PAGE = 50;

type ColumnRow = [
  ...[page: number | string, table: string, column: string, type: string],
  ...[size: number | string | null, charset: string | null, position: number | string],
];
type IndexRow = [
  ...[page: number | string, table: string, index: string, nonUnique: number | string],
  ...[column: string | null, part: number | string | null, position: number | string],
];

/**
 * Reads from information_schema the tables that could have sessions: those with a column of one of these names, or with `sess` in their own. Any privilege on a
 * table is enough to see it. However many there are, none is left out.
 *
 * @param columns names of columns for data
 */
export async function* readTables(
  connection: Connection,
  database: string,
  columns: readonly string[],
  deadline: Deadline,
): AsyncGenerator<Table> {
  const candidates = await readNames(connection, database, columns, deadline);
  for (let i = 0; i < candidates.length; i += PAGE) {
    yield* await readPage(connection, database, candidates.slice(i, i + PAGE), deadline);
  }
}

type Candidate = readonly [name: string, type: string];

async function readNames(
  connection: Connection,
  database: string,
  columns: readonly string[],
  deadline: Deadline,
): Promise<Candidate[]> {
  const marks = columns.map(() => '?').join(', ');
  return await connection.execute<Candidate[]>(
    `SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ? AND (LOWER(TABLE_NAME) LIKE '%sess%' OR TABLE_NAME IN (
        SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND LOWER(COLUMN_NAME) IN (${marks})))
      ORDER BY TABLE_NAME`,
    [database, database, ...columns.map((name) => name.toLowerCase())],
    deadline,
  );
}

/** One SELECT for each table: for a name alone the server opens that table only. */
async function readPage(
  connection: Connection,
  database: string,
  page: readonly Candidate[],
  deadline: Deadline,
): Promise<Table[]> {
  const values = page.flatMap(([name]) => [database, name]);
  const ofEach = (sql: string) =>
    page.map((_, i) => `(SELECT ${i}, ${sql} WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?)`).join(' UNION ALL ');
  const rows = await connection.execute<ColumnRow[]>(
    ofEach(`TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME, ORDINAL_POSITION
       FROM information_schema.COLUMNS`),
    values,
    deadline,
  );
  const parts = await connection.execute<IndexRow[]>(
    ofEach(
      `TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, SEQ_IN_INDEX FROM information_schema.STATISTICS`,
    ),
    values,
    deadline,
  );
  const [columnsOf, partsOf] = [ofPage(rows, page), ofPage(parts, page)];
  return page.map(([name, type], i) => ({
    name,
    isView: /view/i.test(type),
    columns: columnsOf[i]!.map(([, , name, type, size, charset]) => ({
      ...{ name, charset, type: type.toLowerCase() },
      size: size === null ? null : Number(size),
    })),
    indexes: indexesOf(partsOf[i]!),
  }));
}

/** The rows of each table, in their order. The server may compare names without a look at their case. */
function ofPage<Row extends readonly [number | string, string, ...unknown[], number | string]>(
  rows: readonly Row[],
  page: readonly Candidate[],
): Row[][] {
  return page.map(([name], i) =>
    rows
      .filter(([at, table]) => Number(at) === i && table === name)
      .sort((a, b) => Number(a.at(-1)) - Number(b.at(-1))),
  );
}

function indexesOf(rows: readonly IndexRow[]): TableIndex[] {
  const names = [...new Set(rows.map(([, , index]) => index))];
  return names.map((name) => {
    const parts = rows.filter(([, , index]) => index === name);
    return {
      name,
      isUnique: Number(parts[0]![3]) === 0,
      // A part that is an expression has no name.
      columns: parts.map(([, , , , column, part]) => ({ name: column ?? '', isWhole: part === null })),
    };
  });
}

/** By its name, in capitals or not. */
export function columnOf({ columns }: Table, name: string): TableColumn | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}
