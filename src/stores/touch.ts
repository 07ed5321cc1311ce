/**
 * Whether a session that is used and not changed has to be touched. That is also so if its time is as far in the future: a clock was
 * wrong, and the session would never expire.
 *
 * @param touchInterval seconds
 * @param usedAt when the session was last used, by `performance.now()`: `lastUse()`
 */
export function isTouchDue(touchInterval: number, usedAt: number): boolean {
  return Math.abs(performance.now() - usedAt) >= touchInterval * 1000;
}

/** The moment that lies back this many seconds, by `performance.now()`; long ago for a session without a time. */
export function lastUse(age: number | null): number {
  return age === null ? Number.NEGATIVE_INFINITY : performance.now() - age * 1000;
}
