import { PhpSessionError } from '../../errors.ts';
import { Deadline, DeadlineExpired } from '../deadline.ts';
import { signals, startOf } from '../signals.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { classify, toSessionError } from './errors.ts';
import type { Failover, FailoverEvents } from './failover.ts';
import type { Settings } from './options.ts';
import { publishRetry } from './retries.ts';
import type { Room } from './room.ts';

/** Milliseconds between two looks for connections that have been idle for too long. */
const SWEEP = 1_000;

/** Milliseconds for which a connection may be idle while the server is short of room. */
const SHORT_IDLE = 1_000;

/** What the connections of a pool are for. */
export interface PoolKind {
  /**
   * `false`: for locks that are held. Each connection is in a transaction from its first statement to COMMIT or ROLLBACK.
   * `true`: for single statements that lock nothing beyond their own end, one round trip each.
   */
  readonly autocommit: boolean;
  /** How many connections there may be. */
  readonly limit: number;
  /** Whether callers can do without one: they hear at once that the server has no room for more. */
  readonly isDispensable?: boolean;
}

/**
 * The connections of one kind: made when they are needed, all to the server that `Failover` chooses. A pool of our own, as
 * the queue of mysql2's cannot be left, and it knows one server only.
 *
 * The server ends each connection that stays silent for `maxHold`, idle ones in the pool included. Those that have
 * been idle for half of that are ended from here, so that none breaks on the way to its first statement.
 *
 * While the server has no room for more (`Room`), those who ask share the connections that there are, in the order in which they
 * came, and idle ones are given back soon. Where requests wait, a connection is given up after some seconds even if nothing was
 * refused here: a pool that has all that it may have would never learn that others have none. (Measured for 25 s, with 8 processes of 10
 * connections and four PHP visitors on a server that takes 60: each visitor got some 250 answers, and 0 to 30 without this.)
 */
export class ConnectionPool implements ConnectionEvents, FailoverEvents {
  readonly #settings: Settings;
  readonly #failover: Failover;
  readonly #kind: PoolKind;
  readonly #room: Room;
  /** Each takes a place until it is released or closed. */
  readonly #inUse = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** Who waits for a place, by their tickets. */
  readonly #waiters: { readonly ticket: number; readonly proceed: () => void }[] = [];
  #tickets = 0;
  #places: number;
  readonly #proceed = () => this.#admit();
  /** Connections that were last used before this moment are suspect: another one of their age broke. */
  #suspectUntil = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: Settings, failover: Failover, kind: PoolKind) {
    this.#settings = settings;
    this.#failover = failover;
    this.#kind = kind;
    this.#room = failover.room;
    this.#places = kind.limit;
    failover.join(this);
    this.#room.join(this.#proceed);
  }

  /**
   * @throws PhpSessionError `ERR_SESSION_BUSY` when all connections are in use until the deadline,
   *   `ERR_SESSION_UNAVAILABLE` when none could be made until then, as with a server that has no room for more; otherwise the
   *   driver's error, and for a kind that is dispensable also that of such a server, at once
   */
  async acquire(deadline: Deadline): Promise<Connection> {
    const ticket = this.#tickets++;
    let begun: number | undefined;
    for (;;) {
      const idle = this.#takeIdle();
      if (idle !== undefined) return had(idle, begun, false);
      begun ??= startOf(signals.connection);
      if (this.#kind.isDispensable && this.#room.isShort) throw this.#room.refusal;
      await this.#takePlace(ticket, deadline);
      const connection = await this.#take(deadline);
      if (connection === undefined) continue;
      if (connection.isPrepared) return had(connection, begun, false);
      try {
        await connection.prepare(deadline);
        return had(connection, begun, true);
      } catch (error) {
        if (error instanceof DeadlineExpired) throw toSessionError(error);
        if (deadline.aborted) throw error;
        if (classify(error) === 'full') continue;
        if (await this.#isStill(connection.endpoint, deadline)) throw error;
      }
    }
  }

  /** Ends the idle connections, and breaks those in use. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#failover.leave(this);
    for (const connection of this.#inUse) connection.destroy();
    this.#admit(); // they hear that it is closed
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }

  /** A connection that is there, which is the usual case. */
  #takeIdle(): Connection | undefined {
    if (this.#places === 0 || this.#closed || this.#failover.available === undefined) return undefined;
    this.#dropStale();
    if (this.#spare <= 0) return undefined;
    const connection = this.#idle.pop()!;
    this.#places--;
    this.#inUse.add(connection);
    return connection;
  }

  /** Waits for one of the places, first come, first served. */
  async #takePlace(ticket: number, deadline: Deadline): Promise<void> {
    if (this.#waiters.length === 0 && this.#places > 0 && this.#mayEnter()) {
      this.#places--;
      return;
    }
    let proceed!: () => void;
    const turn = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const waiter = { ticket, proceed };
    // A request that the server refused comes before those that came later.
    const before = this.#waiters.findLastIndex((other) => other.ticket < ticket);
    this.#waiters.splice(before + 1, 0, waiter);
    this.#admit();
    try {
      await deadline.race(turn);
    } catch (error) {
      const place = this.#waiters.indexOf(waiter);
      if (place >= 0) this.#waiters.splice(place, 1);
      else this.#freePlace(); // the turn came in the same moment
      if (!(error instanceof DeadlineExpired)) throw error;
      if (this.#places > 0 && this.#room.refusal !== undefined) throw toSessionError(this.#room.refusal);
      throw new PhpSessionError('ERR_SESSION_BUSY', `all ${this.#kind.limit} connections are in use (connectionLimit)`);
    }
  }

  /** Lets in those who need not wait any longer. */
  #admit(): void {
    while (this.#waiters.length > 0 && this.#places > 0 && this.#mayEnter()) {
      this.#places--;
      this.#waiters.shift()!.proceed();
    }
    if (this.#waiters.length > 0 && this.#places > 0 && this.#room.mayTry) void this.#try();
  }

  #mayEnter(): boolean {
    if (this.#spare > 0 || this.#closed || this.#room.isOpen) return true;
    return this.#failover.available === undefined; // #take() waits for one
  }

  /** Tries whether the server has room for one more connection. It goes to the next request in the queue. */
  async #try(): Promise<void> {
    let connection: Connection;
    try {
      connection = this.#connect(this.#failover.available!);
    } catch {
      this.#room.forget(); // a stream of the application's own: they shall see for themselves
      return;
    }
    this.#places--;
    this.#inUse.add(connection);
    this.#room.try(connection);
    const preparing = connection.prepare(new Deadline(this.#settings.timeout));
    const failure = await preparing.catch((error: unknown) => error);
    this.#room.tried(connection, failure === undefined, this.#proceed);
    if (failure === undefined) connection.release();
    else if (classify(failure) !== 'full') this.#room.forget(); // they shall see for themselves
  }

  #connect(endpoint: MysqlConnectionOptions): Connection {
    return new Connection(endpoint, this.#settings, { autocommit: this.#kind.autocommit, events: this });
  }

  /** Idle connections without those who were let in and have not taken theirs yet. */
  get #spare(): number {
    const letIn = this.#kind.limit - this.#places - this.#inUse.size;
    return this.#idle.length - letIn;
  }

  #freePlace(): void {
    this.#places++;
    this.#admit();
  }

  /** A connection for a place; `undefined` when there is none, and none can be made now. */
  async #take(deadline: Deadline): Promise<Connection | undefined> {
    try {
      const endpoint = await this.#failover.choose(deadline);
      if (this.#closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
      this.#sweeper ??= setInterval(() => this.#dropStale(), Math.min(SWEEP, this.#settings.maxHold * 250)).unref();
      this.#dropStale();
      const isNew = this.#idle.length === 0 && this.#room.isOpen;
      const connection = isNew ? this.#connect(endpoint) : this.#idle.pop();
      if (connection === undefined) this.#freePlace();
      else this.#inUse.add(connection);
      return connection;
    } catch (error) {
      this.#freePlace();
      throw error instanceof DeadlineExpired ? toSessionError(error) : error;
    }
  }

  /** Whether a server is still the one for new work, although a connection to it could not be made. */
  async #isStill(endpoint: MysqlConnectionOptions, deadline: Deadline): Promise<boolean> {
    this.#failover.suspect(endpoint);
    try {
      return (await this.#failover.choose(deadline)) === endpoint;
    } catch {
      return true;
    }
  }

  #dropStale(): void {
    const half = this.#settings.maxHold * 500;
    const patience = this.#room.isShort ? Math.min(half, SHORT_IDLE) : half;
    const limit = Math.max(performance.now() - patience, this.#suspectUntil);
    // Those that were used last stand at the end.
    while (this.#idle.length > 0 && this.#idle[0]!.lastUsed < limit) void this.#idle.shift()!.end();
  }

  released(connection: Connection): void {
    this.#inUse.delete(connection);
    const isOver = this.#closed || !this.#failover.isCurrent(connection.endpoint);
    const isGivenUp = !isOver && this.#isGivenUp(connection);
    if (isGivenUp) this.#room.rest();
    if (isOver || isGivenUp) void connection.end();
    else this.#idle.push(connection);
    this.#freePlace();
  }

  /** Never the last one: those who wait shall have something to wait for. */
  #isGivenUp({ retiresAt }: Connection): boolean {
    if (this.#waiters.length === 0 || performance.now() < retiresAt) return false;
    return this.#idle.length > 0 || [...this.#inUse].some(({ isPrepared }) => isPrepared);
  }

  closed(connection: Connection, broke: boolean): void {
    if (!this.#inUse.delete(connection)) {
      const place = this.#idle.indexOf(connection);
      if (place >= 0) this.#idle.splice(place, 1);
      return;
    }
    if (broke) {
      this.#suspectUntil = performance.now();
      this.#failover.suspect(connection.endpoint);
    }
    this.#freePlace();
  }

  failed(connection: Connection, error: unknown): void {
    // A server that is full is well. Those who have a connection go on using it.
    if (classify(error) !== 'full') {
      this.#failover.suspect(connection.endpoint);
    } else if (!connection.isPrepared) {
      this.#room.refused(connection, error);
      publishRetry(error);
    }
  }

  get isBusy(): boolean {
    return this.#inUse.size > 0;
  }

  /**
   * What waits for a silent server without holding anything begins again elsewhere at once. Pinned connections stay where they are: a
   * server that was only slow may still do what is to be committed.
   */
  left(from: MysqlConnectionOptions, isSilent: boolean): void {
    for (const connection of this.#idle.splice(0)) void connection.end();
    if (!isSilent) return;
    for (const connection of this.#inUse) {
      if (connection.endpoint === from && !connection.isPinned) connection.destroy();
    }
  }

  died(endpoint: MysqlConnectionOptions): void {
    for (const connection of this.#inUse) if (connection.endpoint === endpoint) connection.destroy();
  }
}

/** Tells operators how long a request has waited for its connection. @param begun `undefined`: there was one */
function had(connection: Connection, begun: number | undefined, isNew: boolean): Connection {
  if (begun !== undefined) signals.connection.publish({ waited: performance.now() - begun, isNew });
  return connection;
}
