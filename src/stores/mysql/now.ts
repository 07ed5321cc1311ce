/** For a column that holds a time: that of the database's clock, as a date in a TIMESTAMP or DATETIME and as Unix seconds in others. */
export const now: Now = Object.freeze({ now: true });
export interface Now {
  readonly now: true;
}

export function isNow(value: unknown): value is Now {
  return typeof value === 'object' && value !== null && 'now' in value;
}
