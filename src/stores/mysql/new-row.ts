import { PhpSessionError } from '../../errors.ts';
import { quoteName } from './identifiers.ts';
import { type Column, demandingColumns, holdsDates, type TableDefinition } from './table-definition.ts';

// A row that this store makes has id, data, time and what the option `row` gives. Some tables demand more of a new row.

/** ER_NO_DEFAULT_FOR_FIELD */
const NO_DEFAULT = 1364;

/** Whether the INSERT of a row failed as another column must be given a value. Whether it is so, a trigger may decide too. */
export function lacksValue(error: unknown): boolean {
  return (error as { errno?: unknown } | undefined)?.errno === NO_DEFAULT;
}

/**
 * What to say where a row cannot be made; `undefined` where no column demands a value.
 *
 * @param table quoted
 */
export function describeDemands(table: string, definition: TableDefinition): string | undefined {
  const columns = demandingColumns(definition);
  if (columns.length === 0) return undefined;
  const names = columns.map(({ name }) => name).join(', ');
  const sql = columns.map((column) => giveDefault(table, column)).join('; ');
  return `no new session can be stored: a new row must have a value in ${names}, and this store fills id, data and time. Fill it by the option row.insert, let PHP make the sessions, or give a default: ${sql};`;
}

/** What to say where the store is not to make a row. */
export const NO_NEW_ROWS =
  'no new session can be stored: row.insert is false, so PHP alone makes the sessions. Send the visitor to a page of PHP first';

/** @param why of `describeDemands()`, or `NO_NEW_ROWS` */
export function cannotMakeRow(why: string, cause?: unknown): PhpSessionError {
  return new PhpSessionError('ERR_SESSION_TABLE', why, { cause });
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

/**
 * The statement that gives a default to a column which is not the session's, so that a row can be made without it.
 *
 * @param table quoted
 */
export function giveDefault(table: string, column: Column): string {
  const name = quoteName(column.name);
  const value = /^(tiny|small|medium|big)?int$|^(decimal|float|double|bit)$/.test(column.type)
    ? '0'
    : /^(var)?(char|binary)$/.test(column.type)
      ? "''"
      : holdsDates(column)
        ? "'2000-01-01 00:00:00'"
        : undefined;
  if (value !== undefined) return `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${value}`;
  const { fullType, charset, collation, comment } = column;
  const text = charset === null ? '' : ` CHARACTER SET ${charset} COLLATE ${collation}`;
  return `ALTER TABLE ${table} MODIFY ${name} ${fullType}${text} NULL${comment === '' ? '' : ` COMMENT ${literal(comment)}`}`;
}
