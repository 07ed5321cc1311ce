import { PhpSessionError } from '../../errors.ts';
import { shared } from '../../shared.ts';
import { Deadline, DeadlineExpired } from '../deadline.ts';
import { KeyedQueue, type Leave } from '../queue.ts';
import { isSessionId } from '../session-id.ts';
import type { OpenOptions, SessionLease, SessionSnapshot, SessionStore } from '../store.ts';
import { Collection } from './collect.ts';
import { renewTurn, repeat, takeTurn } from './collector.ts';
import { compareAndSwapOrLock } from './compare-and-swap.ts';
import { serverNames } from './connection-options.ts';
import { assertDriver } from './driver.ts';
import { Failover } from './failover.ts';
import { MysqlLease, noRow } from './lease.ts';
import { type MysqlStoreOptions, readOptions, type Settings } from './options.ts';
import { ConnectionPool } from './pool.ts';
import { type LockedRow, type Reading, type ReadRow, Rows } from './rows.ts';

/** Milliseconds for `sample()`: it helps who has made a mistake, and must not keep others waiting. */
const SAMPLE_PATIENCE = 1_000;

/**
 * Sessions in a table of MySQL, MariaDB or MySQL Cluster, under the row lock that PHP takes: `SELECT … FOR UPDATE` at
 * READ COMMITTED, held until COMMIT.
 *
 * An id that PHP would not accept, that is longer than the column, or that the table's collation only takes for
 * another one is like an id without a row and without leave to create one (`writable` is false): ids come from
 * cookies, so a strange one is no failure.
 *
 * Needs the package mysql2; connects when the first session is opened.
 *
 * @param options or a URI alone: `mysqlStore('mysql://user:password@host:port/database')`
 * @throws TypeError naming the option that is wrong
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when mysql2 is too old
 */
export function mysqlStore(options: MysqlStoreOptions | string): SessionStore {
  assertDriver();
  return new MysqlStore(readOptions(options));
}

class MysqlStore implements SessionStore {
  readonly defaultMode: 'exclusive' | 'merge';
  readonly #settings: Settings;
  readonly #connections: ConnectionPool;
  readonly #single: ConnectionPool;
  /** For writes without the lock: they wait for who has it, and reads must not wait for them. */
  readonly #swapping: ConnectionPool;
  readonly #rows: Rows;
  /** One for the process, so that two stores on the same table do not wait for each other in the database. */
  readonly #queue: KeyedQueue = shared('stores/queue', () => new KeyedQueue());
  readonly #queuePrefix: string;
  /** Leases that are out, and calls of `open()` and `collect()` that have not ended. */
  #busy = 0;
  #idle: (() => void) | undefined;
  #closed = false;
  /** Ends what nobody waits for. */
  readonly #stopping = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    const [failover, limit] = [new Failover(settings), settings.connectionLimit];
    this.#connections = new ConnectionPool(settings, failover, { autocommit: false, limit });
    this.#single = new ConnectionPool(settings, failover, { autocommit: true, limit });
    this.#swapping = new ConnectionPool(settings, failover, { autocommit: true, limit, isDispensable: true });
    this.#rows = new Rows(settings, this.#connections, this.#single);
    this.defaultMode = settings.lock === 'none' ? 'merge' : 'exclusive';
    const { schema = settings.connections[0]!.database ?? '', name } = settings.table;
    this.#queuePrefix = `mysql ${serverNames(settings.connections)} ${schema}.${name} `;
    const { collectInterval, onCollectError } = settings;
    if (collectInterval > 0)
      repeat(collectInterval, () => this.#collectInTurn(), onCollectError, this.#stopping.signal);
  }

  async open(id: string, { create = true, fresh = false, signal }: OpenOptions = {}): Promise<SessionLease> {
    signal?.throwIfAborted();
    if (!isSessionId(id)) return noRow;
    const deadline = new Deadline(this.#settings.timeout, signal);
    return this.#inTurn<never>(id, deadline, () => this.#rows.lock(id, { create, fresh }, deadline), fresh);
  }

  /** Waits until the other requests of this process have done with the session, and then for `lock`. */
  async #inTurn<Done extends string>(
    id: string,
    deadline: Deadline,
    lock: () => Promise<LockedRow | Done | undefined>,
    fresh = false,
  ): Promise<SessionLease | Done> {
    this.#begin();
    let leave: Leave | undefined;
    let row: LockedRow | Done | undefined;
    try {
      leave = await this.#queue.enter(this.#queuePrefix + id, this.#settings.maxWaiters, deadline);
      row = await lock();
    } catch (error) {
      leave?.();
      this.#end();
      if (!(error instanceof DeadlineExpired)) throw error;
      throw new PhpSessionError(
        'ERR_SESSION_LOCK_TIMEOUT',
        'another request of this process held the session too long',
      );
    }
    if (typeof row === 'object') {
      const ended = () => this.#end();
      return new MysqlLease({ rows: this.#rows, id, row, fresh, timeout: this.#settings.timeout, leave, ended });
    }
    leave();
    this.#end();
    return row ?? noRow;
  }

  async read(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<SessionSnapshot> {
    signal?.throwIfAborted();
    if (!isSessionId(id)) return nothing;
    const deadline = new Deadline(this.#settings.timeout, signal);
    const reading = await this.#counted(() => this.#rows.read(id, deadline));
    const lock = (how: { create: boolean }) => this.#lockSince(id, reading, how);
    const { row } = reading;
    if (row === undefined) return { ...nothing, lock };
    const touch = () => this.#rows.touch(id, row, new Deadline(this.#settings.timeout));
    return {
      data: row.data,
      lock,
      touch: () => this.#counted(async () => ((await touch()) ? 'touched' : 'gone')),
      // Where PHP takes a named lock, it reads and writes without the row's: what came in between would be overwritten.
      ...(typeof this.#settings.lock === 'string' && {
        replace: (data) => this.#replace(id, { ...reading, row }, data),
      }),
    };
  }

  sample(): Promise<Uint8Array[]> {
    return this.#counted(() => this.#rows.sample(new Deadline(Math.min(this.#settings.timeout, SAMPLE_PATIENCE))));
  }

  async #lockSince(id: string, since: Reading, { create }: { create: boolean }): Promise<SessionLease> {
    const deadline = new Deadline(this.#settings.timeout);
    return this.#inTurn<never>(id, deadline, () => this.#rows.lock(id, { create, since }, deadline));
  }

  async #replace(id: string, reading: Reading & { row: ReadRow }, data: Uint8Array): Promise<'written' | SessionLease> {
    const deadline = new Deadline(this.#settings.timeout);
    // Whoever of this process has the session now is about to write it.
    const isAlone = this.#queue.isFree(this.#queuePrefix + id);
    return this.#inTurn(id, deadline, () =>
      isAlone
        ? compareAndSwapOrLock(this.#rows, this.#swapping, { id, reading, data }, deadline)
        : this.#rows.lock(id, { create: false, since: reading }, deadline),
    );
  }

  async collect(maxLifetime: number): Promise<number> {
    if (!Number.isFinite(maxLifetime) || maxLifetime < 0)
      throw new TypeError('maxLifetime must be a number of seconds');
    return this.#counted(() => this.#collect(maxLifetime));
  }

  #collect(maxLifetime: number, onBatch?: () => Promise<void>): Promise<number> {
    const { timeout, timeMeaning } = this.#settings;
    const collection = new Collection(this.#connections, this.#rows, timeout, this.#stopping.signal);
    return collection.run(timeMeaning === 'expiresAt' ? 0 : maxLifetime, onBatch);
  }

  #collectInTurn(): Promise<unknown> {
    const { timeout, gcMaxlifetime, collectInterval } = this.#settings;
    return this.#counted(async () => {
      if (!(await takeTurn(this.#single, this.#rows, timeout))) return;
      let renewed = performance.now();
      await this.#collect(gcMaxlifetime, async () => {
        if (performance.now() - renewed < collectInterval * 250) return;
        renewed = performance.now();
        await renewTurn(this.#single, this.#rows, timeout);
      });
    });
  }

  close(deadline: number = 5_000): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  async #close(deadline: number): Promise<void> {
    this.#closed = true;
    this.#stopping.abort();
    if (this.#busy > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      await new Deadline(deadline).race(idle).catch(() => undefined);
    }
    await Promise.all([this.#connections.close(), this.#single.close(), this.#swapping.close()]);
  }

  /** Work that `close()` waits for. */
  async #counted<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#begin();
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    if (this.#closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    this.#busy++;
  }

  #end(): void {
    if (--this.#busy === 0) this.#idle?.();
  }
}

/** There is no such row. */
const nothing: SessionSnapshot = Object.freeze({ data: undefined, touch: async () => 'gone' as const });
