import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../deadline.ts';
import { signals, startOf } from '../signals.ts';
import type { Connection } from './connection.ts';
import { classify, isOfTable, toSessionError } from './errors.ts';
import type { ConnectionPool } from './pool.ts';
import type { Rows } from './rows.ts';
import { EXPIRED_BATCH, EXPIRED_PAGE, type Statements } from './table.ts';

/** The part of the time in which it works. The rest belongs to the requests. */
const SHARE = 1 / 4;

/** ER_PARSE_ERROR and ER_NOT_SUPPORTED_YET: the server does not know `SKIP LOCKED`. */
const UNKNOWN_SYNTAX = [1064, 1235];

/**
 * Deletes old sessions while requests go on. It finds many ids at once, without a lock. It deletes them by the hundred, each hundred in a
 * transaction of its own. A pause follows each transaction. The transaction checks the age of each row again: a row that was touched
 * meanwhile stays.
 *
 * A row that is locked stays until the next time. With `SKIP LOCKED` (InnoDB since MySQL 8.0 and MariaDB 10.6) it waits for no lock. NDB
 * accepts these words, but waits. If the wait fails, the hundred is rolled back, and each row is tried alone. Then a wait holds no other
 * row.
 *
 * Several at once share the work.
 */
export class GarbageCollector {
  readonly #pool: ConnectionPool;
  readonly #rows: Rows;
  readonly #timeout: number;
  readonly #signal: AbortSignal;
  #canSkip = true;

  /**
   * @param timeout milliseconds for each transaction
   * @param signal stops it after the transaction that is under way
   */
  constructor(pool: ConnectionPool, rows: Rows, timeout: number, signal: AbortSignal) {
    this.#pool = pool;
    this.#rows = rows;
    this.#timeout = timeout;
    this.#signal = signal;
  }

  /**
   * Deletes what is old when it begins. It leaves what gets old while it runs, so it ends.
   *
   * @param age seconds
   * @param onBatch called after each hundred of rows
   * @returns how many rows were deleted
   */
  async run(age: number, onBatch: () => Promise<void> = async () => undefined): Promise<number> {
    const begun = startOf(signals.gc);
    let limit: unknown;
    let total = 0;
    let failed = true;
    try {
      for (;;) {
        const ids = await this.#transaction(async (connection, sql, deadline) => {
          if (limit === undefined) {
            const asked = connection.execute<[[unknown]]>(sql.limit, [Math.floor(age)], deadline);
            [[limit]] = await asked;
          }
          const found = await connection.execute<[unknown][]>(sql.expired, [limit], deadline);
          return found.map(([id]) => id);
        });
        const before = total;
        for (let i = 0; i < ids.length && !this.#signal.aborted; i += EXPIRED_BATCH) {
          total += await this.#delete(ids.slice(i, i + EXPIRED_BATCH), limit);
          await onBatch();
        }
        // If nothing was deleted, all of these are in use.
        if (ids.length < EXPIRED_PAGE || total === before || this.#signal.aborted) break;
      }
      failed = false;
      return total;
    } catch (error) {
      throw toSessionError(error);
    } finally {
      if (begun !== undefined) signals.gc.publish({ rows: total, duration: performance.now() - begun, failed });
    }
  }

  async #delete(ids: unknown[], limit: unknown): Promise<number> {
    try {
      return await this.#transaction(async (connection, sql, deadline) => {
        let free = ids;
        if (this.#canSkip) {
          const locked = await connection.execute<[unknown][]>(sql.lockExpired, [...batch(ids), limit], deadline);
          free = locked.map(([id]) => id);
        }
        if (free.length === 0) return 0;
        const { affectedRows } = await connection.execute<{ affectedRows: number }>(
          sql.removeExpired,
          [...batch(free), limit],
          deadline,
        );
        return affectedRows;
      });
    } catch (error) {
      if (this.#canSkip && UNKNOWN_SYNTAX.includes((error as { errno: number }).errno)) {
        this.#canSkip = false;
        return this.#delete(ids, limit);
      }
      if (classify(error) !== 'locked') throw error;
      let deleted = 0;
      if (ids.length === 1) return 0;
      for (const id of ids) if (!this.#signal.aborted) deleted += await this.#delete([id], limit);
      return deleted;
    }
  }

  /** One transaction, and the pause after it. */
  async #transaction<Result>(
    work: (connection: Connection, sql: Statements, deadline: Deadline) => Promise<Result>,
  ): Promise<Result> {
    const start = performance.now();
    let result: Result;
    try {
      result = await this.#transact(work);
    } catch (error) {
      if (!isOfTable(error)) throw error;
      this.#rows.forgetTable();
      result = await this.#transact(work); // with the new description of the table
    }
    const pause = (performance.now() - start) * (1 / SHARE - 1);
    await sleep(pause, undefined, { signal: this.#signal }).catch(() => undefined);
    return result;
  }

  async #transact<Result>(
    work: (connection: Connection, sql: Statements, deadline: Deadline) => Promise<Result>,
  ): Promise<Result> {
    const deadline = new Deadline(this.#timeout);
    let connection: Connection | undefined;
    try {
      connection = await this.#pool.acquire(deadline);
      const { sql } = await this.#rows.table(connection, deadline);
      const result = await work(connection, sql, deadline);
      await connection.commit(deadline);
      return result;
    } catch (error) {
      await connection?.rollback(deadline);
      throw error;
    }
  }
}

/** The statement has a fixed number of places. The last id fills those that are left. */
function batch(ids: unknown[]): unknown[] {
  return Array.from({ length: EXPIRED_BATCH }, (_, i) => ids[Math.min(i, ids.length - 1)]);
}
