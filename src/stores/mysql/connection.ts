import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Deadline } from '../deadline.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { type DriverCallback, type DriverConnection, type DriverQuery, driver } from './driver.ts';
import { classify, Failed, type Failure, isAnswer, isStatementLimit, noteBeforeCommit } from './errors.ts';
import { withAnyLiterals } from './literals.ts';
import type { Settings } from './options.ts';
import { LOCK_PATIENCE, LOCK_WAIT_TIMEOUT } from './retries.ts';
import { assertWriter } from './server-role.ts';
import { zoneAssignments } from './time-zone.ts';
import { VERSION } from './version.ts';

/** Milliseconds that the server has to answer `end()`. */
const GOODBYE = 1_000;

/**
 * Milliseconds after which a connection is given up where requests wait for one; up to twice as many, so that those that were
 * made together are not given up together.
 */
const LIFE = 5_000;

/** Failures that say something about the server, and not only about the statement. */
const TELLING: ReadonlySet<Failure> = new Set<Failure>(['retry', 'lost', 'read only', 'away', 'full']);

/** What a connection reports to the pool that made it. */
export interface ConnectionEvents {
  /** Its transaction is over: others may have it. */
  released(connection: Connection): void;
  /** `broke`: by itself, and not because we gave up waiting. */
  closed(connection: Connection, broke: boolean): void;
  /** A statement failed in a way that says something about the server. */
  failed(connection: Connection, error: unknown): void;
}

export interface ConnectionKind {
  /** `false`: in a transaction from the first statement to COMMIT or ROLLBACK; `true`: each statement commits itself. */
  readonly autocommit: boolean;
  /** None for a connection of no pool. */
  readonly events?: ConnectionEvents;
}

/** A text; with `rowsAsArray: false` its rows come as objects. */
type Sql = string | { sql: string; rowsAsArray: false };

/** The life of a connection: docs/architecture.md has it as a picture. */
type State =
  /** It is new: `prepare()` comes first. */
  | { readonly name: 'connecting' }
  /** It is not held, or its holder can begin again on another connection. */
  | { readonly name: 'ready' }
  /** Its holder has a lock, or may have written: that is lost with the connection. */
  | { readonly name: 'pinned'; readonly onLost: () => void }
  /**
   * No request waits for the running statement any more. The server goes on with it: a wait for a lock does not notice that its client
   * has gone. So the connection keeps its place until there is an answer. Otherwise callers that give up would open one connection
   * after the other, until the server has none left.
   */
  | { readonly name: 'abandoned'; readonly patience: Deadline; readonly cancel: () => void }
  /** It says goodbye to the server, and takes no more statements. */
  | { readonly name: 'ending' }
  | { readonly name: 'closed' };

const READY: State = { name: 'ready' };

/** One connection to one server. */
export class Connection {
  /** The server, as in the settings. */
  readonly endpoint: MysqlConnectionOptions;
  /** When the server last answered: `performance.now()`. */
  lastUsed: number = performance.now();
  /** When others may have its place on the server: `performance.now()`. */
  readonly retiresAt: number = performance.now() + LIFE * (1 + Math.random());

  /** Known when it has been prepared. */
  isGalera: boolean = false;

  readonly #driver: DriverConnection;
  readonly #settings: Settings;
  readonly #autocommit: boolean;
  readonly #events: ConnectionEvents | undefined;
  #state: State = { name: 'connecting' };
  /** Ends the wait for the statement that is under way. */
  #interrupt: ((error: unknown) => void) | undefined;
  /** The named lock that it holds, or may hold. */
  #lockedName: string | undefined;

  /** Begins to connect. */
  constructor(endpoint: MysqlConnectionOptions, settings: Settings, { autocommit, events }: ConnectionKind) {
    const { timeout } = settings;
    this.endpoint = endpoint;
    this.#settings = settings;
    this.#autocommit = autocommit;
    this.#events = events;
    this.#driver = driver.createConnection({
      ...endpoint,
      connectTimeout: Math.min(endpoint.connectTimeout ?? timeout, timeout),
      connectAttributes: {
        program_name: 'php-session-bridge',
        host: hostname(),
        pid: String(process.pid),
        php_session_bridge: VERSION,
        ...(endpoint.connectAttributes as object | undefined),
      },
      // Only for the text that ends a transaction (UPDATE and COMMIT in one round trip). No other statement may rely on it,
      // and no value may stand in a text but as literals.ts writes it (checked ids, numbers, hex): here an injection could
      // run statements of its own.
      multipleStatements: !autocommit,
      // Data go as bytes and ids are ASCII, so the connection's character set decides nothing; utf8mb4 exists everywhere.
      charset: 'utf8mb4',
      rowsAsArray: true,
      // What a number cannot hold comes as a text: another number could be the id of another user.
      supportBigNumbers: true,
    });
    // An 'error' without a listener would end the process, and a connection can break while it is not used.
    this.#driver.on('error', () => this.destroy(true));
    this.#driver.on('end', () => this.destroy(true));
  }

  get isPrepared(): boolean {
    const { name } = this.#state;
    return name === 'ready' || name === 'pinned' || name === 'abandoned';
  }

  /** Whether its holder may use it: it is not known to be broken. */
  get isUsable(): boolean {
    const { name } = this.#state;
    return name === 'ready' || name === 'pinned' || name === 'connecting';
  }

  get isPinned(): boolean {
    return this.#state.name === 'pinned';
  }

  /** Each step of its life. */
  #become(next: State): void {
    const before = this.#state;
    this.#state = next;
    if (before.name === 'abandoned') before.cancel();
    if (before.name === 'pinned' && next !== READY) before.onLost();
  }

  /**
   * Sets up the session on the server, once.
   *
   * @throws as `assertWriter()` and `query()`
   */
  async prepare(deadline: Deadline): Promise<void> {
    if (this.isPrepared) return;
    try {
      // READ COMMITTED: at REPEATABLE READ, `FOR UPDATE` of a missing row locks the gap, and two new sessions deadlock.
      await this.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', deadline);
      // Not as `@@wsrep_on`: most servers know no such variable.
      const [galera] = await this.query<[name: string, value: string][]>("SHOW VARIABLES LIKE 'wsrep_on'", deadline);
      this.isGalera = galera?.[1] === 'ON';
      await assertWriter(this, this.#settings.allowReplica, deadline);
      await this.query(
        [
          `SET SESSION autocommit = ${this.#autocommit ? 1 : 0}`, // off: saves the round trip of BEGIN
          // Errors where data would be cut or changed; without NO_BACKSLASH_ESCAPES, ANSI_QUOTES, PAD_CHAR_TO_FULL_LENGTH.
          "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
          ...zoneAssignments(this.#settings),
          // A single statement leaves a touch to the holder of the lock, and a write to a lock of its own. 1 is the least that MySQL takes.
          `innodb_lock_wait_timeout = ${this.#autocommit ? 1 : LOCK_WAIT_TIMEOUT}`,
          `lock_wait_timeout = ${LOCK_WAIT_TIMEOUT}`, // metadata locks, during ALTER TABLE
          `wait_timeout = ${this.#settings.maxHold}`,
          // None: with 0 as the server's default a session would look as if it were not there.
          'sql_select_limit = 18446744073709551615',
          // What another node has committed must be seen here: the first statement of each transaction waits for it,
          // reading (1), updating (2) or inserting (4).
          ...(this.isGalera ? ['wsrep_sync_wait = 7'] : []),
        ].join(', '),
        deadline,
      );
      this.#become(READY);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /**
   * Runs a prepared statement; or the same as text, where the server has no room for one more prepared one. When it does not
   * answer in time, the connection is lost to its holder: what the statement does later is rolled back.
   *
   * @throws the driver's error, `DeadlineExpired`, or the reason of the deadline's signal
   */
  execute<Result>(sql: string, values: readonly unknown[], deadline: Deadline): Promise<Result> {
    return this.#answer((done) => {
      // The driver remembers what it has prepared.
      this.#driver.prepare(sql, (error, statement) => {
        if (!error) {
          statement.execute(values, done);
          return;
        }
        const text = isStatementLimit(error) ? withAnyLiterals(sql, values) : undefined;
        if (text === undefined) done(error, undefined);
        else this.#send(text, done);
      });
    }, deadline);
  }

  query<Result>(sql: Sql, deadline: Deadline): Promise<Result> {
    return this.#answer((done) => this.#send(sql, done), deadline);
  }

  /**
   * Runs statements that give no rows, and then COMMIT, in one round trip. Where one fails, the server runs none of those
   * that follow.
   *
   * @returns what each of them reports
   * @throws as `query()`; `isBeforeCommit()` says whether COMMIT was not run
   */
  async queryAndCommit<Result>(statements: readonly string[], deadline: Deadline): Promise<Result[]> {
    let done = 0;
    try {
      const text = [...statements, 'COMMIT'].join('; ');
      return await this.#answer((answered) => this.#send(text, answered).on('result', () => done++), deadline);
    } catch (error) {
      if (done < statements.length) noteBeforeCommit(error);
      throw error;
    }
  }

  #send(sql: Sql, done: DriverCallback): DriverQuery {
    const options = typeof sql === 'string' ? { sql, rowsAsArray: true } : sql;
    // As it is: no question mark in it stands for a value.
    const query = driver.createQuery(options, null, done, {});
    this.#driver.addCommand(query);
    return query;
  }

  /**
   * Lets this process hear that the server has ended the connection, which it does after `maxHold`: a process that was frozen
   * for so long knows nothing of it yet.
   */
  async listen(): Promise<void> {
    if (performance.now() - this.lastUsed < this.#settings.maxHold * 500) return;
    await nextTurn(); // the rest of this turn of the event loop, which looks at no socket
    await nextTurn();
  }

  /**
   * Waits for a named lock (`GET_LOCK`), which is held until the transaction ends.
   *
   * @throws Failed `locked` when another client holds it
   */
  async lockName(name: string, deadline: Deadline): Promise<void> {
    this.#lockedName = name; // before it is asked for: the answer may come when the caller waits no longer
    const sql = `SELECT GET_LOCK(?, ${LOCK_WAIT_TIMEOUT})`;
    const [[got] = []] = await this.execute<[number | string | null][]>(sql, [name], deadline);
    if (Number(got) !== 1) throw new Failed('locked', 'the named lock is taken', { errno: 1205 }); // ER_LOCK_WAIT_TIMEOUT
  }

  /**
   * For a holder that has locked or may write something now: what it does cannot begin anew on another connection.
   *
   * @param onLost is called once if the connection breaks, or is given up, before it is released
   */
  pin(onLost: () => void): void {
    if (this.isUsable) this.#become({ name: 'pinned', onLost });
  }

  /**
   * Sends COMMIT, and releases the connection.
   *
   * @throws as `query()`: the transaction may have ended or not
   */
  async commit(deadline: Deadline): Promise<void> {
    await this.query('COMMIT', deadline);
    await this.committed(deadline);
  }

  /** For a transaction whose COMMIT is done: releases the connection. Never throws. */
  committed(deadline: Deadline): Promise<void> {
    return this.#release(undefined, deadline);
  }

  /** Ends the transaction, if it can be in one, without a trace, and releases the connection. Never throws. */
  async rollback(deadline: Deadline): Promise<void> {
    if (this.isUsable) await this.#release(this.#autocommit ? undefined : 'ROLLBACK', deadline);
  }

  /** A named lock must not stay with a connection that goes to another request: that request would have the lock too. */
  async #release(sql: 'ROLLBACK' | undefined, deadline: Deadline): Promise<void> {
    try {
      if (sql !== undefined) await this.query(sql, deadline);
      if (this.#lockedName !== undefined) await this.execute('DO RELEASE_LOCK(?)', [this.#lockedName], deadline);
      this.#lockedName = undefined;
      this.release();
    } catch {
      this.destroy();
    }
  }

  /** Only after COMMIT or ROLLBACK, unless each statement commits itself. */
  release(): void {
    if (!this.isUsable) return;
    this.#become(READY);
    this.#events?.released(this);
  }

  /** For a connection that is not held: says goodbye to the server. Never throws. */
  async end(): Promise<void> {
    if (this.#state.name === 'closed') return;
    this.#become({ name: 'ending' });
    const ended = new Promise<void>((resolve) => this.#driver.end(() => resolve()));
    await new Deadline(GOODBYE).race(ended).catch(() => undefined);
    this.destroy();
  }

  /** For a connection on which anything went wrong. The server rolls back when it notices. */
  destroy(broke: boolean = false): void {
    if (this.#state.name === 'closed') return;
    this.#become({ name: 'closed' });
    this.#events?.closed(this, broke);
    this.#driver.destroy();
    // mysql2 only ends its half of the socket; the other half of a frozen server would keep the process alive.
    this.#driver.stream?.destroy?.();
    // After it is destroyed, mysql2 does not end the running statement.
    this.#interrupt?.(connectionLost());
  }

  #answer<Result>(send: (done: DriverCallback) => void, deadline: Deadline): Promise<Result> {
    // The driver's own error for this has neither a code nor a number.
    if (this.#state.name === 'ending' || this.#state.name === 'closed') {
      const error = connectionLost();
      this.#events?.failed(this, error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      let isAbandoned = false;
      const cancel = deadline.watch((reason) => {
        isAbandoned = true;
        this.#abandon();
        reject(reason);
      });
      let isDone = false;
      const done = (error: unknown, result?: unknown) => {
        if (isDone) return;
        isDone = true;
        this.#interrupt = undefined; // it would keep the session in memory
        cancel();
        if (isAbandoned) {
          this.#recover(error);
        } else if (error) {
          if (TELLING.has(classify(error))) this.#events?.failed(this, error);
          if (!isAnswer(error)) this.destroy();
          reject(error);
        } else {
          resolve(result as Result);
        }
      };
      this.#interrupt = done;
      try {
        send((error, result) => {
          this.lastUsed = performance.now();
          // A `stream` of the application's own breaks with whatever error it likes.
          const isOfStream = error && this.#driver.stream?.errored === error;
          done(isOfStream && classify(error) === 'foreign' ? connectionLost() : error, result);
        });
      } catch (error) {
        done(error);
      }
    });
  }

  /** The holder does not wait for the statement under way any more. */
  #abandon(): void {
    if (!this.isUsable) return;
    const patience = new Deadline(LOCK_PATIENCE);
    this.#become({ name: 'abandoned', patience, cancel: patience.watch(() => this.destroy()) });
  }

  /** A statement that was abandoned has an answer. */
  #recover(error: unknown): void {
    if (this.#state.name !== 'abandoned') return;
    const { patience } = this.#state;
    if (error && !isAnswer(error)) {
      this.destroy();
    } else {
      this.#become(READY);
      void this.rollback(patience);
    }
  }
}

function connectionLost(): Failed {
  return new Failed('lost', 'the connection to the database is closed', { code: 'PROTOCOL_CONNECTION_LOST' });
}
