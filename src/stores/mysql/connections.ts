import { PhpSessionError } from '../../errors.ts';
import { type Deadline, DeadlineExpired } from '../deadline.ts';
import { Connection, type Owner } from './connection.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { type Driver, loadDriver } from './driver.ts';
import type { Endpoints, Traffic } from './endpoints.ts';
import { toSessionError } from './errors.ts';
import type { Settings } from './options.ts';

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
 * The connections of one kind: made when they are needed, all to the server that `Endpoints` chooses. A pool of our own, as
 * the queue of mysql2's cannot be left, and it knows one server only.
 *
 * The server ends each connection that stays silent for `maxHold`, idle ones in the pool included. Those that have
 * been idle for half of that are ended from here, so that none breaks on the way to its first statement.
 */
export class Connections implements Owner, Traffic {
  readonly autocommit: boolean;
  readonly #settings: Settings;
  readonly #endpoints: Endpoints;
  readonly #limit: number;
  /** In use: each takes a place until it is given back or gone. */
  readonly #held = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** Those who wait for a place. */
  readonly #waiters: (() => void)[] = [];
  #places: number;
  #driver: Driver | undefined;
  /** Connections that were last used before this moment are suspect: another one of their age broke. */
  #suspectUntil = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: Settings, endpoints: Endpoints, { autocommit, limit }: ConnectionKind) {
    this.autocommit = autocommit;
    this.#settings = settings;
    this.#endpoints = endpoints;
    this.#limit = limit;
    this.#places = limit;
    endpoints.join(this);
  }

  /**
   * @throws PhpSessionError `ERR_SESSION_BUSY` when all connections are in use until the deadline,
   *   `ERR_SESSION_UNAVAILABLE` when none could be made until then; otherwise the driver's error
   */
  async get(deadline: Deadline): Promise<Connection> {
    for (;;) {
      const connection = this.#atOnce() ?? (await this.#wait(deadline));
      if (connection.isPrepared) return connection;
      try {
        await connection.prepare(deadline);
        return connection;
      } catch (error) {
        if (error instanceof DeadlineExpired) throw toSessionError(error);
        if (deadline.aborted || (await this.#isStill(connection.endpoint, deadline))) throw error;
      }
    }
  }

  /** Ends the idle connections, and breaks those in use. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#endpoints.leave(this);
    for (const connection of this.#held) connection.destroy();
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }

  /** A connection that is there, which is the usual case. */
  #atOnce(): Connection | undefined {
    if (this.#places === 0 || this.#closed || this.#endpoints.atHand() === undefined) return undefined;
    this.#dropStale();
    const connection = this.#idle.pop();
    if (connection === undefined) return undefined;
    this.#places--;
    this.#held.add(connection);
    return connection;
  }

  async #wait(deadline: Deadline): Promise<Connection> {
    await this.#enter(deadline);
    return this.#take(deadline);
  }

  /** Waits for one of the places, first come, first served. */
  async #enter(deadline: Deadline): Promise<void> {
    if (this.#places > 0) {
      this.#places--;
      return;
    }
    let proceed!: () => void;
    const turn = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    this.#waiters.push(proceed);
    try {
      await deadline.race(turn);
    } catch (error) {
      const place = this.#waiters.indexOf(proceed);
      if (place >= 0) this.#waiters.splice(place, 1);
      else this.#leave(); // the turn came in the same moment
      if (!(error instanceof DeadlineExpired)) throw error;
      throw new PhpSessionError('ERR_SESSION_BUSY', `all ${this.#limit} connections are in use (connectionLimit)`);
    }
  }

  #leave(): void {
    const next = this.#waiters.shift();
    if (next) next();
    else this.#places++;
  }

  /** A connection for a place. */
  async #take(deadline: Deadline): Promise<Connection> {
    try {
      this.#driver ??= await loadDriver();
      const endpoint = await this.#endpoints.choose(deadline);
      if (this.#closed) throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
      this.#sweeper ??= setInterval(() => this.#dropStale(), this.#settings.maxHold * 250).unref();
      this.#dropStale();
      const connection = this.#idle.pop() ?? new Connection(this.#driver, endpoint, this.#settings, this);
      this.#held.add(connection);
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
    const limit = Math.max(performance.now() - this.#settings.maxHold * 500, this.#suspectUntil);
    // Those that were used last stand at the end.
    while (this.#idle.length > 0 && this.#idle[0]!.lastUsed < limit) void this.#idle.shift()!.end();
  }

  free(connection: Connection): void {
    this.#held.delete(connection);
    if (this.#closed || !this.#endpoints.isCurrent(connection.endpoint)) void connection.end();
    else this.#idle.push(connection);
    this.#leave();
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

  failed({ endpoint }: Connection): void {
    this.#endpoints.doubt(endpoint);
  }

  busy(): boolean {
    return this.#held.size > 0;
  }

  /**
   * Leases that are out stay where they are. What waits for a silent server without holding anything begins again elsewhere
   * at once; a server that was only slow may still do what is to be committed.
   */
  moved(from: MysqlConnectionOptions, isSilent: boolean): void {
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
