import { type Column, holdsDates } from './schema.ts';
import type { Table } from './table.ts';

/** SQL about the time column. */
export interface TimeSql {
  /** What is written when a session is used. */
  readonly now: string;
  /** Seconds since a row was used, or NULL if it does not tell; negative for a time in the future. */
  readonly age: string;
  /** (seconds) Whether the time lies further back than this. Not true without a time. */
  readonly isOlder: string;
}

/**
 * All by the database's clock, so that servers whose clocks differ agree, and in UTC as the connection's time_zone is.
 * TIMESTAMP is the same moment for everybody; DATETIME is what PHP writes there only if PHP's connection is in UTC too.
 *
 * The time is set explicitly, as ON UPDATE CURRENT_TIMESTAMP does nothing when the data are the same. Casts: a
 * difference of which one side is unsigned is unsigned, and below 0 an error.
 *
 * @param name quoted
 * @param lifetime seconds from the use of a session to what is written; 0 if that is the time of the use itself
 */
export function timeSql(name: string, column: Column, lifetime: number): TimeSql {
  const isDate = holdsDates(column);
  const clock = isDate ? 'CURRENT_TIMESTAMP' : 'CAST(UNIX_TIMESTAMP() AS SIGNED)';
  const seconds = (count: number | '?') => (isDate ? `INTERVAL ${count} SECOND` : `CAST(${count} AS SIGNED)`);
  const now = lifetime === 0 ? clock : `${clock} + ${seconds(lifetime)}`;
  const end = lifetime === 0 ? undefined : lastMoment(column);
  return {
    now: end === undefined ? now : `LEAST(${now}, ${end})`,
    age: isDate ? `TIMESTAMPDIFF(SECOND, ${name}, ${now})` : `${now} - CAST(${name} AS SIGNED)`,
    isOlder: `${name} < ${clock} - ${seconds('?')}`,
  };
}

/**
 * Where the column ends, if that is a moment which somebody may live to see: a session that is to last for ten years
 * then ends with the column, instead of being an error.
 */
function lastMoment({ type, fullType }: Column): string | undefined {
  if (type === 'timestamp') return "TIMESTAMP'2038-01-19 03:14:07'";
  if (type === 'int') return fullType.includes('unsigned') ? '4294967295' : '2147483647';
  return undefined;
}

/**
 * Whether a session that is used without being changed has to be touched by now (the option `touchInterval`). So it has
 * if its time is as far in the future: then a clock was wrong, or the row would never expire.
 *
 * @param usedAt when the row was last used, by `performance.now()`: `lastUse()`
 */
export function isTouchDue(table: Table, usedAt: number): boolean {
  return Math.abs(performance.now() - usedAt) >= table.touchInterval * 1000;
}

/** The moment that lies back this many seconds, by `performance.now()`; long ago for a row without a time. */
export function lastUse(age: number | null): number {
  return age === null ? Number.NEGATIVE_INFINITY : performance.now() - age * 1000;
}
