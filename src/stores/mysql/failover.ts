import { setTimeout as sleep } from 'node:timers/promises';
import type { Deadline } from '../deadline.ts';
import { nameOfError, signals } from '../signals.ts';
import { type MysqlConnectionOptions, serverName } from './connection-options.ts';
import { classify, isFromServer } from './errors.ts';
import { Health, NO_ANSWER } from './health.ts';
import type { Settings } from './options.ts';
import { Room } from './room.ts';

/** Milliseconds between two probes of the server in use. With the timeout of a probe, well below a second. */
const PROBE_INTERVAL = 200;

/** Milliseconds after which a probe is late, so that the other servers are probed already. */
const PROBE_LATE = 200;

/** Milliseconds between two probes of the servers that would be preferred. */
const FAILBACK_INTERVAL = 1_000;

/**
 * Milliseconds for which a preferred server must have passed every probe before it is used again. Twice as long after each time that it
 * fails within `FAILBACK_RESET`, up to `MAX_FAILBACK_DELAY`, so that one that comes and goes does not take everybody along.
 */
const FAILBACK_DELAY = 5_000;
const MAX_FAILBACK_DELAY = 300_000;
const FAILBACK_RESET = 600_000;

/** Milliseconds after which a server that was left, as it did not answer, counts as dead. */
const DEAD_DELAY = 500;

/** What a pool has to hear. */
export interface FailoverEvents {
  /** Whether a statement may be under way. */
  readonly isBusy: boolean;
  /** New work goes to another server. `isSilent`: the one that was left does not answer, as far as is known. */
  left(from: MysqlConnectionOptions, isSilent: boolean): void;
  /** A server that was left still does not answer. */
  died(endpoint: MysqlConnectionOptions): void;
}

interface Server {
  readonly endpoint: MysqlConnectionOptions;
  readonly health: Health;
  /** `performance.now()`; `undefined` when the last probe failed. */
  healthySince: number | undefined;
  /** Milliseconds; 0 until it fails while it is in use. */
  failbackDelay: number;
}

/** What becomes of new work: docs/architecture.md has it as a picture. */
type State =
  /** It goes to the server in use. */
  | { readonly name: 'UP' }
  /** Something failed there: it waits for a probe that begins afterwards. */
  | { readonly name: 'SUSPECTED' }
  /** No server can be used: it is refused with this error. `since`: the last probe, `performance.now()`. */
  | { readonly name: 'DOWN'; readonly error: unknown; readonly since: number };

const UP: State = { name: 'UP' };

/**
 * Which server of the list is in use: all connections of a store go to the same one. On Galera two writers abort each other,
 * and everywhere a request finds what the one before has written.
 *
 * A server alone is not watched: there would be nothing to choose.
 */
export class Failover {
  /** Of the server in use. */
  readonly room: Room = new Room();
  readonly #servers: readonly [Server, ...Server[]];
  readonly #pools = new Set<FailoverEvents>();
  #current: Server;
  /** When it became the current one. */
  #since = performance.now();
  #state: State = UP;
  /** The probe that is under way. */
  #probing: Promise<void> | undefined;
  /** Whether a server was asked for since the last tick. */
  #wasAsked = false;
  #preferredProbedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: Settings) {
    this.#servers = settings.connections.map((endpoint) => ({
      endpoint,
      health: new Health(endpoint, settings),
      healthySince: undefined,
      failbackDelay: 0,
    })) as [Server, ...Server[]];
    this.#current = this.#servers[0];
  }

  join(pool: FailoverEvents): void {
    this.#pools.add(pool);
  }

  /** When the last one has left, the servers are not watched any more. */
  leave(pool: FailoverEvents): void {
    this.#pools.delete(pool);
    if (this.#pools.size > 0) return;
    clearInterval(this.#timer);
    for (const { health } of this.#servers) health.close();
  }

  /** The server for new work, if that is known. */
  get available(): MysqlConnectionOptions | undefined {
    if (this.#servers.length === 1) return this.#current.endpoint;
    this.#wasAsked = true;
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tick(), PROBE_INTERVAL).unref();
      void this.#probe(); // connects: an open connection shows twice as soon as a new one that a server is silent
    }
    return this.#state.name === 'UP' ? this.#current.endpoint : undefined;
  }

  /**
   * The server for new work. Waits while it is suspected.
   *
   * @throws the error of a server when none can be used; `DeadlineExpired` or the signal's reason as `Deadline.race()`
   */
  async choose(deadline: Deadline): Promise<MysqlConnectionOptions> {
    const endpoint = this.available;
    if (endpoint !== undefined) return endpoint;
    // The servers are not probed while there are no requests, so this may be long ago.
    if (this.#state.name === 'DOWN' && performance.now() - this.#state.since > PROBE_INTERVAL) {
      this.suspect(this.#current.endpoint);
    }
    while (this.#state.name === 'SUSPECTED') await deadline.race(this.#probe());
    if (this.#state.name === 'DOWN') throw this.#state.error;
    return this.#current.endpoint;
  }

  /** Whether this is the server for new work. */
  isCurrent(endpoint: MysqlConnectionOptions): boolean {
    return endpoint === this.#current.endpoint;
  }

  /** Something failed there: new work waits until the server has been probed. */
  suspect(endpoint: MysqlConnectionOptions): void {
    if (this.#servers.length === 1 || !this.isCurrent(endpoint)) return;
    this.#state = { name: 'SUSPECTED' }; // another one each time: see `#probeServers()`
    void this.#probe();
  }

  #tick(): void {
    const isUsed = this.#wasAsked || [...this.#pools].some(({ isBusy }) => isBusy);
    this.#wasAsked = false;
    if (!isUsed) return;
    void this.#probe();
    if (this.#current === this.#servers[0] || performance.now() - this.#preferredProbedAt < FAILBACK_INTERVAL) return;
    this.#preferredProbedAt = performance.now();
    void this.#tryFailback();
  }

  /** One at a time. */
  #probe(): Promise<void> {
    this.#probing ??= this.#probeServers().then((state) => {
      this.#probing = undefined;
      this.#state = state;
    });
    return this.#probing;
  }

  /** Probes the server in use, and the others if it cannot be used. */
  async #probeServers(): Promise<State> {
    const from = this.#current;
    const others = this.#servers.filter((server) => server !== from);
    const late = setTimeout(() => others.forEach((server) => void this.#check(server, true)), PROBE_LATE).unref();
    let state: State;
    let error: unknown;
    do {
      state = this.#state;
      error = unlessFull(await this.#check(from, state.name === 'SUSPECTED'));
    } while (error === undefined && state !== this.#state); // suspected since: that it was well before proves nothing
    clearTimeout(late);
    if (error === undefined) return UP;

    // A server that is only slow answers before the others do.
    let isSlow = false;
    if (error === NO_ANSWER) {
      void this.#check(from, true).then((again) => {
        isSlow = unlessFull(again) === undefined;
      });
    }
    const checks = others.map((server) => this.#check(server, true));
    for (const [i, server] of others.entries()) {
      if ((await checks[i]) !== undefined) continue;
      if (!isSlow && this.#current === from) this.#moveTo(server, error);
      return UP;
    }
    if (isSlow) return UP;
    return { name: 'DOWN', error: mostTelling([error, ...(await Promise.all(checks))]), since: performance.now() };
  }

  async #tryFailback(): Promise<void> {
    const preferred = this.#servers.slice(0, this.#servers.indexOf(this.#current));
    await Promise.all(preferred.map((server) => this.#check(server, true)));
    const now = performance.now();
    const next = preferred.find(
      ({ healthySince = now, failbackDelay }) => now - healthySince >= Math.max(failbackDelay, FAILBACK_DELAY),
    );
    if (next !== undefined && this.#servers.indexOf(next) < this.#servers.indexOf(this.#current)) this.#moveTo(next);
  }

  async #check(server: Server, isSuspected: boolean): Promise<unknown> {
    const isShort = server === this.#current && this.room.isShort;
    const error = await server.health.check(isSuspected, isShort);
    server.healthySince = error === undefined ? (server.healthySince ?? performance.now()) : undefined;
    return error;
  }

  /** @param error what is wrong with the server in use; none for a failback */
  #moveTo(to: Server, error?: unknown): void {
    if (this.#pools.size === 0) return; // closed meanwhile
    const [from, now] = [this.#current, performance.now()];
    if (error !== undefined) {
      const failedBefore = from.failbackDelay > 0 && now - this.#since < FAILBACK_RESET;
      from.failbackDelay = failedBefore ? Math.min(2 * from.failbackDelay, MAX_FAILBACK_DELAY) : FAILBACK_DELAY;
    }
    this.#current = to;
    this.#since = now;
    if (signals.failover.hasSubscribers) {
      const [left, chosen] = [serverName(from.endpoint), serverName(to.endpoint)];
      signals.failover.publish({ from: left, to: chosen, ...nameOfError(error) });
    }
    const isSilent = error !== undefined && !isFromServer(error);
    for (const pool of this.#pools) pool.left(from.endpoint, isSilent);
    this.room.forget();
    if (isSilent) void this.#markDead(from);
  }

  /** Who waits for a server that stays silent would wait until the deadline. */
  async #markDead(server: Server): Promise<void> {
    await sleep(DEAD_DELAY, undefined, { ref: false });
    const error = await this.#check(server, true);
    if (error === undefined || isFromServer(error)) return;
    for (const pool of this.#pools) pool.died(server.endpoint);
  }
}

/** Of several servers that cannot be used: one that soon can, or else one that could if it had another role. */
function mostTelling(errors: readonly unknown[]): unknown {
  const of = (failure: string) => errors.find((error) => classify(error) === failure);
  return of('full') ?? of('retry') ?? of('read only') ?? errors[0];
}

/** A server in use that is full stays in use: requests with a connection go on. There is no failover to a full server. */
function unlessFull(error: unknown): unknown {
  return error !== undefined && classify(error) === 'full' ? undefined : error;
}
