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
  readonly columns: readonly TableColumn[];
  readonly indexes: readonly TableIndex[];
}

/** More candidates than any database has. A host of many sites in one schema is asked for one prefix after the other. */
const MOST_COLUMNS = 20_000;

type ColumnRow = [
  ...[table: string, column: string, type: string],
  ...[size: number | string | null, charset: string | null],
];
type IndexRow = [table: string, index: string, nonUnique: number | string, column: string | null, part: number | null];

/**
 * Reads from information_schema the tables that could have sessions: those with a column of one of these names, or with `sess` in their own. Any privilege on a
 * table is enough to see it.
 *
 * @param columns names of columns for data
 */
export async function readTables(
  connection: Connection,
  database: string,
  columns: readonly string[],
  deadline: Deadline,
): Promise<Table[]> {
  const names = columns.map(() => '?').join(', ');
  const candidates = `TABLE_SCHEMA = ? AND TABLE_NAME IN (SELECT TABLE_NAME FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ? AND (LOWER(COLUMN_NAME) IN (${names}) OR LOWER(TABLE_NAME) LIKE '%sess%'))`;
  const values = [database, database, ...columns.map((name) => name.toLowerCase())];
  const rows = await connection.execute<ColumnRow[]>(
    `SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME
       FROM information_schema.COLUMNS WHERE ${candidates} ORDER BY TABLE_NAME, ORDINAL_POSITION LIMIT ${MOST_COLUMNS}`,
    values,
    deadline,
  );
  const parts = await connection.execute<IndexRow[]>(
    `SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART
       FROM information_schema.STATISTICS WHERE ${candidates} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX LIMIT ${MOST_COLUMNS}`,
    values,
    deadline,
  );
  const [columnsOf, partsOf] = [byTable(rows), byTable(parts)];
  return [...columnsOf].map(([name, rows]) => ({
    name,
    columns: rows.map(([, name, type, size, charset]) => ({
      ...{ name, charset, type: type.toLowerCase() },
      size: size === null ? null : Number(size),
    })),
    indexes: indexesOf(partsOf.get(name) ?? []),
  }));
}

function indexesOf(rows: readonly IndexRow[]): TableIndex[] {
  const names = [...new Set(rows.map(([, index]) => index))];
  return names.map((name) => {
    const parts = rows.filter(([, index]) => index === name);
    return {
      name,
      isUnique: Number(parts[0]![2]) === 0,
      // A part that is an expression has no name.
      columns: parts.map(([, , , column, part]) => ({ name: column ?? '', isWhole: part === null })),
    };
  });
}

function byTable<Row extends readonly [string, ...unknown[]]>(rows: readonly Row[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const list = found.get(row[0]);
    if (list === undefined) found.set(row[0], [row]);
    else list.push(row);
  }
  return found;
}

/** By its name, in capitals or not. */
export function columnOf({ columns }: Table, name: string): TableColumn | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}
