/** @typedef {Record<string, Record<string, true | string>>} Matrix what each application did in each step: `true`, or what was wrong */

/** Prints what was run: a line an application, a column a step. @param {Matrix} matrix */
export function printMatrix(matrix) {
  const steps = [...new Set(Object.values(matrix).flatMap((outcomes) => Object.keys(outcomes)))];
  const width = Math.max(...Object.keys(matrix).map((title) => title.length));
  const line = (/** @type {string} */ title, /** @type {string[]} */ cells) =>
    console.log(`${title.padEnd(width)}  ${cells.map((cell, i) => cell.padEnd(steps[i]?.length ?? 0)).join('  ')}`);
  console.log();
  line('', steps);
  for (const [title, outcomes] of Object.entries(matrix)) {
    line(
      title,
      steps.map((step) => (outcomes[step] === undefined ? '-' : outcomes[step] === true ? 'yes' : 'no')),
    );
  }
  console.log(`
yes  both sides did what the application does alone
no   they did not; why stands above
-    the application has no such thing, or its session classes alone were run
parallel is no where the handler takes no lock: docs/applications.md`);
}
