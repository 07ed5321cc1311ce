import zlib from 'node:zlib';
import { PhpSessionError } from '../../errors.ts';
import { type Deadline, DeadlineExpired } from '../deadline.ts';
import { isTouchDue } from '../touch.ts';
import { asBuffer, same } from './bytes.ts';
import { classify, Failed, isBeforeCommit, isForeign, refusesRow, toSessionError } from './errors.ts';
import { type Literal, withLiterals } from './literals.ts';
import { publishRetry, Retries } from './retries.ts';
import type { LockedRow, LockHow, Rows } from './rows.ts';
import { needsReadBack, sizeLimit } from './table.ts';
import { tombstoneOf } from './tombstone.ts';

/** How a transaction on a locked row ends. */
interface Ending<Result> {
  readonly id: string;
  /** Whether a missing row may be created under a new lock. */
  readonly create: boolean;
  /**
   * The statements before COMMIT.
   *
   * @param send sends the last ones, with COMMIT in the same round trip where that can be
   */
  apply(row: LockedRow, send: Send): Promise<Result>;
  /**
   * The lock was lost before `apply` and COMMIT had succeeded, and has been taken again: decides by what the row is
   * now.
   *
   * @param committing whether COMMIT had been sent, so that it may have been done
   * @returns `'again'` when the row is as it was
   */
  resume(row: LockedRow | undefined, committing: boolean): Promise<Result | 'again'>;
}

/** What the driver reports of a statement that writes. */
interface Outcome {
  readonly affectedRows: number;
}

type Statement = readonly [sql: string, values: readonly Literal[]];

/** @returns how many rows the first one matched */
type Send = (statements: readonly [Statement, ...Statement[]], withCommit?: boolean) => Promise<number>;

/**
 * Applies and commits. A transaction that failed for a passing reason (connection ended after `maxHold`, server
 * restarted, deadlock, node taken over) is begun again under a new lock, if the row allows; what COMMIT did when its
 * answer was lost is found out by reading.
 */
async function finish<Result>(rows: Rows, row: LockedRow, ending: Ending<Result>, deadline: Deadline): Promise<Result> {
  const retries = new Retries();
  for (;;) {
    const { connection } = row;
    let committing = false;
    let failure: unknown;
    const send: Send = async (statements, withCommit = true) => {
      const texts = withCommit ? asTexts(statements) : undefined;
      if (texts === undefined) {
        const results: Outcome[] = [];
        for (const [sql, values] of statements) results.push(await connection.execute<Outcome>(sql, values, deadline));
        return results[0]!.affectedRows;
      }
      await connection.listen();
      committing = connection.isUsable;
      const [first] = await connection.queryAndCommit<Outcome>(texts, deadline);
      return first!.affectedRows;
    };
    try {
      const result = await ending.apply(row, send);
      if (committing) await connection.committed(deadline);
      else {
        committing = true;
        await connection.commit(deadline);
      }
      return result;
    } catch (error) {
      failure = error;
      if (isUndone(error)) committing = false;
      await connection.rollback(deadline);
      rows.forgetTable(); // if it was altered, that may be why
      if (isForeign(error)) throw error;
      // COMMIT's failure says nothing about what it did. A statement that does not answer waits for no lock: we have it.
      if (committing) publishRetry(error);
      else await retries.next(error instanceof DeadlineExpired ? toSessionError(error) : error, deadline);
    }
    const { visitor, tableLock } = row;
    const now = await lockAgain(rows, { ...ending, visitor, tableLock }, committing, deadline);
    try {
      const verdict = await ending.resume(now, committing);
      if (verdict !== 'again') return verdict;
      // COMMIT was not done, so the failure was that of the statement before it.
      if (committing && classify(failure) !== 'lost') await retries.next(failure, deadline);
      row = now!;
    } finally {
      if (row !== now) await now?.connection.rollback(deadline);
    }
  }
}

/** @returns `undefined` where the values of one of them have to be bound */
function asTexts(statements: readonly Statement[]): string[] | undefined {
  const texts = statements.map((statement) => withLiterals(...statement));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/**
 * Whether nothing can have been committed: it is the failure of a statement that came before COMMIT in the same text, or the
 * server says that the transaction lost its locks or its certification.
 */
export function isUndone(error: unknown): boolean {
  if (error instanceof PhpSessionError || isBeforeCommit(error)) return true;
  if (error instanceof Failed) return error.failure !== 'lost'; // we say so ourselves, and no answer is missing
  return ['too large', 'charset', 'table', 'duplicate', 'locked', 'read only'].includes(classify(error));
}

/**
 * Takes a lock again that was lost, to see by the row what was done.
 *
 * @param committing whether COMMIT may have been done: then nothing but the row can tell
 */
export function lockAgain(
  rows: Rows,
  { id, create, visitor, tableLock }: Pick<Ending<unknown>, 'id' | 'create'> & Pick<LockHow, 'visitor' | 'tableLock'>,
  committing: boolean,
  deadline: Deadline,
): Promise<LockedRow | undefined> {
  return rows.lock(id, { create, fresh: create, visitor, tableLock, insist: committing }, deadline).catch((cause) => {
    if (committing || isForeign(cause)) throw unknownOutcome(cause);
    throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the lock was lost and could not be had again', { cause });
  });
}

/** @param cause why it cannot be found out; a foreign error stays as it is */
export function unknownOutcome(cause?: unknown): Error {
  if (cause !== undefined && isForeign(cause)) return cause as Error;
  return new PhpSessionError('ERR_SESSION_OUTCOME_UNKNOWN', 'the database did not tell whether COMMIT was done', {
    cause,
  });
}

/**
 * Whether a write whose answer was lost was not done. Bytes that are ours may be those of another request that counted from 5 to 6.
 * Others, or none, may have come after ours; and an empty row may be what a regenerate has left of it.
 *
 * @param before what the write was to replace
 */
export function isUnwritten(now: LockedRow | undefined, before: Uint8Array | undefined): boolean {
  return now !== undefined && same(now.data, before) && before?.length !== 0;
}

export interface Write {
  id: string;
  /** Moves the row to this id. */
  newId: string | undefined;
  /** What was handed out when the row was locked. */
  before: Uint8Array | undefined;
  /** No other request can have used the id: see `OpenOptions`. */
  fresh: boolean;
  /** `undefined`: only the time is set. */
  data: Uint8Array | undefined;
}

export type WriteResult = 'written' | 'touched' | 'gone';
export type DestroyResult = 'destroyed' | 'gone';

/**
 * UPDATE and COMMIT; never an INSERT of data, so that what was deleted stays deleted. A row that did not exist, and whose lock was
 * lost, is only made again under an id that no other request can have used. Otherwise others may have created it and logged out.
 */
export function write(rows: Rows, row: LockedRow, change: Write, deadline: Deadline): Promise<WriteResult> {
  const { id, newId, before, fresh, data } = change;
  const done: WriteResult = data === undefined ? 'touched' : 'written';

  return finish<WriteResult>(rows, row, { id, create: fresh && before === undefined, apply, resume }, deadline);

  async function apply(row: LockedRow, send: Send): Promise<WriteResult> {
    const { connection, table, key, data: read, usedAt } = row;
    // COMMIT follows and no ROLLBACK: it costs the same, and if it fails, the lock was lost.
    if (data === undefined && newId === undefined && !isTouchDue(table.touchInterval, usedAt)) return 'touched';
    if (data !== undefined && data.length > sizeLimit(table, data)) {
      throw new PhpSessionError(
        'ERR_SESSION_TOO_LARGE',
        `the session has ${data.length} bytes, the table (or max_allowed_packet) takes ${sizeLimit(table, data)}`,
      );
    }
    const { touch, write, touchAs, writeAs } = table.sql;
    const [touching, writing] = newId === undefined ? [touch, write] : [touchAs, writeAs];
    const moved = newId === undefined ? [] : [rows.keyOf(newId)];
    const update: Statement =
      data === undefined
        ? [touching, [...moved, key]]
        : [writing, [...moved, asBuffer(data), key, zlib.crc32(read ?? '')]];
    if (data !== undefined || newId !== undefined) await row.tableLock?.assertOurs(connection, deadline);
    const isReadBack = data !== undefined && needsReadBack(table, data);
    const fitsAsHex = data === undefined || data.length * 2 < table.maxPacket;
    try {
      // mysql2 sets CLIENT_FOUND_ROWS: rows that were matched, changed or not.
      const matched = await send(
        newId === undefined || table.sql.leave === undefined
          ? [update]
          : [update, [table.sql.leave, [key, ...table.parametersOf(row.visitor)]]],
        fitsAsHex && !isReadBack,
      );
      if (matched === 0 && data === undefined) return 'gone';
      // Although it was locked: the table was moved to an engine without row locks.
      if (matched === 0) throw new Failed('retry', 'the row is not as it was read', { errno: 1020 }); // ER_CHECKREAD
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
      throw new PhpSessionError('ERR_SESSION_ID', 'the new session id exists already', { cause: error });
    }
    if (isReadBack) {
      const [stored] = await connection.execute<[Uint8Array | null][]>(table.sql.readBack, [moved[0] ?? key], deadline);
      if (!same(stored?.[0] ?? new Uint8Array(), data)) {
        throw new PhpSessionError('ERR_SESSION_CHARSET', 'the character set of the column would change the data');
      }
    }
    return done;
  }

  async function resume(now: LockedRow | undefined, committing: boolean): Promise<WriteResult | 'again'> {
    // No other request knows an id that was just made. So what is under it shows what COMMIT did.
    if (committing && newId !== undefined) {
      if (await holds(rows, newId, data ?? before, deadline)) return done;
      return afterLoss(now);
    }
    if (committing && fresh && data !== undefined && now?.data !== undefined && same(now.data, data)) return done;
    // Setting the time is right whatever the data are now.
    if (!committing || data === undefined) return afterLoss(now);
    if (isUnwritten(now, before)) return 'again';
    throw unknownOutcome();
  }

  /** For when nothing was committed. */
  function afterLoss(now: LockedRow | undefined): WriteResult | 'again' {
    if (now === undefined) return 'gone';
    if (same(now.data, before) || (data === undefined && newId === undefined)) return 'again';
    throw new PhpSessionError('ERR_SESSION_CONFLICT', 'the lock was lost, and another request has written meanwhile');
  }
}

export interface Removal {
  readonly id: string;
  /** See `SessionLease.destroy()`. */
  readonly empty: Uint8Array | undefined;
}

/**
 * DELETE and COMMIT, whatever the row holds now; but only once. A tombstone is left, unless a rule of the table refuses it.
 *
 * @returns `'gone'` when there was nothing in it any more after the lock was lost
 * @throws PhpSessionError `ERR_SESSION_OUTCOME_UNKNOWN` when the answer to COMMIT was lost, and there is another session now
 */
export function remove(rows: Rows, row: LockedRow, { id, empty }: Removal, deadline: Deadline): Promise<DestroyResult> {
  /** A logout must work where the table has rules that a tombstone does not meet. */
  let isRefused = false;
  return finish<DestroyResult>(
    rows,
    row,
    {
      id,
      create: false,
      apply: async ({ table, key }, send) => {
        const { remove, bury } = table.sql;
        const burial = bury === undefined || isRefused ? [] : [[bury, [tombstoneOf(key)]] as const];
        try {
          await send([[remove, [key]], ...burial]);
        } catch (error) {
          if (isRefused || !refusesRow(error)) throw error;
          isRefused = true;
          throw new Failed('retry', 'the table refuses a tombstone'); // and again, without it
        }
        return 'destroyed';
      },
      resume: async (now, committing) => {
        // By our own COMMIT, by another logout, or under another id, where the session goes on.
        if (now === undefined || (isHeld(row.data, empty) && !isHeld(now.data, empty))) return 'gone';
        // It may have been deleted, and begun again by a visitor who has not logged out.
        if (committing && !same(now.data, row.data)) throw unknownOutcome();
        return 'again';
      },
    },
    deadline,
  );
}

/**
 * Whether the row exists with these data. It is read without a lock: the caller has the lock of the row under the old id, or that row is
 * missing. So the transaction that may have moved it is over.
 */
async function holds(rows: Rows, id: string, data: Uint8Array | undefined, deadline: Deadline): Promise<boolean> {
  const { row } = await rows.read(id, deadline).catch((error) => {
    throw unknownOutcome(error);
  });
  return row !== undefined && same(row.data, data ?? new Uint8Array());
}

/** Whether there is a row and something in it. A session that was moved leaves an empty one. */
function isHeld(data: Uint8Array | undefined, empty: Uint8Array | undefined): boolean {
  return data !== undefined && data.length > 0 && !(empty !== undefined && same(data, empty));
}
