/** For options: `'7.2'`, or `'7'` for the newest 7. */
export const aVersion = {
  accepts: (text: unknown): boolean => typeof text === 'string' && /^\d+(\.\d+){0,2}$/.test(text),
  mustBe: "a version as '7.2' or '7.2.1'",
};

/** Whether a version is older than another one. A part that is left out is the newest: `'4'` is not before `'4.4'`. */
export function isBefore(version: string, other: string): boolean {
  const [ours, theirs] = [version, other].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (const [i, part] of theirs.entries()) {
    const own = ours[i] ?? Number.POSITIVE_INFINITY;
    if (own !== part) return own < part;
  }
  return false;
}
