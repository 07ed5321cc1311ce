import { callTitle, loginTitle, timings, title } from './cells.mjs';

/** @typedef {import('./logins.mjs').Result} Result */
/** @typedef {import('./logins.mjs').LoginsResult} LoginsResult */
/** @typedef {import('./cells.mjs').Timing} Timing */

/** Whether anything is wrong with the logins, with the servers, or with what should have found that. @param {LoginsResult} result */
export function isWrong({ results, controls, complaints }) {
  return results.some(hasProblems) || blind(controls).length > 0 || complaints.length > 0;
}

/** @param {LoginsResult} result @returns {string[]} lines of Markdown */
export function report({ title, results, controls, complaints }) {
  const total = results.reduce((sum, { logins }) => sum + logins, 0);
  return [
    `${title}; ${results.length} cells with ${total} logins`,
    '',
    'lost / leaked / failed of how many logins:',
    '',
    ...table(results),
    '',
    ...(results.some(hasProblems) ? ['WRONG:', ...results.filter(hasProblems).map(line)] : ['No login was lost.']),
    ...blind(controls).map((result) => `BLIND: this must be wrong, and was not seen to be: ${line(result)}`),
    ...(complaints.length > 0
      ? ['', 'In the logs of the servers:', ...complaints.slice(0, 20).map((text) => `- ${text}`)]
      : []),
  ];
}

/** What is known of one cell, in a line. @param {Result} result */
export function line({ cell, logins, wrong, problems }) {
  const found = [...problems].map(([what, times]) => `${times} × ${what}`);
  const { lost, leaked, failed } = wrong;
  return [`${lost} / ${leaked} / ${failed} of ${logins} | ${title(cell)}`, ...found].join('; ');
}

/** @param {Result} result */
function hasProblems({ wrong }) {
  return Object.values(wrong).some((times) => times > 0);
}

/** The controls that were not seen to be wrong each time. @param {Result[]} controls */
function blind(controls) {
  return controls.filter(({ cell, logins, wrong }) => cell.shows === undefined || wrong[cell.shows] !== logins);
}

/** One line for each pair of a login and a call, with the sums over both orders of answers and strict mode on or off. @param {Result[]} results */
function table(results) {
  const columns = /** @type {Timing[]} */ (Object.keys(timings));
  /** @type {Map<string, Map<Timing, Result[]>>} */
  const rows = new Map();
  for (const result of results) {
    const key = `${loginTitle(result.cell)} | ${callTitle(result.cell)}`;
    const row = rows.get(key) ?? new Map();
    rows.set(key, row.set(result.cell.timing, [...(row.get(result.cell.timing) ?? []), result]));
  }
  const used = columns.filter((timing) => results.some(({ cell }) => cell.timing === timing));
  const lines = [...rows].map(([key, row]) => `| ${key} | ${used.map((timing) => sum(row.get(timing))).join(' | ')} |`);
  const head = ['login', 'call', ...used.map((timing) => timings[timing])];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...lines];
}

/** @param {Result[]} [results] */
function sum(results) {
  if (results === undefined) return '';
  const of = (/** @type {(result: Result) => number} */ count) => results.reduce((total, one) => total + count(one), 0);
  return `${of(({ wrong }) => wrong.lost)} / ${of(({ wrong }) => wrong.leaked)} / ${of(({ wrong }) => wrong.failed)} of ${of(({ logins }) => logins)}`;
}
