import type { PhpSessionError } from '../errors.ts';

/**
 * What a session store is: it moves bytes and times under a lock, and never decodes. The codec and a store meet only
 * in `session/`.
 */
export interface SessionStore {
  /**
   * Waits for the lock of one session and reads it.
   *
   * Each lease must be released; `release()` belongs into a `finally`.
   *
   * @throws PhpSessionError `ERR_SESSION_LOCK_TIMEOUT` when the lock could not be had before the deadline,
   *   `ERR_SESSION_BUSY` when too many already wait for this id, or the process holds as many sessions as it may, `ERR_SESSION_UNAVAILABLE` when the database does not
   *   answer, `ERR_SESSION_TABLE` when the table cannot be used.
   */
  open(id: string, options?: OpenOptions): Promise<SessionLease>;

  /**
   * Reads a session without its lock: what was committed last. No request waits for it, and it waits for no lock. (On NDB, where the
   * data are in a BLOB or TEXT column, it waits while the row is locked.)
   *
   * @throws PhpSessionError as `open()`, but for what is about the lock
   */
  read(id: string, options?: ReadOptions): Promise<SessionSnapshot>;

  /**
   * Any few of the stored sessions that are not empty. They show how PHP's side writes sessions. A store whose sessions no other program
   * writes leaves this out.
   */
  sample?(): Promise<readonly Uint8Array[]>;

  /** Which ids it takes; any other one is unknown to it. Default: those that PHP takes, `[A-Za-z0-9,-]{1,256}`. */
  isId?(id: string): boolean;

  /**
   * How requests use a session that do not say it: `merge` where PHP's side takes no lock (see `RequestMode`). Default `exclusive`.
   */
  readonly defaultMode?: 'exclusive' | 'merge';

  /**
   * Seconds for which a session lives after it was last used (PHP's `session.gc_maxlifetime`), if the application has said it: so that the option
   * `gcProbability` does not delete by a guess.
   */
  readonly gcMaxlifetime?: number;

  /**
   * Deletes sessions that were not used for longer than this (PHP's `gc`), in small batches with pauses, and leaves those that
   * are in use. Several may run at once. `close()` ends it early.
   *
   * @param maxLifetime seconds; PHP's `session.gc_maxlifetime`
   * @returns how many rows were deleted
   */
  gc(maxLifetime: number): Promise<number>;

  /**
   * Stops: refuses new leases, waits for those that are out, then ends their connections. A request without the lock has none until it
   * saves: let the server finish its requests before the store is closed.
   *
   * @param deadline milliseconds to wait for leases; default 5,000
   */
  close(deadline?: number): Promise<void>;
}

/** What a column holds; bytes for a BINARY or BLOB column. */
export type ColumnValue = string | number | Uint8Array | null;

/** Other columns of a row, by their names as they were asked for. */
export type RowColumns = Readonly<Record<string, ColumnValue>>;

/** Whose request it is. Both come from outside and may be anything: a store binds them, and never puts them into a message. */
export interface Visitor {
  /** The address of the client, as the framework has it by its own setting for trusted proxies. */
  readonly address?: string | undefined;
  /** The header `User-Agent`. */
  readonly userAgent?: string | undefined;
}

export interface ReadOptions {
  /** Gives up waiting, with the signal's reason. */
  signal?: AbortSignal;
  /** For stores that keep the visitor of a new session. Default: unknown. */
  visitor?: Visitor | undefined;
}

export interface OpenOptions extends ReadOptions {
  /**
   * Whether a session that does not exist may be created under this id. `true` takes the lock on the missing row
   * too, by a placeholder. `false` leaves the table as it is when there is no such row. Default `true`. Where the table demands
   * more of a row than a store has, there is no placeholder: the lease is not writable, or for a `fresh` id it is `ERR_SESSION_TABLE`.
   */
  create?: boolean;
  /**
   * Whether the id was made just now, so that no other request can have used it. Then the lock of a row that does not exist yet may be
   * taken again after it was lost. Otherwise that session is `'gone'`: others may have created and destroyed it meanwhile. Default
   * `false`.
   */
  fresh?: boolean;
}

/** A session that was read without its lock. */
export interface SessionSnapshot {
  /** What the row holds, or `undefined` when there is no such row. */
  readonly data: Uint8Array | undefined;
  /** See `SessionLease.unreadable`. */
  readonly unreadable?: PhpSessionError;
  /** See `SessionLease.columns`. */
  readonly columns?: RowColumns | undefined;
  /**
   * Sets the time at which the session was last used, if that is due.
   *
   * @returns `'gone'` when the row no longer exists
   */
  touch(): Promise<'touched' | 'gone'>;
  /**
   * Waits for the lock as `open(id, options)`. A store that cannot tell whether the session is still the one that was read leaves this
   * out.
   */
  lock?(options: { create: boolean }): Promise<SessionLease>;
  /**
   * Writes `data` in one step if the row still is as it was read: the usual case, for which no lock has to be held. Otherwise, or
   * where the store cannot do that, waits for the lock as `lock({ create: false })`; the lease has what is stored then. A store
   * that cannot do this leaves it out, as does one where others may write without the row's lock.
   *
   * @returns `'written'`, or the lease, which must be released
   * @throws PhpSessionError as `open()`; `ERR_SESSION_OUTCOME_UNKNOWN` when it is not known whether it was written
   */
  replace?(data: Uint8Array): Promise<'written' | SessionLease>;
}

/** One request's hold on one row. */
export interface SessionLease {
  /** What the row holds, or `undefined` when there is no such row. */
  readonly data: Uint8Array | undefined;
  /**
   * Why the row is no session to a store that unpacks its rows; `data` is then what the row holds, packed as it is. It can be destroyed, and
   * `commit()` throws this instead of writing data. Default: it is one, as far as the store can tell.
   */
  readonly unreadable?: PhpSessionError;
  /** What else was asked for of the row, such as by the option `row.read` of `mysqlStore()`. Default: nothing, as where there is no row. */
  readonly columns?: RowColumns | undefined;
  /** Whether `commit()` may write: there is such a row, or it may be created under this id. If not, it is `'gone'`. */
  readonly writable: boolean;
  /**
   * Whether this is another session than the snapshot from which it was locked: that one was destroyed, and this one begun
   * under the same id. Or there was none, and one was begun and destroyed. Default `false`.
   */
  readonly isOther?: boolean;
  /**
   * Writes, and ends the transaction: the lock is free afterwards, and the lease can only be released.
   * Without `data` only the time is set (PHP's `updateTimestamp`); a store may leave that out where it was set lately.
   *
   * @returns `'gone'` when the row no longer exists, or never did and the lock was lost; then nothing was written
   * @throws PhpSessionError `ERR_SESSION_TOO_LARGE` or `ERR_SESSION_CHARSET` when the column cannot hold the data,
   *   `ERR_SESSION_CONFLICT` when the lock was lost and another request wrote meanwhile, `ERR_SESSION_UNAVAILABLE`,
   *   `ERR_SESSION_OUTCOME_UNKNOWN`. Nothing was written then, except that the last one cannot tell.
   */
  commit(change: { data?: Uint8Array }): Promise<'written' | 'touched' | 'gone'>;
  /**
   * Moves the session to a new id when `commit()` ends the transaction; until then the old row stays.
   *
   * In the same transaction it leaves an empty row under the old id. So another request of the same browser, which comes with the
   * old id, finds an id that is known: it gets no new one, whose cookie would take the place of the one that is sent here. A store
   * whose table does not take a row of id, data and time alone leaves none.
   *
   * @throws PhpSessionError `ERR_SESSION_ID` for an id that the column cannot hold; `commit()` throws it when the id exists
   */
  rename(newId: string): Promise<void>;
  /**
   * Deletes the row and ends the transaction.
   *
   * @param empty what a session with nothing in it is written as, besides no bytes: a store that finds this after the lock was lost
   *   knows that the session has gone. Default: nothing else
   * @returns `'gone'` when there was none; or the lock was lost, and what it held is not there any more: then the session was
   *   destroyed, or goes on under another id
   * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE`, `ERR_SESSION_OUTCOME_UNKNOWN`
   */
  destroy(empty?: Uint8Array): Promise<'destroyed' | 'gone'>;
  /** Rolls back what was not committed, and frees the lock. Never throws, and may be called twice. */
  release(): Promise<void>;
}
