import { PhpSessionError } from '../errors.ts';
import type { Deadline } from '../stores/deadline.ts';
import type { Connection } from '../stores/mysql/connection.ts';
import { describeZone, isUtc, type ServerZone } from '../stores/mysql/time-zone.ts';

/** What is asked of the server before its tables. */
export interface Server {
  readonly database: string;
  /** Whether `database` is the one that the connection has chosen. */
  readonly isChosen: boolean;
  /** The zone of connections that set none. */
  readonly zone: {
    readonly isUtc: boolean;
    /** For messages: `'SYSTEM (CEST)'`. */
    readonly name: string;
    /** As the option `timeZone` takes it. */
    readonly option: string;
    /** Seconds by which it is ahead of UTC now; `undefined` for a zone that the server does not know. */
    readonly ahead: number | undefined;
  };
}

/** Milliseconds for one statement: a large table must not keep the server busy. */
const LONGEST_STATEMENT = 5_000;

type Row = [
  ...[database: string | null, version: string, zone: string, system: string],
  ...[ahead: number | string | null, isThere: number | string],
];

/**
 * Makes the connection one that can only read.
 *
 * @param wanted the database that was named
 * @throws PhpSessionError `ERR_SESSION_TABLE` where there is no such database, or none was named
 */
export async function askServer(
  connection: Connection,
  wanted: string | undefined,
  deadline: Deadline,
): Promise<Server> {
  // In UTC, a TIMESTAMP is the moment that it means.
  await connection.query(
    "SET SESSION autocommit = 1, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = 2",
    deadline,
  );
  await connection.query('SET SESSION TRANSACTION READ ONLY', deadline);
  const [row] = await connection.execute<Row[]>(
    `SELECT DATABASE(), VERSION(), @@global.time_zone, @@system_time_zone,
            TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)),
            EXISTS (SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = COALESCE(?, DATABASE()))`,
    [wanted ?? null],
    deadline,
  );
  const [chosen, version, name, system, ahead, isThere] = row!;
  await connection.query(
    version.includes('MariaDB')
      ? `SET SESSION max_statement_time = ${LONGEST_STATEMENT / 1000}`
      : `SET SESSION max_execution_time = ${LONGEST_STATEMENT}`,
    deadline,
  );
  const database = wanted ?? chosen ?? undefined;
  if (database === undefined || Number(isThere) === 0) {
    const what =
      database === undefined
        ? 'no database was named: give "database", or one in "connection" (mysql://…/database)'
        : `there is no database ${database}, or this user may not see it`;
    throw new PhpSessionError('ERR_SESSION_TABLE', what);
  }
  const zone: ServerZone = { name, system };
  return {
    database,
    isChosen: database === chosen,
    zone: {
      isUtc: isUtc(zone),
      name: describeZone(zone),
      option: name,
      ahead: ahead === null ? undefined : Number(ahead),
    },
  };
}
