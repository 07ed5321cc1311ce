import { decodeSession } from 'php-session-bridge/codec';
import { ask } from './database.mjs';

/**
 * When the storm is over: asks both sides for the sessions that are still there, and looks into the table. What is wrong
 * is added to the model's problems.
 *
 * @param {import('./visitors.mjs').Visitors} visitors
 * @param {import('../services/engines.mjs').Endpoint[]} endpoints
 * @param {string} table
 */
export async function verify(visitors, endpoints, table) {
  const { model } = visitors;
  for (const { cookie } of visitors.visitors) {
    if (cookie === undefined) continue;
    for (const side of /** @type {const} */ (['php', 'node'])) {
      const page = await visitors.look(cookie, side);
      if (page && page.incarnation !== null) model.checkStored(cookie.incarnation, page, `at the end, by ${side}`);
    }
  }
  model.checkEnded();
  const rows = await ask(endpoints[0], 'SELECT data FROM ??', [table]);
  const sessions = rows.map(({ data }) => decodeSession(data));
  checkRows(model, sessions);
}

/**
 * @param {import('./model.mjs').Model} model
 * @param {Record<string, any>[]} rows
 */
function checkRows(model, rows) {
  /** @type {Map<number, number>} */
  const found = new Map();
  for (const row of rows) {
    const keys = Object.keys(row);
    if (model.isLeft(keys)) continue; // What a regenerate leaves under the old id.
    const incarnation = model.incarnations[row.incarnation];
    if (incarnation === undefined) {
      model.problem('a row without a login', JSON.stringify(row));
      continue;
    }
    const at = `incarnation ${incarnation.number}, count ${row.count}`;
    const times = (found.get(incarnation.number) ?? 0) + 1;
    found.set(incarnation.number, times);
    if (times > 1) model.problem('two rows of one session', at, incarnation);
    if (incarnation.final !== undefined) model.problem('a row after its logout', at, incarnation);
    if (!model.isOneLogin(keys, incarnation)) model.problem('a key from before a logout', at, incarnation);
    model.checkStored(incarnation, { count: row.count, keys }, 'in the table');
  }
  for (const incarnation of model.incarnations) {
    const isThere = found.has(incarnation.number) || incarnation.final !== undefined || incarnation.isUncertain;
    if (!isThere) model.problem('a session without a row', `incarnation ${incarnation.number}`, incarnation);
  }
}
