import { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import { classify, isOfTable, toSessionError } from './errors.ts';
import { lacksValue } from './new-row.ts';
import type { Settings } from './options.ts';
import type { ConnectionPool } from './pool.ts';
import type { Rows } from './rows.ts';

/**
 * The id of the row whose time says when a garbage collection began last. PHP drops a cookie with white space or one of `"'<>\` in it
 * (php_session_start). So no session has this id.
 */
const LEADER_ID = '<collector>';

/**
 * Elects one of the processes that share the table, once in `gcInterval` seconds. It deletes the old sessions.
 *
 * The election is one UPDATE of one row, by the database's clock. It works wherever sessions work. (`GET_LOCK` does not: on NDB each SQL
 * server has locks of its own.) The leader holds no lock while it deletes. If it dies, the next election replaces it. If it takes longer
 * than an interval, it renews its term (`renewGcLeader`). Two leaders share the work. That can happen on Galera, and where the clocks of
 * SQL nodes differ.
 *
 * @returns whether this process is elected
 */
export async function electGcLeader(pool: ConnectionPool, rows: Rows, timeout: number): Promise<boolean> {
  const deadline = new Deadline(timeout);
  let connection: Connection | undefined;
  try {
    connection = await pool.acquire(deadline);
    const { sql, idLength, demands } = await rows.table(connection, deadline);
    const id = LEADER_ID.padEnd(idLength.min, '>');
    const { affectedRows } = await connection.execute<{ affectedRows: number }>(sql.electGcLeader, [id], deadline);
    // The row is missing (it is the first election, or a gc deleted the row), or it is too early. If it is too early, this is a duplicate.
    if (affectedRows === 0) {
      await connection.execute(sql.insertGcLeader, [id], deadline).catch((error) => {
        if (demands === undefined || !lacksValue(error)) throw error; // without a row each process is a leader, which does no harm
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

/** Says that the leader is still at work. Never fails: without it another process joins in, which does no harm. */
export async function renewGcLeader(pool: ConnectionPool, rows: Rows, timeout: number): Promise<void> {
  const deadline = new Deadline(timeout);
  let connection: Connection | undefined;
  try {
    connection = await pool.acquire(deadline);
    const { sql, idLength } = await rows.table(connection, deadline);
    await connection.execute(sql.renewGcLeader, [LEADER_ID.padEnd(idLength.min, '>')], deadline);
    connection.release();
  } catch {
    await connection?.rollback(deadline);
  }
}

/**
 * Does `work` once in each interval, the first time at a random moment of the first one: processes that start together do it at different
 * times. Does not keep the process alive.
 *
 * @param interval seconds
 */
export function repeat(
  interval: number,
  work: () => Promise<unknown>,
  onError: Settings['onGcError'],
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
      // Not in this call: if the application's function throws, that is an uncaught error of the application, and the work goes on.
      if (!signal.aborted) setImmediate(onError, toSessionError(error));
    }
    schedule(interval * (1 + Math.random() / 10));
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  schedule(interval * Math.random());
}
