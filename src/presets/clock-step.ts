/**
 * After how many seconds a clock inside a session is moved. Each change is a write of the row, so it is a minute; but for short lifetimes
 * less, so that no visitor is logged out by more than a tenth too early.
 *
 * @param lifetime seconds for which a visitor may be idle
 */
export function clockStep(lifetime: number): number {
  return Math.min(60, lifetime / 10);
}
