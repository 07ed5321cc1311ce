import { PhpSessionError } from '../../errors.ts';
import { Deadline } from '../deadline.ts';
import type { ColumnValue, RowColumns, Visitor } from '../store.ts';
import { isTouchDue, lastUse } from '../touch.ts';
import { same } from './bytes.ts';
import type { Connection } from './connection.ts';
import { classify, Failed, isOfTable } from './errors.ts';
import type { NamedLock } from './locks.ts';
import { nameOf } from './named-lock.ts';
import { cannotMakeRow, lacksValue, NO_NEW_ROWS } from './new-row.ts';
import type { Settings } from './options.ts';
import type { SampledRow } from './other-rows.ts';
import type { ConnectionPool } from './pool.ts';
import { LOCK_PATIENCE, Retries } from './retries.ts';
import { describeTable, type TableDescription } from './table.ts';
import { TableLockOfSession } from './table-lock.ts';
import { tombstoneOf } from './tombstone.ts';

/** A row that was read, with or without a lock. */
export interface ReadRow {
  readonly table: TableDescription;
  /** What is in its id column: see `RowOptions.key`. */
  readonly key: string;
  readonly data: Uint8Array;
  /** Those of the option `row.read`. */
  readonly columns: RowColumns | undefined;
  /** For `isTouchDue()`. */
  readonly usedAt: number;
}

/** What was read without the lock: the row, if there is one, and which logout was the last under its id. */
export interface Reading {
  readonly row: ReadRow | undefined;
  /** The time of the tombstone; `null`: there was no logout, `undefined`: that cannot be known. */
  readonly tombstone: string | null | undefined;
}

/** A row that is locked by the transaction of this connection. */
export interface LockedRow {
  readonly connection: Connection;
  readonly table: TableDescription;
  /** What is in its id column: see `RowOptions.key`. */
  readonly key: string;
  /** For rows that are made with it. */
  readonly visitor: Visitor | undefined;
  /** `undefined`: there was no such row, and the lock is on a placeholder that the transaction inserted. */
  readonly data: Uint8Array | undefined;
  /** Those of the option `row.read`. */
  readonly columns: RowColumns | undefined;
  /** For `isTouchDue()`. */
  readonly usedAt: number;
  /** Whether there was a logout under this id after the reading for which it was locked. */
  readonly isOther: boolean;
  /** What was locked before the row: see the option `lock`. */
  readonly tableLock: TableLockOfSession | undefined;
}

/** How a row is locked. */
export interface LockHow {
  /** Locks a missing row too, by a placeholder. */
  readonly create: boolean;
  /** The id was made just now, for a session that is to be stored: where no row can be made for it, that is a failure. */
  readonly fresh?: boolean;
  /** What was read without the lock before: see `LockedRow.isOther`. */
  readonly since?: Reading | undefined;
  /** For the placeholder, and other rows that are made under this lock. */
  readonly visitor?: Visitor | undefined;
  /** See `Retries`. */
  readonly insist?: boolean;
  /** What this request has taken already, when it locks the row again. */
  readonly tableLock?: TableLockOfSession | undefined;
}

/** Locks rows, and reads them. */
export class Rows {
  readonly #settings: Settings;
  readonly #held: ConnectionPool;
  readonly #single: ConnectionPool;
  #table: TableDescription | undefined;
  /** Whether the table demanded more of a row than this store has, when one was made last. */
  #wasRefused = false;
  /** Keys of rows that are being touched. */
  readonly #touching = new Set<string>();

  /**
   * @param held connections for locks
   * @param single connections for single statements
   */
  constructor(settings: Settings, held: ConnectionPool, single: ConnectionPool) {
    this.#settings = settings;
    this.#held = held;
    this.#single = single;
  }

  /**
   * Waits for the lock of the row and reads it.
   *
   * @returns `undefined` when there is no such row, and nothing was locked
   * @throws PhpSessionError `ERR_SESSION_TABLE` for a fresh id, where the table demands more of a row
   */
  async lock(id: string, how: LockHow, deadline: Deadline): Promise<LockedRow | undefined> {
    const tableLock = await this.#takeTableLock(id, how, deadline);
    let row: LockedRow | undefined;
    try {
      row = await this.#run(this.#held, how.insist, deadline, async (connection) => {
        const found = await this.#lock(connection, id, { ...how, tableLock }, deadline);
        if (found === undefined) await connection.rollback(deadline);
        else if (tableLock?.isLate) await this.#renew(tableLock, deadline);
        return found;
      });
    } finally {
      if (row === undefined) await this.unlock(tableLock);
    }
    return row;
  }

  /** For a transaction that has ended. What cannot be freed ends by itself. */
  async unlock(tableLock: TableLockOfSession | undefined): Promise<void> {
    if (tableLock === undefined) return;
    const deadline = new Deadline(LOCK_PATIENCE);
    const freed = this.#run(this.#single, false, deadline, async (connection) => {
      await tableLock.free(connection, deadline);
      connection.release();
    });
    await freed.catch(() => undefined);
  }

  /** Without a connection that would lock the row: those that wait must not take them all. */
  async #takeTableLock(
    id: string,
    { tableLock: taken, insist }: LockHow,
    deadline: Deadline,
  ): Promise<TableLockOfSession | undefined> {
    const { tableLock: lock } = this.#settings;
    if (lock === undefined) return undefined;
    const tableLock = taken ?? new TableLockOfSession(lock, id);
    try {
      await this.#run(this.#single, insist, deadline, async (connection) => {
        await tableLock.take(connection, deadline);
        connection.release();
      });
    } catch (error) {
      await this.unlock(tableLock); // the answer may have come too late
      throw error;
    }
    return tableLock;
  }

  /**
   * After a long wait for a connection or for the row, when others may have the lock of the table. Then this throws, the row is let go, so
   * that they can write it, and is locked and read anew.
   *
   * @throws Failed `locked`
   */
  async #renew(tableLock: TableLockOfSession, deadline: Deadline): Promise<void> {
    const connection = await this.#single.acquire(deadline);
    try {
      await tableLock.take(connection, deadline);
    } catch (error) {
      await connection.rollback(deadline);
      throw error;
    }
    connection.release();
  }

  /** Reads what was committed last, without a lock. */
  read(id: string, deadline: Deadline): Promise<Reading> {
    return this.#run(this.#single, false, deadline, async (connection) => {
      const table = this.#table ?? (await this.table(connection, deadline));
      const { read, bury } = table.sql;
      const key = this.keyOf(id);
      const values = bury === undefined ? [key] : [tombstoneOf(key), key];
      const found = await this.#select(connection, table, read, values, key, deadline);
      connection.release();
      return { row: typeof found.row === 'string' ? undefined : found.row, tombstone: found.tombstone };
    });
  }

  /**
   * @returns see `Statements.sample`; none where they cannot be read, as on NDB while one of the rows is locked
   * @throws PhpSessionError `ERR_SESSION_TABLE` where PHP's side would not read a row of ours
   */
  async sample(deadline: Deadline): Promise<Uint8Array[]> {
    const asked = this.#run(this.#single, false, deadline, async (connection) => {
      const table = this.#table ?? (await this.table(connection, deadline));
      const rows = await connection.execute<SampledRow[]>(table.sql.sample, [], deadline);
      connection.release();
      return { table, rows };
    });
    const found = await asked.catch(() => undefined);
    const why = found?.table.whyOthers(found.rows);
    if (why === undefined) return found?.rows.map(([data]) => data) ?? [];
    throw new PhpSessionError(
      'ERR_SESSION_TABLE',
      `no session was made, as PHP would not read it: of the other rows, ${why}`,
    );
  }

  /**
   * Sets the time, if that is due and the row is not locked. One request of this process at a time tries: while another client has the
   * lock, the polls of one visitor would otherwise take all connections from the others.
   *
   * @returns whether there is such a row, as far as is known
   */
  async touch({ table, key, usedAt }: ReadRow, deadline: Deadline): Promise<boolean> {
    if (!isTouchDue(table.touchInterval, usedAt) || this.#touching.has(key)) return true;
    this.#touching.add(key);
    const done = this.#run(this.#single, false, deadline, async (connection) => {
      const touching = connection.execute<{ affectedRows: number }>(table.sql.touch, [key], deadline);
      const { affectedRows } = await touching.catch((error) => {
        if (classify(error) === 'locked') return { affectedRows: 1 }; // the holder of the lock sets the time
        throw error;
      });
      connection.release();
      return affectedRows > 0;
    });
    return done.finally(() => this.#touching.delete(key));
  }

  /**
   * Whatever fails, the transaction is rolled back and begun again from the read, while the deadline lasts and the failure is
   * a temporary one.
   */
  async #run<Result>(
    pool: ConnectionPool,
    insist: boolean | undefined,
    deadline: Deadline,
    work: (connection: Connection) => Promise<Result>,
  ): Promise<Result> {
    const retries = new Retries(insist);
    for (;;) {
      let connection: Connection | undefined;
      try {
        connection = await pool.acquire(deadline);
        return await work(connection);
      } catch (error) {
        await connection?.rollback(deadline);
        if (isOfTable(error)) this.forgetTable();
        await retries.next(error, deadline);
      }
    }
  }

  async #lock(
    connection: Connection,
    id: string,
    { create, fresh = false, since, visitor, tableLock }: LockHow,
    deadline: Deadline,
  ): Promise<LockedRow | undefined> {
    const table = this.#table ?? (await this.table(connection, deadline));
    const { lock } = this.#settings;
    const key = this.keyOf(id);
    // The row's lock is taken too: it keeps our own servers apart where one of them has another name.
    if (typeof lock !== 'string') await this.#lockName(lock, connection, table, id, key, deadline);
    const { row: found } = await this.#select(connection, table, table.sql.lock, [key], key, deadline);
    if (found === 'other') return undefined;
    if (typeof found === 'object') {
      const isOther =
        since !== undefined &&
        !same(found.data, since.row?.data) &&
        (await this.#isBuried(connection, table, key, since, deadline));
      return { connection, visitor, ...found, isOther, tableLock };
    }
    if (!this.#settings.row.makesRows) {
      if (fresh) throw cannotMakeRow(NO_NEW_ROWS);
      return undefined;
    }
    if (!create) return undefined;
    // Goes with this transaction only: if nothing is stored, gc() finds it.
    if (found === 'expired') await connection.execute(table.sql.remove, [key], deadline);
    // FOR UPDATE locks nothing where there is no row. Of several first requests, one inserts; the others wait here, and
    // get 1062 when it commits.
    try {
      await connection.execute(table.sql.placeholder, [key, ...table.parametersOf(visitor)], deadline);
    } catch (error) {
      if (table.demands === undefined || !lacksValue(error)) throw error;
      this.#wasRefused = true;
      if (!fresh) return undefined; // so there is nothing to lock, and most requests store nothing
      this.forgetTable();
      throw cannotMakeRow(table.demands, error);
    }
    if (this.#wasRefused) this.forgetTable(); // the table was fixed: the next transaction leaves rows for old ids, and tombstones
    this.#wasRefused = false;
    const isOther = since !== undefined && (await this.#isBuried(connection, table, key, since, deadline));
    const missing = { data: undefined, columns: undefined, usedAt: lastUse(null) };
    return { connection, table, key, visitor, ...missing, isOther, tableLock };
  }

  /** Whether there was a logout under this id after the reading. Called while the row is locked: there can be no logout after it. */
  async #isBuried(
    connection: Connection,
    table: TableDescription,
    key: string,
    since: Reading,
    deadline: Deadline,
  ): Promise<boolean> {
    if (since.tombstone === undefined) return false;
    const [found] = await connection.execute<[string][]>(table.sql.tombstone, [tombstoneOf(key)], deadline);
    // Where there is none any more, it was old, and was collected: a logout since would have left one.
    return found !== undefined && found[0] !== since.tombstone;
  }

  /**
   * @param values of the statement, in which the key is
   * @returns `'other'` for what can be no key of this table, or is one of another session; `'expired'` for a row that is
   *   there no more, as it were
   */
  async #select(
    connection: Connection,
    table: TableDescription,
    sql: string,
    values: readonly string[],
    key: string,
    deadline: Deadline,
  ): Promise<{ row: ReadRow | 'other' | 'expired' | undefined; tombstone?: string | null | undefined }> {
    if (key.length < table.idLength.min || key.length > table.idLength.max) return { row: 'other' };
    type Found = [
      key: string | Uint8Array | null,
      data: Uint8Array | string | null,
      charset: string | null,
      age: number | null,
      ...others: ColumnValue[],
    ];
    const [found] = await connection.execute<Found[]>(sql, values, deadline);
    if (found === undefined) return { row: undefined };
    const [foundKey, data, charset, age, ...others] = found;
    const tombstone = others[this.#settings.row.read.length] as string | null | undefined;
    if (foundKey === null) return { row: undefined, tombstone };
    if (charset !== table.charset) {
      this.forgetTable();
      throw new Failed('retry', 'ALTER TABLE has changed the character set', { errno: 1412 }); // ER_TABLE_DEF_CHANGED
    }
    // The column's collation may take another id for this one: 'ABC' or 'abc ' for 'abc'.
    if (text(foundKey) !== key) return { row: 'other', tombstone };
    if (age !== null) table.seesAge?.(age);
    if (age !== null && age > table.lifetime) return { row: 'expired', tombstone };
    // NULL is what a row of a nullable column has that was inserted without data; to PHP it is ''.
    const bytes = (data ?? new Uint8Array()) as Uint8Array;
    return { row: { table, key, data: bytes, columns: this.#columnsOf(others), usedAt: lastUse(age) }, tombstone };
  }

  /** @param values the columns of the option `row.read`, in its order, and perhaps more */
  #columnsOf(values: readonly ColumnValue[]): RowColumns | undefined {
    const { read } = this.#settings.row;
    return read.length === 0 ? undefined : Object.fromEntries(read.map(({ name }, i) => [name, values[i]!]));
  }

  async #lockName(
    lock: NamedLock,
    connection: Connection,
    table: TableDescription,
    id: string,
    key: string,
    deadline: Deadline,
  ): Promise<void> {
    let named = id;
    if (table.sql.key !== undefined) {
      const [row] = await connection.execute<[unknown][]>(table.sql.key, [key], deadline);
      if (row === undefined) return;
      named = String(row[0]);
    }
    await connection.lockName(nameOf(lock, named), deadline);
  }

  /** Whether there can be a row for this id. */
  takesId(id: string, { idLength: { min, max } }: TableDescription): boolean {
    if (!this.#settings.row.isId(id)) return false;
    const { length } = this.keyOf(id);
    return length >= min && length <= max;
  }

  /** What is in the id column for an id. @throws PhpSessionError `ERR_SESSION_TABLE` where the option `row.key` gives none */
  keyOf(id: string): string {
    return this.#settings.row.keyOf(id);
  }

  /** Asks information_schema, the first time. */
  async table(connection: Connection, deadline: Deadline): Promise<TableDescription> {
    this.#table ??= await describeTable(this.#settings, connection, deadline);
    return this.#table;
  }

  /** For when the table may be another one than described: the next transaction asks again. */
  forgetTable(): void {
    this.#table = undefined;
  }
}

function text(key: string | Uint8Array): string {
  return typeof key === 'string' ? key : Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
