import type { OptionValues, Unknown } from './recognition.ts';
import type { Server } from './server.ts';
import type { Seen, Signature } from './signature.ts';
import { columnOf } from './tables.ts';
import { zoneOfTimes } from './zone.ts';

interface TimeZonePart {
  readonly store: OptionValues;
  readonly sure: readonly string[];
  readonly unknown: readonly Unknown[];
}

const NOTHING: TimeZonePart = { store: {}, sure: [], unknown: [] };

/** The option `timeZone`, which a DATETIME needs unless the server is in UTC. */
export function timeZonePart(signature: Signature, seen: Seen, server: Server): TimeZonePart {
  const { table, rows } = seen;
  if (columnOf(table, signature.time)!.type !== 'datetime' || signature.setsTimeZone) return NOTHING;
  const times = rows.flatMap(({ ahead }) => ahead ?? []);
  const { meaning, lifetime } = signature;
  const isExact = meaning === 'lastUsed';
  const newest = times.length === 0 ? undefined : Math.max(...times);
  const span = isExact ? 0 : (lifetime?.(seen) ?? 0);
  const answer = zoneOfTimes(newest === undefined ? undefined : newest - span, server, isExact);
  if (answer.is === 'utc') return NOTHING;
  if (answer.is === 'known' && answer.isSure)
    return { store: { timeZone: answer.zone }, sure: [`DATETIMEs are in the zone ${answer.zone}`], unknown: [] };
  // With the wrong zone visitors are logged out, so a guess is not enough.
  const guess =
    answer.is === 'known'
      ? { why: 'the newest row is of now in this zone, which may be chance', likely: answer.zone }
      : { why: answer.why };
  return {
    ...NOTHING,
    unknown: [
      {
        ...{ option: 'timeZone', of: 'store', needed: true, env: 'PHP_TIME_ZONE', ...guess },
        where: 'SELECT @@session.time_zone on a connection of PHP; docs/expiry.md',
      },
    ],
  };
}
