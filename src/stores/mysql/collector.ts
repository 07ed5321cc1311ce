import { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import { classify, isOfTable, toSessionError } from './errors.ts';
import { lacksValue } from './new-row.ts';
import type { Settings } from './options.ts';
import type { ConnectionPool } from './pool.ts';
import type { Rows } from './rows.ts';

/**
 * The id of the row whose time tells when somebody last began to collect. PHP drops a cookie with one of
 * `"'<>\` and white space in it (php_session_start), so that this is nobody's session.
 */
const COLLECTOR_ID = '<collector>';

/**
 * Of all processes that share the table, one gets the turn to collect, once in `collectInterval` seconds.
 *
 * The election is one UPDATE of one row, by the database's clock. It works wherever sessions do: on NDB with its several SQL
 * servers too, for each of which `GET_LOCK` is another lock. Nothing is held while somebody collects, so a winner that dies is
 * missed for one interval. One that takes longer than that says so (`renewTurn`). Should there be two winners (on Galera, clocks of SQL nodes that differ), they share the work.
 */
export async function takeTurn(pool: ConnectionPool, rows: Rows, timeout: number): Promise<boolean> {
  const deadline = new Deadline(timeout);
  let connection: Connection | undefined;
  try {
    connection = await pool.acquire(deadline);
    const { sql, idLength, demands } = await rows.table(connection, deadline);
    const id = COLLECTOR_ID.padEnd(idLength.min, '>');
    const { affectedRows } = await connection.execute<{ affectedRows: number }>(sql.takeTurn, [id], deadline);
    // There is no such row yet (or some gc deleted it), or it is too early: then this is a duplicate.
    if (affectedRows === 0) {
      await connection.execute(sql.takeFirstTurn, [id], deadline).catch((error) => {
        if (demands === undefined || !lacksValue(error)) throw error; // else each process collects: they do each other no harm
      });
    }
    connection.release();
    return true;
  } catch (error) {
    await connection?.rollback(deadline);
    const failure = classify(error);
    if (failure === 'duplicate' || failure === 'locked') return false;
    if (isOfTable(error)) rows.forgetTable();
    throw error;
  }
}

/** Says that whoever has the turn still collects. Never fails: without it another process joins, which does no harm. */
export async function renewTurn(pool: ConnectionPool, rows: Rows, timeout: number): Promise<void> {
  const deadline = new Deadline(timeout);
  let connection: Connection | undefined;
  try {
    connection = await pool.acquire(deadline);
    const { sql, idLength } = await rows.table(connection, deadline);
    await connection.execute(sql.renewTurn, [COLLECTOR_ID.padEnd(idLength.min, '>')], deadline);
    connection.release();
  } catch {
    await connection?.rollback(deadline);
  }
}

/**
 * Does something now and then, the first time within one interval: processes that start together fall out of step. Does
 * not keep the process alive.
 *
 * @param interval seconds
 */
export function repeat(
  interval: number,
  work: () => Promise<unknown>,
  onError: Settings['onCollectError'],
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout;
  const schedule = (seconds: number) => {
    if (!signal.aborted) timer = setTimeout(run, seconds * 1000).unref();
  };
  const run = async () => {
    try {
      await work();
    } catch (error) {
      // In a turn of its own: what the application's function throws is the application's, and the collections go on.
      if (!signal.aborted) setImmediate(onError, toSessionError(error));
    }
    schedule(interval * (1 + Math.random() / 10));
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  schedule(interval * Math.random());
}
