import type { Deadline } from '../deadline.ts';
import type { Settings } from './options.ts';
import type { Queries } from './queries.ts';
import type { TableDefinition } from './table-definition.ts';
import { describeZone, latestWall, UTC, wall, zoneOf } from './time-zone.ts';

/** The wall clock of connections that set no zone. */
const SERVER_WALL = "CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone)";

/** Rows that are looked at where no index on the time helps. */
export const SAMPLE = 10_000;

/** Seconds that clocks may differ without a zone being wrong. */
const TOLERANCE = 300;

/**
 * Looks for rows whose time can only be of another zone than the option `timeZone` says: of times of last use, none lies in the
 * future, and the newest one of a busy site is now. Reads few rows, locks none.
 *
 * @returns what is wrong; it may be shown to an operator. `undefined`: nothing that can be seen
 */
export async function findOtherZone(
  settings: Settings,
  { time, indexes, zone }: TableDefinition,
  connection: Queries,
  deadline: Deadline,
): Promise<string | undefined> {
  if (time?.type !== 'datetime' || settings.timeMeaning === 'expiresAt') return undefined;
  const { table, quoted, columns } = settings;
  const hasIndex = indexes.some(({ columns: [first] }) => first!.name === time.name);
  const rows = hasIndex ? table.quoted : `(SELECT ${quoted.time} FROM ${table.quoted} LIMIT ${SAMPLE}) AS sample`;
  const ours = latestWall('UTC_TIMESTAMP()', zoneOf(settings));
  const theirs = SERVER_WALL;
  const exists = (condition: string) => `EXISTS (SELECT 1 FROM ${rows} WHERE ${quoted.time} ${condition})`;
  // No zone is more than 14 hours ahead of UTC, or 12 behind it.
  const [row] = await connection.query<[number | string | null, number | string, number | string | null][]>(
    `SELECT (SELECT MAX(TIMESTAMPDIFF(SECOND, ${ours}, ${quoted.time})) FROM ${rows}
              WHERE ${quoted.time} > ${ours} + INTERVAL ${TOLERANCE} SECOND AND ${quoted.time} < ${ours} + INTERVAL 26 HOUR),
            ${exists(`BETWEEN ${theirs} - INTERVAL 60 SECOND AND ${theirs}`)} AND NOT ${exists(`> ${theirs}`)},
            TIMESTAMPDIFF(SECOND, ${wall('UTC_TIMESTAMP()', zoneOf(settings))}, ${theirs})`,
    deadline,
  );
  const [ahead, isTheirs, difference] = row!.map(Number) as [number, number, number];
  const says = `the option timeZone says ${settings.timeZone ?? `nothing, so ${UTC}`}`;
  if (ahead > 0) return `${columns.time} has times that are ${minutes(ahead)} in the future, while ${says}`;
  if (isTheirs === 1 && Math.abs(difference) > TOLERANCE) {
    return `the newest ${columns.time} is now in the server's time zone ${describeZone(zone)}, while ${says}`;
  }
  return undefined;
}

/** @param seconds for which the time of last use of a row lies in the future */
export function tooNew({ columns, timeZone = UTC }: Settings, seconds: number): string | undefined {
  if (seconds <= TOLERANCE) return undefined;
  return `${columns.time} has a time that is ${minutes(seconds)} in the future, while the option timeZone says ${timeZone}`;
}

const warned = new WeakSet<Settings>();

/** Once for each store: where one row is wrong, many are. */
export function warnOfZone(settings: Settings, what: string): void {
  if (warned.has(settings)) return;
  warned.add(settings);
  process.emitWarning(
    `PHP seems to write times of another zone: ${what}. Sessions are collected too early, or too late (docs/expiry.md)`,
    { type: 'PhpSessionBridge', code: 'time-zone-rows' },
  );
}

const minutes = (seconds: number) => `${Math.round(seconds / 60)} minutes`;
