/** @typedef {import('./storm.mjs').StormResult} StormResult */
/** @typedef {import('./record.mjs').Phase} Phase */

const ms = (/** @type {number} */ value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const percent = (/** @type {number} */ part, /** @type {number} */ whole) => `${((100 * part) / whole).toFixed(1)} %`;

/** @param {StormResult} result @returns {string[]} lines of Markdown */
export function report({ title, record: { phases }, model, complaints }) {
  const shown = phases.filter(({ requests }) => requests > 0);
  const columns = ['', 'requests', 'by PHP', 'by Node', 'errors', 'per second', 'p50', 'p99'];
  columns.push('longest without an answer', 'by PHP', 'by Node', 'for one session');
  const lines = [
    title,
    '',
    row(columns),
    row(columns.map(() => '---')),
    ...shown.map((phase) => row(phaseCells(phase))),
  ];
  return [...lines, '', ...actions(phases), ...incarnations(model), ...problems(model), ...logs(complaints)];
}

/** @param {string[]} cells */
function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** @param {Phase} phase */
function phaseCells({ name, start, end, requests, answered, failures, times, longest }) {
  const sorted = Float64Array.from(times).sort();
  const quantile = (/** @type {number} */ part) => ms(sorted[Math.floor(part * sorted.length)] ?? 0);
  const errors = [...failures].map(([kind, times]) => `${times} × ${kind}`).join(', ') || '0';
  return [
    name,
    `${requests} in ${((end - start) / 1_000).toFixed(1)} s`,
    percent(answered.php, answered.php + answered.node),
    percent(answered.node, answered.php + answered.node),
    errors,
    ((1_000 * requests) / (end - start)).toFixed(0),
    `${quantile(0.5)} ms`,
    `${quantile(0.99)} ms`,
    ...[longest.all, longest.php, longest.node, longest.session].map((value) => `${ms(value)} ms`),
  ];
}

/** @param {Phase[]} phases */
function actions(phases) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const { actions } of phases) {
    for (const [action, times] of Object.entries(actions)) sums[action] = (sums[action] ?? 0) + times;
  }
  const all = Object.values(sums).reduce((a, b) => a + b, 0);
  const text = Object.entries(sums).map(([action, times]) => `${action} ${times} (${percent(times, all)})`);
  return [`Answers: ${text.join(', ')}. "nobody": the session id had ended when the request came.`];
}

/** @param {import('./model.mjs').Model} model */
function incarnations({ incarnations }) {
  const sum = (/** @type {'acknowledged' | 'unanswered'} */ what) =>
    incarnations.reduce((total, incarnation) => total + incarnation[what], 0);
  const ended = incarnations.filter(({ final }) => final !== undefined).length;
  const uncertain = incarnations.filter(({ isUncertain }) => isUncertain).length;
  return [
    `Incarnations: ${incarnations.length}, of which ${ended} ended with a logout, and of ${uncertain} an answer to a login, ` +
      `a regenerate or a logout is missing. Increments: ${sum('acknowledged')} acknowledged, ${sum('unanswered')} without an answer.`,
  ];
}

/** @param {import('./model.mjs').Model} model */
function problems({ problems }) {
  if (problems.size === 0) return ['Nothing was lost, and nothing came back.'];
  return [...problems].map(
    ([kind, { times, sessions, example }]) =>
      `WRONG: ${kind}, ${times} times in ${sessions.size} sessions; the first: ${example}`,
  );
}

/** @param {string[]} complaints */
function logs(complaints) {
  const shown = complaints.slice(0, 20);
  return complaints.length === 0 ? [] : ['', 'In the logs of the servers:', ...shown.map((line) => `- ${line}`)];
}
