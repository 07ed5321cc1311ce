import { parseTableName } from './identifiers.ts';

export interface GrantOptions {
  user: string;
  /** From where the account connects, as in `CREATE USER`: a host, an address, `'10.0.%'`. Default `'%'`. */
  host?: string;
  /** Default `'session'`, in the database in which the statement is run; `'database.table'` is allowed. */
  table?: string;
}

/**
 * The GRANT statement with all that an account needs for the store, `checkTable()` and PHP's handler: to read, insert,
 * change and delete rows of the one table. The account must exist (`CREATE USER`).
 *
 * @throws TypeError naming the option that is wrong
 */
export function grantSql(options: GrantOptions): string {
  const { user, host = '%', table = 'session' } = options;
  return `GRANT SELECT, INSERT, UPDATE, DELETE ON ${parseTableName(table).quoted} TO ${text(user, 'user')}@${text(host, 'host')}`;
}

function text(value: unknown, option: string): string {
  // Quotes and backslashes mean something else in each sql_mode.
  if (typeof value !== 'string' || !/^[^'"`\\\p{Cc}]{1,255}$/u.test(value)) {
    throw new TypeError(`${option} must be a name without quotes and backslashes`);
  }
  return `'${value}'`;
}
