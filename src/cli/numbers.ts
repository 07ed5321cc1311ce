import { UsageError } from './exit-codes.ts';

/**
 * The value of a flag that takes a whole number.
 *
 * @throws UsageError
 */
export function wholeNumber(given: string | boolean | undefined, byDefault: number, flag: string): number {
  if (given === undefined) return byDefault;
  const number = Number(given);
  if (!/^\d{1,15}$/.test(String(given)) || number === 0)
    throw new UsageError(`${flag} must be a whole number from 1 on`);
  return number;
}

/** `3 min`: seconds in the largest unit that fits. */
export function duration(seconds: number): string {
  if (seconds < 0) return `in ${duration(-seconds)}`;
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ] as const;
  const [size, unit] = units.find(([one]) => seconds >= one) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
