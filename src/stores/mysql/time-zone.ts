import type { Deadline } from '../deadline.ts';
import type { Queries } from './queries.ts';

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

/** The option `timeZone`, as `readTimeZone` gives it. */
export interface ZoneSetting {
  readonly timeZone?: string | undefined;
}

/** The zone of the DATETIME column. Where it is not known, the table is refused (`REQUIREMENTS`). */
export const zoneOf = ({ timeZone = UTC }: ZoneSetting): string => timeZone;

/**
 * What a connection sets: UTC, so that TIMESTAMP has no hour that is missing or comes twice. (In the missing hour, NOW() less a
 * lifetime is error 1292.) A zone that the server does not
 * know is error 1298, instead of NULL from CONVERT_TZ later: so it is set first, in the same statement.
 */
export function zoneAssignments({ timeZone = UTC }: ZoneSetting): string[] {
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

/** Seconds by which a zone is ahead of UTC: now, in January and in July. */
export type Offsets = readonly [now: number, january: number, july: number];

/** @returns `undefined` for a zone that the server does not know */
export async function readOffsets(
  zone: '@@global.time_zone' | { readonly name: string },
  connection: Queries,
  deadline: Deadline,
): Promise<Offsets | undefined> {
  const year = new Date().getUTCFullYear();
  const moments = ['UTC_TIMESTAMP()', `TIMESTAMP'${year}-01-15 00:00:00'`, `TIMESTAMP'${year}-07-15 00:00:00'`];
  const name = typeof zone === 'string' ? zone : `'${zone.name}'`;
  const ahead = moments.map((at) => `TIMESTAMPDIFF(SECOND, ${at}, CONVERT_TZ(${at}, '+00:00', ${name}))`);
  const [row] = await connection.query<(number | string | null)[][]>(`SELECT ${ahead.join(', ')}`, deadline);
  return row!.includes(null) ? undefined : (row!.map(Number) as [number, number, number]);
}
