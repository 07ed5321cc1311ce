/**
 * @param {import('./interleave.mjs').Result} result
 * @param {boolean} isReplay whether the steps are of interest also where nothing is wrong
 * @returns {string[]} lines
 */
export function report(result, isReplay) {
  const { title, schedules, steps, waits, outcomes, failures, script } = result;
  const ends = [...outcomes].sort(([, a], [, b]) => b - a).map(([name, count]) => `  ${count} × ${name}`);
  return [
    `${title}: ${schedules} schedules, ${steps} steps`,
    `  waits: ${waits.row} for a row, ${waits.name} for a name, ${waits.queue} in a queue`,
    ...ends,
    ...failures.flatMap((failure) => [
      '',
      `FAILED: npm run interleave -- --replay '${failure.replay}'`,
      ...failure.problems.map((problem) => `  ${problem}`),
      ...failure.script.map((line) => `    ${line}`),
    ]),
    ...(isReplay && failures.length === 0 ? ['', ...script] : []),
    failures.length === 0 ? 'Nothing was lost, and nothing came back.' : `${failures.length} schedules failed.`,
  ];
}
