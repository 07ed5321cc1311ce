import type { SessionStore } from '../stores/store.ts';
import type { Settings } from './options.ts';

/** Stores that a gc of this process is at work in. */
const collecting = new WeakSet<SessionStore>();

/**
 * PHP's gc of `session.gc_probability` and `session.gc_divisor`: for one of many requests. No request waits for it, and one at a time is
 * enough.
 *
 * @param report gets the error of a gc that failed
 */
export function gcByChance(
  { store, gcProbability, gcDivisor }: Settings,
  report: (error: unknown) => void,
  chance: number = Math.random(),
): void {
  if (gcProbability <= chance * gcDivisor || collecting.has(store)) return;
  collecting.add(store);
  collect(store)
    .catch(report)
    .finally(() => collecting.delete(store));
}

/** A store that throws at once must not fail the request either. */
async function collect(store: SessionStore): Promise<void> {
  await store.gc(store.gcMaxlifetime!);
}
