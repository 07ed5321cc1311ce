// Small arithmetic on what was measured.

/** @param {readonly number[]} numbers @param {number} share 0 to 1 */
export function quantile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** @param {readonly number[]} numbers */
export const median = (numbers) => quantile(numbers, 0.5);

/** @param {readonly number[]} numbers */
export const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

export const whole = (/** @type {number} */ number) => Math.round(number).toLocaleString('en');
export const decimal = (/** @type {number} */ number) => number.toFixed(2);
export const milliseconds = (/** @type {number} */ number) => `${number.toFixed(2)} ms`;
