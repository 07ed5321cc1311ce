/**
 * Whether a session that is used without being changed has to be touched by now. So it has if its time is as far in the future:
 * then a clock was wrong, or it would never expire.
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
