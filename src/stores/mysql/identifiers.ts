/** Whether it is a name for a table or a column that an option takes. */
export const isIdentifier = (name: string): boolean => /^[\w$\u0080-\uffff-]{1,64}$/.test(name);

/**
 * Quotes an identifier for SQL. Backticks are quotes in every sql_mode; MySQL's manual, "TableDefinition Object Names", has
 * the 64 characters. Characters that no session table needs are refused rather than escaped.
 *
 * @param option what the TypeError names
 */
export function quoteIdentifier(name: unknown, option: string): string {
  if (typeof name !== 'string' || !isIdentifier(name)) {
    throw new TypeError(`${option} must be an SQL identifier of letters, digits, "_", "$" and "-"`);
  }
  return `\`${name}\``;
}

export interface TableName {
  /** Quoted, for SQL: `` `session` `` or `` `db`.`session` ``. */
  quoted: string;
  /** `undefined` where none is named. */
  database: string | undefined;
  name: string;
}

/** Reads the option `table`, or another one like it: `'session'` or `'db.session'`. */
export function parseTableName(table: unknown, option: string = 'table'): TableName {
  const parts = typeof table === 'string' ? table.split('.') : [];
  if (parts.length < 1 || parts.length > 2) throw new TypeError(`${option} must be "table" or "database.table"`);
  return {
    quoted: parts.map((part) => quoteIdentifier(part, option)).join('.'),
    database: parts.length === 2 ? parts[0] : undefined,
    name: parts.at(-1)!,
  };
}

/** Quotes a name that comes from the server itself. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
