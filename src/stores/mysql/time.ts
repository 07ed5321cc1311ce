import { type Column, holdsDates, holdsDigits } from './table-definition.ts';
import { latestWall, UTC, wall, wallAt } from './time-zone.ts';

/** SQL about the time column. */
export interface TimeSql {
  /** What is written when a session is used. */
  readonly now: string;
  /** Seconds since a row was used, or NULL if it does not tell; negative for a time in the future. */
  readonly age: string;
  /** A SELECT (seconds) of one value, for `isOlder`: the time of a row that was used so long ago. */
  readonly limit: string;
  /** (limit) Whether the time lies further back. Not true without a time. */
  readonly isOlder: string;
  /** A second after the time that is there. */
  readonly later: string;
}

/**
 * All by the database's clock, so that servers whose clocks differ agree. The connection is in UTC, where no hour is missing
 * or comes twice. TIMESTAMP is the same moment for everybody; DATETIME is a wall clock, so its zone must be that of PHP's side.
 *
 * The time is set explicitly, as ON UPDATE CURRENT_TIMESTAMP does nothing when the data are the same.
 *
 * @param name quoted
 * @param lifetime seconds from the use of a session to what is written; 0 if that is the time of the use itself
 * @param zone of a DATETIME
 */
export function timeSql(name: string, column: Column, lifetime: number, zone: string): TimeSql {
  if (holdsDigits(column)) return digitsSql(name, lifetime);
  if (!holdsDates(column)) return integerSql(name, column, lifetime);
  return column.type === 'datetime' && zone !== UTC
    ? wallSql(name, lifetime, zone)
    : dateSql(name, lifetime, column.type === 'timestamp');
}

/** Casts: a difference of which one side is unsigned is unsigned, and below 0 an error. */
function integerSql(name: string, { type, fullType }: Column, lifetime: number): TimeSql {
  const clock = 'CAST(UNIX_TIMESTAMP() AS SIGNED)';
  const now = lifetime === 0 ? clock : `${clock} + CAST(${lifetime} AS SIGNED)`;
  const end = fullType.includes('unsigned') ? '4294967295' : '2147483647';
  return {
    now: lifetime > 0 && type === 'int' ? notAfter(end, now) : now,
    age: `${now} - CAST(${name} AS SIGNED)`,
    limit: `SELECT ${clock} - CAST(? AS SIGNED)`,
    isOlder: `${name} < CAST(? AS SIGNED)`,
    later: `${name} + 1`,
  };
}

function dateSql(name: string, lifetime: number, isTimestamp: boolean): TimeSql {
  const now = lifetime === 0 ? 'CURRENT_TIMESTAMP' : `CURRENT_TIMESTAMP + INTERVAL ${lifetime} SECOND`;
  return {
    now: lifetime > 0 && isTimestamp ? notAfter("TIMESTAMP'2038-01-19 03:14:07'", now) : now,
    age: `TIMESTAMPDIFF(SECOND, ${name}, ${now})`,
    limit: 'SELECT CAST(CURRENT_TIMESTAMP - INTERVAL ? SECOND AS CHAR)',
    isOlder: `${name} < ?`,
    later: `${name} + INTERVAL 1 SECOND`,
  };
}

/** As MediaWiki writes a time: 14 digits, in UTC. They compare as text. */
function digitsSql(name: string, lifetime: number): TimeSql {
  const digits = (moment: string) => `DATE_FORMAT(${moment}, '%Y%m%d%H%i%S')`;
  const there = `STR_TO_DATE(CONVERT(${name} USING utf8mb4), '%Y%m%d%H%i%S')`;
  const now = lifetime === 0 ? 'CURRENT_TIMESTAMP' : `CURRENT_TIMESTAMP + INTERVAL ${lifetime} SECOND`;
  return {
    now: digits(now),
    age: `TIMESTAMPDIFF(SECOND, ${there}, ${now})`,
    limit: `SELECT ${digits('CURRENT_TIMESTAMP - INTERVAL ? SECOND')}`,
    isOlder: `${name} < CAST(? AS BINARY)`,
    later: digits(`${there} + INTERVAL 1 SECOND`),
  };
}

/**
 * Where the column ends, if that can come while the store is in use: a session that is to last for ten years
 * then ends with the column, instead of being an error.
 */
const notAfter = (end: string, time: string) => `LEAST(${time}, ${end})`;

/** Minutes by which clocks are set back: in Lord Howe, and elsewhere (tzdata since 2024; but in Antarctica/Troll it is two hours). */
const SET_BACK = [30, 60];

/**
 * By the wall clock of a zone. Most of them have summer time: in spring an hour is missing, and in autumn one comes twice. What
 * can be said of a time in that hour is said in favour of the session, which then lives for up to an hour longer:
 *
 * - an end is written as the latest time that the clock shows until then, as others take it for over when the clock shows more
 * - a time that comes twice is the later one, unless that lies in the future (servers themselves take the earlier one in a
 *   named zone, and in SYSTEM either)
 * - older is what the clock has not shown since
 *
 * Clocks are set back by one of `SET_BACK`.
 */
function wallSql(name: string, lifetime: number, zone: string): TimeSql {
  const written = lifetime === 0 ? 'UTC_TIMESTAMP()' : `UTC_TIMESTAMP() + INTERVAL ${lifetime} SECOND`;
  const used = `CONVERT_TZ(${name}, '${zone}', '+00:00')`;
  const age = `TIMESTAMPDIFF(SECOND, ${used}, ${written})`;
  return {
    now: lifetime === 0 ? wall(written, zone) : latestWall(written, zone),
    age: `(${age} + CASE ${SET_BACK.flatMap((minutes) => [
      `WHEN ${age} >= ${minutes * 60} AND ${wallAt(used, minutes, zone)} = ${name} THEN ${-minutes * 60}`,
      `WHEN ${age} < 0 AND ${wallAt(used, -minutes, zone)} = ${name} THEN ${minutes * 60}`,
    ]).join(' ')} ELSE 0 END)`,
    limit: `SELECT CAST(LEAST(${wall('moment', zone)}, ${wallAt('moment', 60, zone)} - INTERVAL 1 HOUR) AS CHAR)
      FROM (SELECT UTC_TIMESTAMP() - INTERVAL ? SECOND AS moment) AS m`,
    isOlder: `${name} < ?`,
    later: `${name} + INTERVAL 1 SECOND`,
  };
}
