import type { Table } from './table.ts';

/** SQL about the time column. */
export interface TimeSql {
  /** What is written when a session is used. */
  readonly now: string;
  /** Seconds since a row was used, or NULL if it does not tell; negative for a time in the future. */
  readonly age: string;
  /** (seconds) Whether it is longer ago than this. Not true without a time. */
  readonly isOlder: string;
}

/**
 * All by the database's clock, so that servers whose clocks differ agree, and in UTC as the connection's time_zone is.
 * TIMESTAMP is the same moment for everybody; DATETIME is what PHP writes there only if PHP's connection is in UTC too.
 *
 * The time is set explicitly, as ON UPDATE CURRENT_TIMESTAMP does nothing when the data are the same. Casts: a
 * difference of which one side is unsigned is unsigned, and below 0 an error.
 *
 * @param column quoted
 * @param isDate TIMESTAMP or DATETIME, not Unix seconds
 */
export function timeSql(column: string, isDate: boolean): TimeSql {
  return isDate
    ? {
        now: 'CURRENT_TIMESTAMP',
        age: `TIMESTAMPDIFF(SECOND, ${column}, CURRENT_TIMESTAMP)`,
        isOlder: `${column} < CURRENT_TIMESTAMP - INTERVAL ? SECOND`,
      }
    : {
        now: 'UNIX_TIMESTAMP()',
        age: `CAST(UNIX_TIMESTAMP() AS SIGNED) - CAST(${column} AS SIGNED)`,
        isOlder: `${column} < CAST(UNIX_TIMESTAMP() AS SIGNED) - CAST(? AS SIGNED)`,
      };
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
