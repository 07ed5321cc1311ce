import { PhpSessionError } from '../../errors.ts';
import { Deadline, DeadlineExpired } from '../deadline.ts';
import { Connection, type Owner } from './connection.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { driver } from './driver.ts';
import type { Endpoints, Traffic } from './endpoints.ts';
import { classify, toSessionError } from './errors.ts';
import type { Settings } from './options.ts';
import { Room } from './room.ts';

/** Milliseconds between two looks for connections that have been idle for too long. */
const SWEEP = 1_000;

/** Milliseconds for which a connection may be idle while the server is short of room. */
const SHORT_IDLE = 1_000;

/** What connections are for. */
export interface ConnectionKind {
  /**
   * `false`: for locks that are held. Each connection is in a transaction from its first statement to COMMIT or ROLLBACK.
   * `true`: for single statements that lock nothing beyond their own end, one round trip each.
   */
  readonly autocommit: boolean;
  /** How many connections there may be. */
  readonly limit: number;
  /** Whether those who ask can do without, and rather hear at once that the server has no room for one more. */
  readonly isDispensable?: boolean;
}

/** Who waits for a place. */
interface Waiter {
  readonly ticket: number;
  readonly proceed: () => void;
}

/**
 * The connections of one kind: made when they are needed, all to the server that `Endpoints` chooses. A pool of our own, as
 * the queue of mysql2's cannot be left, and it knows one server only.
 *
 * The server ends each connection that stays silent for `maxHold`, idle ones in the pool included. Those that have
 * been idle for half of that are ended from here, so that none breaks on the way to its first statement.
 *
 * While the server has no room for more (`Room`), those who ask share the connections that there are, in the order in which they
 * came, and idle ones are given back soon. Where requests wait, a connection is given up after some seconds even if nothing was
 * refused here: a pool that has all that it may have would never learn that others have none.
 */
export class Connections implements Owner, Traffic {
  readonly autocommit: boolean;
  readonly #settings: Settings;
  readonly #endpoints: Endpoints;
  readonly #limit: number;
  /** In use: each takes a place until it is given back or gone. */
  readonly #held = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** By their tickets. */
  readonly #waiters: Waiter[] = [];
  #tickets = 0;
  #places: number;
  readonly #isDispensable: boolean;
  readonly #room: Room;
  readonly #proceed = () => this.#admit();
  /** Connections that were last used before this moment are suspect: another one of their age broke. */
  #suspectUntil = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param room of the server in use: one for all pools that have these `endpoints` */
  constructor(
    settings: Settings,
    endpoints: Endpoints,
    { autocommit, limit, isDispensable = false }: ConnectionKind,
    room: Room = new Room(),
  ) {
    this.autocommit = autocommit;
    this.#isDispensable = isDispensable;
    this.#room = room;
    this.#settings = settings;
    this.#endpoints = endpoints;
    this.#limit = limit;
    this.#places = limit;
    endpoints.join(this);
    room.join(this.#proceed);
  }

  /**
   * @throws PhpSessionError `ERR_SESSION_BUSY` when all connections are in use until the deadline,
   *   `ERR_SESSION_UNAVAILABLE` when none could be made until then, as with a server that has no room for more; otherwise the
   *   driver's error, and for a kind that is dispensable also that of such a server, at once
   */
  async get(deadline: Deadline): Promise<Connection> {
    const ticket = this.#tickets++;
    for (;;) {
      const atHand = this.#atOnce();
      if (atHand !== undefined) return atHand;
      if (this.#isDispensable && this.#room.isShort) throw this.#room.refusal;
      const connection = await this.#wait(ticket, deadline);
      if (connection === undefined) continue;
      if (connection.isPrepared) return connection;
      try {
        await connection.prepare(deadline);
        return connection;
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
    this.#endpoints.leave(this);
    for (const connection of this.#held) connection.destroy();
    this.#admit(); // they hear that it is closed
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }

  /** A connection that is there, which is the usual case. */
  #atOnce(): Connection | undefined {
    if (this.#places === 0 || this.#closed || this.#endpoints.atHand() === undefined) return undefined;
    this.#dropStale();
    if (this.#spare <= 0) return undefined;
    const connection = this.#idle.pop()!;
    this.#places--;
    this.#held.add(connection);
    return connection;
  }

  /** @returns `undefined` when there is none any more: wait again */
  async #wait(ticket: number, deadline: Deadline): Promise<Connection | undefined> {
    await this.#enter(ticket, deadline);
    return this.#take(deadline);
  }

  /** Waits for one of the places, first come, first served. */
  async #enter(ticket: number, deadline: Deadline): Promise<void> {
    if (this.#waiters.length === 0 && this.#places > 0 && this.#mayEnter()) {
      this.#places--;
      return;
    }
    let waiter!: Waiter;
    const turn = new Promise<void>((proceed) => {
      waiter = { ticket, proceed };
    });
    // Whoever was refused by the server comes before those who have come since.
    const behind = this.#waiters.findLastIndex((other) => other.ticket < ticket);
    this.#waiters.splice(behind + 1, 0, waiter);
    this.#admit();
    try {
      await deadline.race(turn);
    } catch (error) {
      const place = this.#waiters.indexOf(waiter);
      if (place >= 0) this.#waiters.splice(place, 1);
      else this.#leave(); // the turn came in the same moment
      if (!(error instanceof DeadlineExpired)) throw error;
      if (this.#places > 0 && this.#room.refusal !== undefined) throw toSessionError(this.#room.refusal);
      throw new PhpSessionError('ERR_SESSION_BUSY', `all ${this.#limit} connections are in use (connectionLimit)`);
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
    return this.#endpoints.atHand() === undefined; // #take() waits for one
  }

  /** Whether the server has room for one more, by now. If so, it is for whoever comes next in the queue then. */
  async #try(): Promise<void> {
    let connection: Connection;
    try {
      connection = new Connection(driver, this.#endpoints.atHand()!, this.#settings, this);
    } catch {
      this.#room.forget(); // a stream of the application's own: they shall see for themselves
      return;
    }
    this.#places--;
    this.#held.add(connection);
    this.#room.try(connection);
    let failure: unknown;
    try {
      await connection.prepare(new Deadline(this.#settings.timeout));
    } catch (error) {
      failure = error;
    }
    this.#room.tried(connection, failure === undefined, this.#proceed);
    if (failure === undefined) connection.giveBack();
    else if (classify(failure) !== 'full') this.#room.forget(); // they shall see for themselves
  }

  /** Idle connections without those who were let in and have not taken theirs yet. */
  get #spare(): number {
    const letIn = this.#limit - this.#places - this.#held.size;
    return this.#idle.length - letIn;
  }

  #leave(): void {
    this.#places++;
    this.#admit();
  }

  /** A connection for a place; `undefined` when there is none, and none can be made now. */
  async #take(deadline: Deadline): Promise<Connection | undefined> {
    try {
      const endpoint = await this.#endpoints.choose(deadline);
      if (this.#closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
      this.#sweeper ??= setInterval(() => this.#dropStale(), Math.min(SWEEP, this.#settings.maxHold * 250)).unref();
      this.#dropStale();
      const isNew = this.#idle.length === 0 && this.#room.isOpen;
      const connection = isNew ? new Connection(driver, endpoint, this.#settings, this) : this.#idle.pop();
      if (connection === undefined) this.#leave();
      else this.#held.add(connection);
      return connection;
    } catch (error) {
      this.#leave();
      throw error instanceof DeadlineExpired ? toSessionError(error) : error;
    }
  }

  /** Whether a server is still the one for new work, although a connection to it could not be made. */
  async #isStill(endpoint: MysqlConnectionOptions, deadline: Deadline): Promise<boolean> {
    this.#endpoints.doubt(endpoint);
    try {
      return (await this.#endpoints.choose(deadline)) === endpoint;
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

  free(connection: Connection): void {
    this.#held.delete(connection);
    const isOver = this.#closed || !this.#endpoints.isCurrent(connection.endpoint);
    const isGivenUp = !isOver && this.#isGivenUp(connection);
    if (isGivenUp) this.#room.rest();
    if (isOver || isGivenUp) void connection.end();
    else this.#idle.push(connection);
    this.#leave();
  }

  /** Never the last one: those who wait shall have something to wait for. */
  #isGivenUp({ retiresAt }: Connection): boolean {
    if (this.#waiters.length === 0 || performance.now() < retiresAt) return false;
    return this.#idle.length > 0 || [...this.#held].some(({ isPrepared }) => isPrepared);
  }

  gone(connection: Connection, broke: boolean): void {
    if (!this.#held.delete(connection)) {
      const place = this.#idle.indexOf(connection);
      if (place >= 0) this.#idle.splice(place, 1);
      return;
    }
    if (broke) {
      this.#suspectUntil = performance.now();
      this.#endpoints.doubt(connection.endpoint);
    }
    this.#leave();
  }

  failed(connection: Connection, error: unknown): void {
    // A server that is full is well. Those who have a connection go on using it.
    if (classify(error) !== 'full') this.#endpoints.doubt(connection.endpoint);
    else if (!connection.isPrepared) this.#room.refused(connection, error);
  }

  busy(): boolean {
    return this.#held.size > 0;
  }

  /**
   * Leases that are out stay where they are. What waits for a silent server without holding anything begins again elsewhere
   * at once; a server that was only slow may still do what is to be committed.
   */
  moved(from: MysqlConnectionOptions, isSilent: boolean): void {
    this.#room.forget();
    for (const connection of this.#idle.splice(0)) void connection.end();
    if (!isSilent) return;
    for (const connection of this.#held) {
      if (connection.endpoint === from && connection.onLost === undefined) connection.destroy();
    }
  }

  buried(endpoint: MysqlConnectionOptions): void {
    for (const connection of this.#held) if (connection.endpoint === endpoint) connection.destroy();
  }
}
