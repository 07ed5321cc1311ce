import { Deadline } from '../deadline.ts';
import { asBuffer } from './bytes.ts';
import { classify, isForeign } from './errors.ts';
import type { ConnectionPool } from './pool.ts';
import { LOCK_PATIENCE, publishRetry } from './retries.ts';
import type { LockedRow, Reading, ReadRow, Rows } from './rows.ts';
import { needsReadBack, sizeLimit, type TableDescription } from './table.ts';
import { isUndone, isUnwritten, lockAgain, unknownOutcome } from './transaction.ts';

export interface Replacement {
  id: string;
  /** What was read without the lock. */
  reading: Reading & { row: ReadRow };
  data: Uint8Array;
}

/**
 * Writes a session that was read without its lock: compare-and-swap, one statement that commits itself. Locks the row instead if it has
 * changed, if it is locked, or if the data have to be looked at before they are committed.
 *
 * The statement is never sent a second time: then the first one's work would look like that of another client. The server may repeat it
 * (Galera's `wsrep_retry_autocommit`), as it looks at the row again each time.
 *
 * @param swapping connections for this alone, as it may wait for a lock
 * @returns `undefined` when there is no such row any more, and nothing was locked
 * @throws PhpSessionError `ERR_SESSION_OUTCOME_UNKNOWN`, by the rules of a lost COMMIT
 */
export async function compareAndSwapOrLock(
  rows: Rows,
  swapping: ConnectionPool,
  replacement: Replacement,
  deadline: Deadline,
): Promise<'written' | LockedRow | undefined> {
  const { id, reading, data } = replacement;
  const { row } = reading;
  const outcome = fits(row.table, row.data, data)
    ? await compareAndSwap(rows, swapping, replacement, deadline)
    : 'not written';
  if (outcome === 'written') return 'written';
  if (outcome === 'not written') return rows.lock(id, { create: false, since: reading }, deadline);
  const now = await lockAgain(rows, { id, create: false }, true, deadline);
  if (isUnwritten(now, row.data)) return now;
  await now?.connection.rollback(deadline);
  throw unknownOutcome();
}

async function compareAndSwap(
  rows: Rows,
  swapping: ConnectionPool,
  { reading: { row }, data }: Replacement,
  deadline: Deadline,
): Promise<'written' | 'not written' | 'unknown'> {
  // With less time left, it could stay unknown whether it was done: it may wait for a lock, or for ALTER TABLE.
  const spare = deadline.remaining - LOCK_PATIENCE;
  if (spare <= 0) return 'not written';
  const connection = await swapping.acquire(new Deadline(spare)).catch(() => undefined);
  if (connection === undefined) return 'not written'; // if that goes on, lock() fails with the reason
  // As for COMMIT: a server that is only slow may still do it, so it is not left for another one before it is known to be dead.
  connection.pin(() => undefined);
  try {
    const values = [asBuffer(data), row.key, row.key, asBuffer(row.data)];
    const { affectedRows } = await connection.execute<{ affectedRows: number }>(
      row.table.sql.replace,
      values,
      deadline,
    );
    connection.release();
    // mysql2 sets CLIENT_FOUND_ROWS: rows that were matched, changed or not.
    return affectedRows === 0 ? 'not written' : 'written';
  } catch (error) {
    await connection.rollback(deadline);
    if (classify(error) !== 'locked') rows.forgetTable(); // if it was altered, that may be why
    if (isForeign(error)) throw error;
    publishRetry(error);
    return isUndone(error) ? 'not written' : 'unknown';
  }
}

/**
 * Whether both sessions fit into one statement, and the server cannot change what it is to store. The old bytes are sent, and no
 * hash of them: to lock the row would bring the same bytes back. It took no longer than that at any size from 1 KB to 6 MB.
 */
function fits(table: TableDescription, before: Uint8Array, data: Uint8Array): boolean {
  const isFit = data.length <= sizeLimit(table, data) && before.length + data.length <= table.maxPacket;
  return isFit && !needsReadBack(table, data);
}
