import { checkedLater, type OptionRules, optional, readByRules, seconds } from '../option-rules.ts';
import type { PhpOptions } from '../php-ini/options.ts';
import { Deadline } from '../stores/deadline.ts';
import { Connection } from '../stores/mysql/connection.ts';
import { assertDriver } from '../stores/mysql/driver.ts';
import { isAnswer, toSessionError } from '../stores/mysql/errors.ts';
import { isIdentifier, quoteIdentifier } from '../stores/mysql/identifiers.ts';
import { type MysqlStoreOptions, readOptions } from '../stores/mysql/options.ts';
import { hasColumns } from './match.ts';
import { readPhpIni } from './php-ini-part.ts';
import type { Recognition } from './recognition.ts';
import { type SampledRow, sampledColumns, sampleRows } from './sample.ts';
import { askServer } from './server.ts';
import type { Signature } from './signature.ts';
import { signatures } from './signatures/index.ts';
import { plainSignature } from './signatures/plain.ts';
import { answerFor, type Known } from './table-answer.ts';
import { readTables, type Table } from './tables.ts';

export interface RecognizeOptions {
  /** The database, as for `mysqlStore()`. Of several servers the first one is asked. */
  connection: MysqlStoreOptions['connection'];
  /** Whose tables are looked at. Default: the database of `connection`. */
  database?: string;
  /** What `optionsFromPhpIni()` of `php-session-bridge/php-ini` gave. Default none: what php.ini says is among the `unknown`. */
  php?: PhpOptions;
  /** Seconds for all of it. Default 30. */
  timeout?: number;
}

const rules: OptionRules<RecognizeOptions> = {
  connection: checkedLater,
  database: optional((name) => typeof name === 'string' && name !== '', 'the name of a database'),
  php: optional(
    (php) => typeof php === 'object' && php !== null && 'session' in php && 'store' in php,
    'what optionsFromPhpIni() gives',
  ),
  timeout: { default: 30, ...seconds(1, 3600) },
};

/**
 * Looks at the tables of a database, and at a few rows of those that could have PHP's sessions, and says which application each of them is of, with the
 * options for it. It reads alone, in a transaction that is READ ONLY, and needs no more than SELECT. A table that is like no known one is left out.
 *
 * @param options or a URI alone
 * @throws TypeError naming the option that is wrong
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when there is no database to ask, or mysql2 is too old; `ERR_SESSION_TABLE` for a database that is not there
 */
export async function recognize(options: RecognizeOptions | string): Promise<Recognition[]> {
  assertDriver();
  const given = typeof options === 'string' ? { connection: options } : options;
  const { connection: where, database, php, timeout } = readByRules(rules, given, 'recognize()') as RecognizeOptions;
  const settings = readOptions({ connection: where, lockTimeout: timeout! });
  if (database !== undefined) quoteIdentifier(database, 'database');
  const connection = new Connection(settings.connections[0]!, settings, { autocommit: true });
  try {
    const deadline = new Deadline(settings.timeout);
    const server = await askServer(connection, database, deadline);
    const names = [...new Set(signatures.map(({ data }) => data))];
    const found: Recognition[] = [];
    for await (const table of readTables(connection, server.database, names, deadline)) {
      const recognition = await judge(table, connection, { server, php: readPhpIni(php) }, deadline);
      if (recognition !== undefined) found.push(recognition);
    }
    await connection.end();
    return found;
  } catch (error) {
    connection.destroy(); // what it waits for may take longer than `timeout`
    throw toSessionError(error);
  }
}

/** @returns `undefined` for a table of something else */
async function judge(
  table: Table,
  connection: Connection,
  known: Known,
  deadline: Deadline,
): Promise<Recognition | undefined> {
  if (!isIdentifier(table.name)) return undefined;
  for (const signature of [...signatures, ...plainSignature(table)]) {
    if (!hasColumns(table, signature)) continue;
    const rows = await look(table, signature, connection, known, deadline);
    const answer = answerFor(table, signature, rows, known);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** @returns the number of the error, where the server refuses */
async function look(
  table: Table,
  signature: Signature,
  connection: Connection,
  { server: { database } }: Known,
  deadline: Deadline,
): Promise<SampledRow[] | number> {
  const { id, data, time, also = [], keyPrefix } = signature;
  const columns = sampledColumns(table, { id, data, time, others: also });
  try {
    return await sampleRows(connection, database, table, columns, keyPrefix?.(database, table.name), deadline);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return (error as { errno: number }).errno;
  }
}
