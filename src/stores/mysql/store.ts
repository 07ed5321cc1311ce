import { Deadline } from '../deadline.ts';
import { encodedStore } from '../encoded.ts';
import { KeyedMutex } from '../keyed-mutex.ts';
import { noLease, noSnapshot } from '../lease.ts';
import { assertLifetime, Lifecycle, type Lock } from '../lifecycle.ts';
import type { OpenOptions, ReadOptions, SessionLease, SessionSnapshot, SessionStore } from '../store.ts';
import { compareAndSwapOrLock } from './compare-and-swap.ts';
import { serverNames } from './connection-options.ts';
import { assertDriver } from './driver.ts';
import { Failover } from './failover.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { electGcLeader, renewGcLeader, repeat } from './gc-leader.ts';
import { LockedRowSession } from './locked-row.ts';
import { type MysqlStoreOptions, readOptions, type Settings } from './options.ts';
import { ConnectionPool } from './pool.ts';
import { type LockHow, type Reading, type ReadRow, Rows } from './rows.ts';

/** Milliseconds for `sample()`: it finds mistakes in options, and must not keep requests waiting. */
const SAMPLE_PATIENCE = 1_000;

/**
 * Sessions in a table of MySQL, MariaDB or MySQL Cluster, under the row lock that PHP takes: `SELECT … FOR UPDATE` at
 * READ COMMITTED, held until COMMIT.
 *
 * An id that PHP's side would not accept (see the option `row`), that is longer than the column, or that the table's collation only takes for
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
  const settings = readOptions(options);
  const store = new MysqlStore(settings);
  return settings.encoding === undefined ? store : encodedStore(store, settings.encoding);
}

export class MysqlStore implements SessionStore {
  /** One for the process, so that two stores on the same table do not wait for each other in the database. */
  static mutex: KeyedMutex = new KeyedMutex();
  readonly defaultMode: 'exclusive' | 'merge';
  readonly gcMaxlifetime?: number;
  readonly #settings: Settings;
  readonly #connections: ConnectionPool;
  readonly #single: ConnectionPool;
  /** For writes without the lock: they wait until the row is free, and reads must not wait for them. */
  readonly #swapping: ConnectionPool;
  readonly #rows: Rows;
  readonly #life: Lifecycle;

  constructor(settings: Settings) {
    this.#settings = settings;
    const [failover, limit] = [new Failover(settings), settings.connectionLimit];
    this.#connections = new ConnectionPool(settings, failover, { autocommit: false, limit });
    this.#single = new ConnectionPool(settings, failover, { autocommit: true, limit });
    this.#swapping = new ConnectionPool(settings, failover, { autocommit: true, limit, isDispensable: true });
    this.#rows = new Rows(settings, this.#connections, this.#single);
    this.defaultMode = settings.lock === 'none' ? 'merge' : 'exclusive';
    if (settings.saidLifetime !== undefined) this.gcMaxlifetime = settings.saidLifetime;
    const { database = settings.connections[0]!.database ?? '', name } = settings.table;
    this.#life = new Lifecycle(
      settings,
      MysqlStore.mutex,
      `mysql ${serverNames(settings.connections)} ${database}.${name} `,
    );
    const { gcInterval, onGcError } = settings;
    if (gcInterval > 0) repeat(gcInterval, () => this.#gcIfElected(), onGcError, this.#life.stopping);
  }

  isId(id: string): boolean {
    return this.#settings.row.isId(id);
  }

  async open(id: string, options: OpenOptions = {}): Promise<SessionLease> {
    const { create = true, fresh = false, visitor, signal } = options;
    return this.isId(id) ? this.#life.open(id, this.#lock(id, { create, fresh, visitor }), signal) : noLease;
  }

  async read(id: string, { signal, visitor }: ReadOptions = {}): Promise<SessionSnapshot> {
    if (!this.isId(id)) return noSnapshot;
    const { timeout, lock: kind, tableLock } = this.#settings;
    const since = await this.#life.run(() => this.#rows.read(id, new Deadline(timeout, signal)), signal);
    const lock = ({ create }: { create: boolean }) => this.#life.open(id, this.#lock(id, { create, since, visitor }));
    const { row } = since;
    if (row === undefined) return { ...noSnapshot, lock };
    const touch = () => this.#rows.touch(row, new Deadline(timeout));
    return {
      data: row.data,
      columns: row.columns,
      lock,
      touch: () => this.#life.run(async () => ((await touch()) ? 'touched' : 'gone')),
      // Where PHP takes another lock, it reads and writes without the row's: what came in between would be overwritten.
      ...(typeof kind === 'string' &&
        tableLock === undefined && { replace: (data) => this.#replace(id, { ...since, row }, data) }),
    };
  }

  #lock(id: string, how: LockHow): Lock {
    return async (deadline, release) => {
      const row = await this.#rows.lock(id, how, deadline);
      return row && new LockedRowSession(this.#rows, id, row, how.fresh ?? false, release);
    };
  }

  async #replace(id: string, reading: Reading & { row: ReadRow }, data: Uint8Array): Promise<'written' | SessionLease> {
    // A request of this process that has the session now is about to write it.
    if (!this.#life.isFree(id)) return this.#life.open(id, this.#lock(id, { create: false, since: reading }));
    return this.#life.open(id, async (deadline, release) => {
      const row = await compareAndSwapOrLock(this.#rows, this.#swapping, { id, reading, data }, deadline);
      return typeof row === 'object' ? new LockedRowSession(this.#rows, id, row, false, release) : row;
    });
  }

  sample(): Promise<Uint8Array[]> {
    const patience = Math.min(this.#settings.timeout, SAMPLE_PATIENCE);
    return this.#life.run(() => this.#rows.sample(new Deadline(patience)));
  }

  async gc(maxLifetime: number): Promise<number> {
    assertLifetime(maxLifetime);
    return this.#life.run(() => this.#gc(maxLifetime));
  }

  #gc(maxLifetime: number, onBatch?: () => Promise<void>): Promise<number> {
    const { timeout, timeMeaning } = this.#settings;
    const collection = new GarbageCollector(this.#connections, this.#rows, timeout, this.#life.stopping);
    return collection.run(timeMeaning === 'expiresAt' ? 0 : maxLifetime, onBatch);
  }

  #gcIfElected(): Promise<unknown> {
    const { timeout, gcMaxlifetime, gcInterval } = this.#settings;
    return this.#life.run(async () => {
      if (!(await electGcLeader(this.#single, this.#rows, timeout))) return;
      let renewed = performance.now();
      await this.#gc(gcMaxlifetime, async () => {
        if (performance.now() - renewed < gcInterval * 250) return;
        renewed = performance.now();
        await renewGcLeader(this.#single, this.#rows, timeout);
      });
    });
  }

  close(deadline?: number): Promise<void> {
    const pools = [this.#connections, this.#single, this.#swapping];
    return this.#life.close(deadline, () => Promise.all(pools.map((pool) => pool.close())));
  }
}
