import { Deadline, DeadlineExpired } from '../deadline.ts';
import { Connection } from './connection.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { classify, Failed, type Failure } from './errors.ts';
import type { Settings } from './options.ts';
import { assertInCluster, assertWriter } from './server-role.ts';

/** Milliseconds in which a server that can be used answers; twice as many where a connection has to be made. */
const PROBE_TIMEOUT = 500;

/** Milliseconds between two questions for its role; in between, an answer of any kind will do. */
const ROLE_INTERVAL = 1_000;

/** Milliseconds between two connects to a server that is short of room: others look for some too. */
const FULL_INTERVAL = 1_000;

/** Milliseconds beyond that timeout: it was this process that slept. */
const OVERSLEPT = 200;

const UNUSABLE: ReadonlySet<Failure> = new Set<Failure>(['full', 'lost', 'read only', 'away', 'foreign']);

/** What `check()` gives for a server that is silent. */
export const NO_ANSWER: Failed = new Failed('away', 'the server does not answer', { code: 'ETIMEDOUT' });

/**
 * Whether sessions can be kept on one server, on a connection of its own. It asks for nothing that could wait: neither for
 * the table, as ALTER TABLE may be at work there, nor for what other nodes of a Galera cluster have committed.
 */
export class Health {
  readonly #endpoint: MysqlConnectionOptions;
  readonly #settings: Settings;
  #connection: Connection | undefined;
  #running: Promise<unknown> | undefined;
  #closed = false;
  /** `performance.now()` */
  #roleKnownUntil = 0;
  /** The server is short of room: until then (`performance.now()`) what was found last holds. */
  #restsUntil = 0;
  #found: unknown;

  constructor(endpoint: MysqlConnectionOptions, settings: Settings) {
    this.#endpoint = endpoint;
    this.#settings = settings;
  }

  /**
   * @param isSuspected whether something failed there: then it is asked in any case, also for its role
   * @param isShort whether requests wait for a place on the server: then no connection stays there
   * @returns what is wrong; `undefined` when nothing is. A server that is `full` is well, but has no room for one more connection
   */
  check(isSuspected: boolean, isShort: boolean): Promise<unknown> {
    if (isSuspected) this.#roleKnownUntil = this.#restsUntil = 0;
    this.#running ??= this.#check(isShort).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  async #check(isShort: boolean): Promise<unknown> {
    if (performance.now() < this.#restsUntil) return this.#found;
    const first = await this.#attempt();
    this.#found = first?.again && !this.#closed ? (await this.#attempt())?.error : first?.error;
    if (this.#found === undefined ? isShort : classify(this.#found) === 'full') {
      this.#leave();
      this.#restsUntil = performance.now() + FULL_INTERVAL;
    }
    return this.#found;
  }

  #leave(): void {
    void this.#connection?.end();
    this.#connection = undefined;
  }

  /** `again`: it may have been this connection alone, or this process. */
  async #attempt(): Promise<{ error: unknown; again: boolean } | undefined> {
    const start = performance.now();
    const isNew = this.#connection === undefined;
    const timeout = isNew ? 2 * PROBE_TIMEOUT : PROBE_TIMEOUT;
    try {
      await this.#ask(new Deadline(timeout));
      return undefined;
    } catch (error) {
      this.#connection?.destroy();
      this.#connection = undefined;
      if (error instanceof DeadlineExpired)
        return { error: NO_ANSWER, again: performance.now() - start > timeout + OVERSLEPT };
      const failure = classify(error);
      if (failure === 'retry' || (failure === 'lost' && !isNew)) return { error, again: true };
      return UNUSABLE.has(failure) ? { error, again: false } : undefined;
    }
  }

  async #ask(deadline: Deadline): Promise<void> {
    if (this.#closed) return;
    const isNew = this.#connection === undefined;
    this.#connection ??= new Connection(this.#endpoint, this.#settings, { autocommit: true });
    const connection = this.#connection;
    if (isNew) {
      await connection.prepare(deadline);
      if (connection.isGalera) await connection.query('SET SESSION wsrep_sync_wait = 0', deadline);
    } else if (performance.now() < this.#roleKnownUntil) {
      await connection.query('DO 0', deadline);
      return;
    } else {
      await assertWriter(connection, this.#settings.allowReplica, deadline);
    }
    await assertInCluster(connection, connection.isGalera, deadline);
    this.#roleKnownUntil = performance.now() + ROLE_INTERVAL;
  }
}
