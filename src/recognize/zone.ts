import type { Server } from './server.ts';

/** In which zone an application writes a DATETIME. */
export type ZoneAnswer =
  /** The server's zone is UTC, and no row says something else. */
  | { readonly is: 'utc' }
  /** `isSure`: the other zone would put rows into the future. */
  | { readonly is: 'known'; readonly zone: string; readonly isSure: boolean }
  | { readonly is: 'unknown'; readonly why: string };

/** Seconds that clocks may differ. */
const TOLERANCE = 300;
/** Seconds within which somebody uses a site. */
const BUSY = 900;

/**
 * Of times of last use, none lies in the future, and the newest one of a busy site is now.
 *
 * @param newest seconds from now to the newest time of last use, read as UTC
 * @param isExact false if a time of last use was made of an end, by a lifetime that is a guess
 */
export function zoneOfTimes(newest: number | undefined, { zone }: Server, isExact: boolean): ZoneAnswer {
  const { ahead } = zone;
  const fits = (offset: number) => newest !== undefined && newest <= offset + TOLERANCE;
  const isNow = (offset: number) => fits(offset) && newest! > offset - BUSY;
  if (zone.isUtc) {
    if (newest === undefined || !isExact || fits(0)) return { is: 'utc' };
    return unknown("times lie in the future in the server's zone, UTC: PHP sets another one on its connections");
  }
  if (newest === undefined) return unknown('no row has a time');
  if (ahead === undefined) return unknown("the server does not know its zone's offset");
  const utc = { name: '+00:00', offset: 0 };
  const server = { name: zone.option, offset: ahead };
  if (ahead === 0) return known(server.name, true);
  const candidates = [utc, server].filter(({ offset }) => fits(offset));
  if (candidates.length === 0) return unknown(`times lie in the future in UTC and in the server's zone ${zone.name}`);
  const [only, second] = candidates;
  if (isExact && second === undefined) return known(only!.name, true);
  const present = candidates.filter(({ offset }) => isNow(offset));
  if (present.length === 1) return known(present[0]!.name, false);
  return unknown(`the rows fit UTC and the server's zone ${zone.name}: no visitor was there in the last minutes`);
}

const unknown = (why: string): ZoneAnswer => ({ is: 'unknown', why });
const known = (zone: string, isSure: boolean): ZoneAnswer => ({ is: 'known', zone, isSure });
