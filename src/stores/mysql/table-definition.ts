import type { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import type { Settings } from './options.ts';
import { isUtc, type ServerZone } from './time-zone.ts';

/** A column as information_schema has it. */
export interface Column {
  readonly name: string;
  /** `'varchar'` */
  readonly type: string;
  /** `'varchar(32)'`, `'int(10) unsigned'` */
  readonly fullType: string;
  /** Characters that it holds, or null for what is no string. */
  readonly characters: number | null;
  /** Bytes that it holds, or null for what is no string. */
  readonly bytes: number | null;
  /** Null for bytes. */
  readonly charset: string | null;
  readonly collation: string | null;
  readonly nullable: boolean;
  /** Whether an INSERT has to name it, and the option `row` does not. */
  readonly mustBeGiven: boolean;
  /** Whether a unique key takes any number of rows that do not name it: it counts by itself, or is NULL. */
  readonly isNeverTwice: boolean;
  readonly comment: string;
}

export interface Index {
  readonly name: string;
  readonly unique: boolean;
  /** In the order of the index; `part`: the index has that many characters only. */
  readonly columns: readonly { readonly name: string; readonly part: number | null }[];
}

/** The definition of the session table, from the server. Empty where there is no such table, or this account may not see it. */
export interface TableDefinition {
  readonly columns: readonly Column[];
  /** Those that the option `columns` names. */
  readonly id: Column | undefined;
  readonly data: Column | undefined;
  readonly time: Column | undefined;
  readonly indexes: readonly Index[];
  readonly engine: string | undefined;
  readonly isView: boolean;
  /** The database of the table; `undefined` where neither the connection nor the option `table` names one. */
  readonly database: string | undefined;
  /** Whether the engine has transactions, and so row locks. */
  readonly hasTransactions: boolean;
  /** `max_allowed_packet`: bytes that the server takes in one statement. */
  readonly maxPacket: number;
  /** Of the server's connections. */
  readonly zone: ServerZone;
  /** Whether it is known in which zone a DATETIME is. */
  readonly knowsZone: boolean;
}

type ColumnRow = [
  ...[name: string, type: string, fullType: string, characters: number | null, bytes: number | null],
  ...[charset: string | null, collation: string | null, nullable: 'YES' | 'NO', mustBeGiven: number],
  ...[isNeverTwice: number, comment: string],
];
type IndexRow = [index: string, nonUnique: number | string, column: string | null, part: number | null];
type DatabaseRow = [database: string | null];
type TableRow = [
  ...[engine: string | null, kind: string, transactions: string | null, maxPacket: number | string],
  ...[zone: string, systemZone: string],
];

/** Reads it from information_schema, for which any privilege on the table is enough. */
export async function readTableDefinition(
  settings: Settings,
  connection: Connection,
  deadline: Deadline,
): Promise<TableDefinition> {
  const { database, name } = settings.table;
  const at = [database ?? null, name];
  const where = 'TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?';
  const rows = await connection.execute<ColumnRow[]>(
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_OCTET_LENGTH, CHARACTER_SET_NAME,
            COLLATION_NAME, IS_NULLABLE,
            COLUMN_DEFAULT IS NULL AND IS_NULLABLE = 'NO' AND EXTRA NOT REGEXP 'auto_increment|GENERATED',
            EXTRA LIKE '%auto_increment%' OR
              IS_NULLABLE = 'YES' AND COALESCE(COLUMN_DEFAULT, 'NULL') = 'NULL' AND EXTRA NOT LIKE '%GENERATED%',
            COLUMN_COMMENT
       FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
    at,
    deadline,
  );
  const parts = await connection.execute<IndexRow[]>(
    `SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART
       FROM information_schema.STATISTICS WHERE ${where} ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    at,
    deadline,
  );
  const [table] = await connection.execute<TableRow[]>(
    `SELECT t.ENGINE, t.TABLE_TYPE, e.TRANSACTIONS, @@max_allowed_packet, @@global.time_zone, @@system_time_zone
       FROM information_schema.TABLES AS t LEFT JOIN information_schema.ENGINES AS e ON e.ENGINE = t.ENGINE
      WHERE ${where}`,
    at,
    deadline,
  );
  const isFilled = (name: string) => settings.row.insert.some((fill) => isName(fill.name, name));
  const columns = rows.map((row) => toColumn(row, isFilled(row[0])));
  const [chosen] = columns.length > 0 ? [] : await connection.query<DatabaseRow[]>('SELECT DATABASE()', deadline);
  const zone = { name: String(table?.[4]), system: String(table?.[5]) };
  const column = (wanted: string) => columnOf({ columns }, wanted);
  return {
    columns,
    id: column(settings.columns.id),
    data: column(settings.columns.data),
    time: column(settings.columns.time),
    indexes: toIndexes(parts),
    engine: table?.[0] ?? undefined,
    isView: table?.[1] === 'VIEW',
    database: database ?? settings.connections[0]!.database ?? chosen?.[0] ?? undefined,
    hasTransactions: table?.[2] !== 'NO',
    maxPacket: Number(table?.[3]),
    zone,
    knowsZone: settings.timeZone !== undefined || isUtc(zone),
  };
}

export function columnOf({ columns }: Pick<TableDefinition, 'columns'>, name: string): Column | undefined {
  return columns.find((column) => isName(column.name, name));
}

const isName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** @param isFilled whether the option `row` gives it a value */
function toColumn(row: ColumnRow, isFilled: boolean): Column {
  const [name, type, fullType, characters, bytes, charset, collation, nullable, ...rest] = row;
  const [mustBeGiven, isNeverTwice, comment] = rest;
  return {
    ...{ name, type: type.toLowerCase(), fullType, charset, collation, comment },
    // Numbers of 64 bits, which some servers send as text.
    characters: characters === null ? null : Number(characters),
    bytes: bytes === null ? null : Number(bytes),
    nullable: nullable === 'YES',
    mustBeGiven: Number(mustBeGiven) === 1 && !isFilled,
    isNeverTwice: Number(isNeverTwice) === 1 && !isFilled,
  };
}

function toIndexes(rows: IndexRow[]): Index[] {
  const names = [...new Set(rows.map(([index]) => index))];
  return names.map((name) => {
    const parts = rows.filter(([index]) => index === name);
    return {
      name,
      unique: Number(parts[0]![1]) === 0,
      // A part that is an expression has no name.
      columns: parts.map(([, , column, part]) => ({ name: column ?? '', part: part === null ? null : Number(part) })),
    };
  });
}

const ID = /^(var)?(char|binary)$/;
const BYTES = /^(tiny|medium|long)?blob$|^varbinary$/;
// CHAR and BINARY are not among the types for data: they drop trailing spaces, or add zero bytes.
const TEXT = /^(tiny|medium|long)?text$|^varchar$/;
// MEDIUMINT ends at 16,777,215, which was in July 1970.
const INTEGER = /^(big)?int$/;
const DATE = /^(timestamp|datetime)$/;

export const holdsText = ({ type }: Column): boolean => TEXT.test(type);
export const holdsDates = ({ type }: Column): boolean => DATE.test(type);
/** MediaWiki's times: `20261129141500`. */
export const holdsDigits = ({ type, characters }: Column): boolean => type === 'binary' && characters === 14;

/** The name of a unique key over the whole id and nothing else. */
export function idKey({ id, indexes }: TableDefinition): string | undefined {
  return indexes.find(({ unique, columns: [first, second] }) => {
    return unique && first!.name === id!.name && first!.part === null && second === undefined;
  })?.name;
}

/** The columns beside id, data and time that must be given a value in an INSERT. */
export function demandingColumns({ columns, id, data, time }: TableDefinition): Column[] {
  return columns.filter((column) => column.mustBeGiven && ![id, data, time].includes(column));
}

/** Whether a second row can be made of id, data and time alone: no other column demands a value, or must differ. */
export function takesBareRows(definition: TableDefinition): boolean {
  const { columns, indexes, id, data, time } = definition;
  const isOurs = (column: Column) => [id, data, time].includes(column);
  const isFree = (column: Column) => column === id || (column.isNeverTwice && !isOurs(column));
  const differs = (name: string) => columns.some((column) => column.name === name && isFree(column));
  return (
    demandingColumns(definition).length === 0 &&
    indexes.every((index) => !index.unique || index.columns.some(({ name }) => differs(name)))
  );
}

/** What a table must have so that the store can work with it at all. */
export type Requirement =
  | 'table-missing'
  | 'column-missing'
  | 'id-type'
  | 'data-type'
  | 'time-type'
  | 'time-zone'
  | 'id-key'
  | 'engine-without-transactions';

function missingColumns(definition: TableDefinition, { columns, row }: Settings): string[] {
  const named = [
    ...(['id', 'data', 'time'] as const).map((one) => ({ name: columns[one], option: `columns.${one}` })),
    ...row.insert.map(({ name }) => ({ name, option: 'row.insert' })),
    ...row.update.map(({ name }) => ({ name, option: 'row.update' })),
    ...row.read.map(({ name }) => ({ name, option: 'row.read' })),
  ];
  const missing = named.filter(({ name }) => columnOf(definition, name) === undefined);
  return missing.map(({ name, option }) => `"${name}" (${option})`);
}

interface Rule {
  isMet(definition: TableDefinition, settings: Settings): boolean;
  /** What to say; names of tables and columns are no secrets. */
  readonly otherwise: string | ((definition: TableDefinition, settings: Settings) => string);
}

/** In the order in which they make sense. */
const REQUIREMENTS: Readonly<Record<Requirement, Rule>> = {
  'table-missing': {
    isMet: (definition: TableDefinition) => definition.columns.length > 0,
    otherwise: ({ database }, { table: { name } }) =>
      database === undefined
        ? `no database was named; see database of the option "connection" (mysql://…/database), or give "table" as "database.${name}"`
        : `there is no table ${name} in the database ${database}, or this user may not see it; see the option "table"`,
  },
  'column-missing': {
    isMet: (definition: TableDefinition, settings) => missingColumns(definition, settings).length === 0,
    otherwise: (definition, settings) => {
      const found = definition.columns.map(({ name }) => name).join(', ');
      return `a column that the options name is missing: ${missingColumns(definition, settings).join(', ')}; the table has ${found}`;
    },
  },
  'id-type': {
    isMet: ({ id }: TableDefinition) => ID.test(id!.type),
    otherwise: 'the id column must be VARBINARY, VARCHAR, CHAR or BINARY',
  },
  'data-type': {
    isMet: ({ data }: TableDefinition) => BYTES.test(data!.type) || TEXT.test(data!.type),
    otherwise: 'the data column must be of a BLOB or TEXT type',
  },
  'time-type': {
    isMet: ({ time }: TableDefinition) => INTEGER.test(time!.type) || DATE.test(time!.type) || holdsDigits(time!),
    otherwise: 'the time column must be INT, TIMESTAMP or DATETIME, or BINARY(14) as in MediaWiki',
  },
  'time-zone': {
    // With the wrong one, what one side has just written is hours old to the other, which deletes it.
    isMet: ({ time, knowsZone }: TableDefinition) => time!.type !== 'datetime' || knowsZone,
    otherwise:
      'the time column is DATETIME, the server is not in UTC, and the option "timeZone" does not say in which time zone PHP writes (docs/expiry.md says how to find out)',
  },
  'id-key': {
    // Without a unique key over the id alone (and the whole of it), two first requests would make two rows.
    isMet: (definition: TableDefinition) => idKey(definition) !== undefined,
    otherwise: 'the id column must be the primary key, or have a unique key of its own',
  },
  'engine-without-transactions': {
    isMet: (definition: TableDefinition) => definition.hasTransactions,
    otherwise: 'its storage engine has no transactions, and so no row locks',
  },
};

/**
 * Whether a table meets one of them.
 *
 * @returns what is wrong; `undefined` if it does
 */
export function unmet(code: Requirement, definition: TableDefinition, settings: Settings): string | undefined {
  const { isMet, otherwise } = REQUIREMENTS[code];
  if (isMet(definition, settings)) return undefined;
  return typeof otherwise === 'string' ? otherwise : otherwise(definition, settings);
}

/** The first of them that a table does not meet: those that follow may make no sense then. */
export function firstUnmet(definition: TableDefinition, settings: Settings): string | undefined {
  for (const code of Object.keys(REQUIREMENTS) as Requirement[]) {
    const what = unmet(code, definition, settings);
    if (what !== undefined) return what;
  }
  return undefined;
}
