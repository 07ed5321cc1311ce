import { hostname } from 'node:os';
import { PhpSessionError } from '../../errors.ts';
import { Deadline, DeadlineExpired } from '../deadline.ts';
import { type DriverConnection, type DriverPool, loadDriver } from './driver.ts';
import { isAnswer, toSessionError } from './errors.ts';
import type { Settings } from './options.ts';
import { LOCK_WAIT_TIMEOUT } from './retries.ts';

/** Milliseconds for the farewell to the server; a frozen one gets no more. */
const GOODBYE = 1_000;

/** What connections are for. */
export interface ConnectionKind {
  /**
   * `false`: for locks that are held. Each connection is in a transaction from its first statement to COMMIT or ROLLBACK.
   * `true`: for single statements that lock nothing beyond their own end, one round trip each.
   */
  readonly autocommit: boolean;
  /** How many connections there may be. */
  readonly limit: number;
}

/**
 * The connections of one kind: a pool of our own, made when it is first used.
 *
 * The server ends each connection that stays silent for `maxHold`, idle ones in the pool included. Those that have
 * been idle for half of that are ended from here, so that none breaks on the way to its first statement. (mysql2 could
 * do it, with a timer that keeps the process alive and an `idleTimeout` that it looks at once a second.)
 */
export class Connections {
  readonly #settings: Settings;
  readonly #kind: ConnectionKind;
  readonly #known = new WeakMap<DriverConnection, Connection>();
  readonly #all = new Set<Connection>();
  readonly #held = new Set<Connection>();
  #pool: Promise<DriverPool> | undefined;
  /** Connections that were last used before this moment are suspect: another one of their age broke. */
  #suspectUntil = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: Settings, kind: ConnectionKind) {
    this.#settings = settings;
    this.#kind = kind;
  }

  /**
   * @throws PhpSessionError `ERR_SESSION_BUSY` when all connections are in use until the deadline,
   *   `ERR_SESSION_UNAVAILABLE` when none could be made until then; otherwise the driver's error
   */
  async get(deadline: Deadline): Promise<Connection> {
    try {
      for (;;) {
        const connection = await this.#take(deadline);
        this.#held.add(connection);
        if (this.#isStale(connection)) {
          connection.destroy();
          continue;
        }
        await connection.prepare(deadline);
        return connection;
      }
    } catch (error) {
      if (!(error instanceof DeadlineExpired)) throw error;
      if (this.#held.size < this.#kind.limit) throw toSessionError(error);
      throw new PhpSessionError('ERR_SESSION_BUSY', `all ${this.#held.size} connections are in use (connectionLimit)`);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#held) connection.destroy();
    const pool = await this.#pool?.catch(() => undefined);
    clearInterval(this.#sweeper);
    if (pool === undefined) return;
    const ended = new Promise<void>((resolve) => pool.end(() => resolve()));
    await new Deadline(GOODBYE).race(ended).catch(() => undefined);
    for (const connection of this.#all) connection.destroy();
  }

  async #take(deadline: Deadline): Promise<Connection> {
    if (this.#closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
    this.#pool ??= this.#open();
    const pool = await this.#pool;
    const arrival = new Promise<DriverConnection>((resolve, reject) => {
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
    try {
      return this.#wrap(await deadline.race(arrival));
    } catch (error) {
      // mysql2's queue cannot be left: what still comes is given back.
      arrival.then(
        (late) => this.#wrap(late).giveBack(),
        () => undefined,
      );
      throw error;
    }
  }

  async #open(): Promise<DriverPool> {
    const { connection, timeout } = this.#settings;
    const { autocommit, limit } = this.#kind;
    try {
      const driver = await loadDriver();
      const pool = driver.createPool({
        ...connection,
        connectionLimit: limit,
        // Below the limit, mysql2 would start its timer for idle connections.
        maxIdle: limit,
        // Only for the text that ends a transaction (UPDATE and COMMIT in one round trip), which is made of constants, ids
        // that were checked to be session ids, and hex literals. No other statement may rely on it, and no value that is
        // none of these may stand in a text: here an injection could run statements of its own.
        multipleStatements: !autocommit,
        connectTimeout: Math.min(connection.connectTimeout ?? timeout, timeout),
        connectAttributes: {
          program_name: `php-session-bridge ${hostname()} ${process.pid}`,
          ...(connection.connectAttributes as object | undefined),
        },
        // Data go as bytes and ids are ASCII, so the connection's character set decides nothing; utf8mb4 exists everywhere.
        charset: 'utf8mb4',
        rowsAsArray: true,
      });
      this.#sweeper = setInterval(() => this.#dropStale(), this.#settings.maxHold * 250).unref();
      return pool;
    } catch (error) {
      this.#pool = undefined;
      throw error;
    }
  }

  #isStale({ lastUsed }: Connection): boolean {
    const idleLimit = this.#settings.maxHold * 500;
    return lastUsed < Math.max(performance.now() - idleLimit, this.#suspectUntil);
  }

  #dropStale(): void {
    for (const connection of this.#all) {
      if (!this.#held.has(connection) && this.#isStale(connection)) connection.destroy();
    }
  }

  #wrap(driver: DriverConnection): Connection {
    let connection = this.#known.get(driver);
    if (connection === undefined) {
      connection = new Connection(driver, this.#kind.autocommit, this.#settings.maxHold, {
        free: (freed) => this.#held.delete(freed),
        gone: (gone, broke) => {
          const inUse = this.#held.delete(gone);
          this.#all.delete(gone);
          if (inUse && broke) this.#suspectUntil = performance.now();
        },
      });
      this.#known.set(driver, connection);
      this.#all.add(connection);
    }
    return connection;
  }
}

interface Owner {
  free(connection: Connection): void;
  /** `broke`: by itself, and not because we gave up waiting. */
  gone(connection: Connection, broke: boolean): void;
}

/** One connection; see `ConnectionKind` for its transactions. */
export class Connection {
  /** Called once when the connection breaks, or the server ends it, while it is held. */
  onLost: (() => void) | undefined;
  /** `performance.now()` */
  lastUsed: number = performance.now();

  readonly #driver: DriverConnection;
  readonly #autocommit: boolean;
  readonly #maxHold: number;
  readonly #owner: Owner;
  /** Ends the wait for the statement that is under way. */
  #interrupt: ((error: unknown) => void) | undefined;
  #prepared = false;
  /** Whether its holder may use it. */
  #usable = true;
  #destroyed = false;

  constructor(driver: DriverConnection, autocommit: boolean, maxHold: number, owner: Owner) {
    this.#driver = driver;
    this.#autocommit = autocommit;
    this.#maxHold = maxHold;
    this.#owner = owner;
    // An 'error' without a listener would end the process, and a connection can break while nobody uses it.
    driver.on('error', () => this.destroy(true));
    driver.on('end', () => this.destroy(true));
  }

  /** Sets up the session on the server, once. */
  async prepare(deadline: Deadline): Promise<void> {
    if (this.#prepared) return;
    try {
      // READ COMMITTED: at REPEATABLE READ, `FOR UPDATE` of a missing row locks the gap, and two new sessions deadlock.
      await this.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', deadline);
      await this.query(
        [
          `SET SESSION autocommit = ${this.#autocommit ? 1 : 0}`, // off: saves the round trip of BEGIN
          // Errors where data would be cut or changed; without NO_BACKSLASH_ESCAPES, ANSI_QUOTES, PAD_CHAR_TO_FULL_LENGTH.
          "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
          "time_zone = '+00:00'",
          `innodb_lock_wait_timeout = ${LOCK_WAIT_TIMEOUT}`,
          `lock_wait_timeout = ${LOCK_WAIT_TIMEOUT}`, // metadata locks, during ALTER TABLE
          `wait_timeout = ${this.#maxHold}`,
        ].join(', '),
        deadline,
      );
      this.#prepared = true;
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /**
   * Runs a prepared statement. When it does not answer in time, the connection is lost to its holder: what the statement
   * does later is rolled back.
   *
   * @throws the driver's error, `DeadlineExpired`, or the reason of the deadline's signal
   */
  execute<Result>(sql: string, values: readonly unknown[], deadline: Deadline): Promise<Result> {
    return this.#answer((done) => this.#driver.execute(sql, values, done), deadline);
  }

  query(sql: string, deadline: Deadline): Promise<unknown> {
    return this.#answer((done) => this.#driver.query(sql, done), deadline);
  }

  /** Ends the transaction, if it can be in one, without a trace, and gives the connection back. Never throws. */
  async rollback(deadline: Deadline): Promise<void> {
    if (!this.#usable) return;
    try {
      if (!this.#autocommit) await this.query('ROLLBACK', deadline);
      this.giveBack();
    } catch {
      this.destroy();
    }
  }

  /** Only after COMMIT or ROLLBACK, unless each statement commits itself. */
  giveBack(): void {
    if (!this.#usable) return;
    this.onLost = undefined;
    this.lastUsed = performance.now();
    this.#owner.free(this);
    this.#driver.release();
  }

  /** For a connection on which anything went wrong. The server rolls back when it notices. */
  destroy(broke: boolean = false): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#usable = false;
    this.#owner.gone(this, broke);
    this.#driver.destroy();
    // mysql2 only ends its half of the socket; the other half of a frozen server would keep the process alive.
    this.#driver.stream?.destroy?.();
    // Once it is destroyed, mysql2 tells the statement under way nothing any more.
    this.#interrupt?.({ code: 'PROTOCOL_CONNECTION_LOST' });
    const { onLost } = this;
    this.onLost = undefined;
    onLost?.();
  }

  async #answer<Result>(
    send: (done: (error: unknown, result: unknown) => void) => void,
    deadline: Deadline,
  ): Promise<Result> {
    let isPending = true;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#interrupt = reject;
      send((error, result) => {
        isPending = false;
        if (error) reject(error);
        else resolve(result as Result);
      });
    });
    try {
      return await deadline.race(answer);
    } catch (error) {
      if (isPending && !this.#destroyed) this.#abandon(answer);
      else if (!isAnswer(error)) this.destroy();
      throw error;
    }
  }

  /**
   * For a statement that nobody waits for any more. The server goes on with it: a wait for a lock does not notice that its
   * client has gone. So the connection stays in use until there is an answer. If it were closed, those who come and go
   * would open one after the other, until the server has no more for anybody.
   */
  #abandon(answer: Promise<unknown>): void {
    this.#usable = false;
    const { onLost } = this;
    this.onLost = undefined;
    const patience = new Deadline((LOCK_WAIT_TIMEOUT + 1) * 1000);
    patience
      .race(answer)
      .catch((error) => {
        if (!isAnswer(error)) throw error;
      })
      .then(() => {
        this.#usable = !this.#destroyed;
        return this.rollback(patience);
      })
      .catch(() => this.destroy());
    onLost?.();
  }
}
