import type { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import type { Settings } from './options.ts';
import type { Schema } from './schema.ts';

/** As MySQL's `time_zone` has it: 'UTC' by name is known only to servers with time zone tables. */
export const UTC = '+00:00';

/** What a system or a server calls UTC. 'GMT' is not among them: in London it is that half of the year. */
const UTC_NAMES = /^(([+-]0?0:00)|((etc\/)?(utc|uct|zulu|universal))|coordinated universal time)$/i;
const ZONE = /^([+-]\d{1,2}:\d\d|[a-z][\w+-]*(\/[\w+-]+)*)$/i;

/** The zone of connections that set none. */
export interface ServerZone {
  /** `@@global.time_zone` */
  readonly name: string;
  /** `@@system_time_zone`, which is what `SYSTEM` means: `'CET'` */
  readonly system: string;
}

export const isUtc = ({ name, system }: ServerZone): boolean => UTC_NAMES.test(name === 'SYSTEM' ? system : name);
export const describeZone = ({ name, system }: ServerZone): string => (name === 'SYSTEM' ? `SYSTEM (${system})` : name);

/**
 * Reads the option `timeZone`.
 *
 * @returns without a quote or a backslash: it stands in statements as it is
 * @throws TypeError that names it
 */
export function readTimeZone(zone: unknown): string | undefined {
  if (zone === undefined) return undefined;
  if (typeof zone !== 'string' || zone.length > 64 || !ZONE.test(zone)) {
    throw new TypeError("timeZone must be an offset such as '+02:00', a name such as 'Europe/Berlin', or 'SYSTEM'");
  }
  return UTC_NAMES.test(zone) ? UTC : zone;
}

/** The zone of the DATETIME column. Where it is not known, the table is refused (`REQUIREMENTS`). */
export const zoneOf = ({ timeZone = UTC }: Settings): string => timeZone;

/**
 * What a connection sets: UTC, so that TIMESTAMP has no hour that is missing or comes twice. A zone that the server does not
 * know is error 1298, instead of NULL from CONVERT_TZ later: so it is set first, in the same statement.
 */
export function zoneAssignments({ timeZone = UTC }: Settings): string[] {
  return [...new Set([timeZone, UTC])].map((zone) => `time_zone = '${zone}'`);
}

/** The wall clock of a zone at a moment in UTC. */
export const wall = (moment: string, zone: string): string =>
  zone === UTC ? moment : `CONVERT_TZ(${moment}, '+00:00', '${zone}')`;

/** The same some minutes after a moment, or before. */
export const wallAt = (moment: string, minutes: number, zone: string): string =>
  wall(`${moment} + INTERVAL ${minutes} MINUTE`, zone);

/** The latest time that the wall clock shows until a moment: it may have been set back before, by an hour at most. */
export const latestWall = (moment: string, zone: string): string =>
  zone === UTC ? moment : `GREATEST(${wall(moment, zone)}, ${wallAt(moment, -60, zone)} + INTERVAL 1 HOUR)`;

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
  { time, indexes, zone }: Schema,
  connection: Connection,
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

/** Seconds by which a zone is ahead of UTC: now, in January and in July. */
export type Offsets = readonly [now: number, january: number, july: number];

/** @returns `undefined` for a zone that the server does not know */
export async function readOffsets(
  zone: '@@global.time_zone' | { readonly name: string },
  connection: Connection,
  deadline: Deadline,
): Promise<Offsets | undefined> {
  const year = new Date().getUTCFullYear();
  const moments = ['UTC_TIMESTAMP()', `TIMESTAMP'${year}-01-15 00:00:00'`, `TIMESTAMP'${year}-07-15 00:00:00'`];
  const name = typeof zone === 'string' ? zone : `'${zone.name}'`;
  const ahead = moments.map((at) => `TIMESTAMPDIFF(SECOND, ${at}, CONVERT_TZ(${at}, '+00:00', ${name}))`);
  const [row] = await connection.query<(number | string | null)[][]>(`SELECT ${ahead.join(', ')}`, deadline);
  return row!.includes(null) ? undefined : (row!.map(Number) as [number, number, number]);
}

const minutes = (seconds: number) => `${Math.round(seconds / 60)} minutes`;

const warned = new WeakSet<Settings>();

/** Once for each store: whoever sees the one wrong row sees the others. */
export function warnOfZone(settings: Settings, what: string): void {
  if (warned.has(settings)) return;
  warned.add(settings);
  process.emitWarning(
    `PHP seems to write times of another zone: ${what}. Sessions are collected too early, or too late (docs/expiry.md)`,
    { type: 'PhpSessionBridge', code: 'time-zone-rows' },
  );
}
