import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deadline } from '../deadline.ts';
import type { MysqlConnectionOptions } from './connection-options.ts';
import { classify, isFromServer } from './errors.ts';
import { Health, NO_ANSWER } from './health.ts';
import type { Settings } from './options.ts';

/** Milliseconds between two checks of the server in use. With the patience of a check, well below a second. */
const INTERVAL = 200;

/** Milliseconds after which a check is late, so that the other servers are looked at already. */
const LATE = 200;

/** Milliseconds between two checks of the servers that would be preferred. */
const RETURN_INTERVAL = 1_000;

/**
 * Milliseconds for which a preferred server must have passed every check before it is used again. Twice as long after each
 * time that it fails within `FORGET`, up to `MAX_TRUST`, so that one that comes and goes does not take everybody along.
 */
const TRUST = 5_000;
const MAX_TRUST = 300_000;
const FORGET = 600_000;

/** Milliseconds after which a server that was left, as it did not answer, is given up. */
const LAST_PATIENCE = 500;

/** Who uses the servers. */
export interface Traffic {
  /** Whether a statement may be under way. */
  busy(): boolean;
  /** New work goes to another server. `isSilent`: the one that was left does not answer, as far as is known. */
  moved(from: MysqlConnectionOptions, isSilent: boolean): void;
  /** That server still does not answer. */
  buried(endpoint: MysqlConnectionOptions): void;
}

interface Server {
  readonly endpoint: MysqlConnectionOptions;
  readonly health: Health;
  /** `performance.now()`; `undefined` when the last check failed. */
  healthySince: number | undefined;
  trust: number;
}

const failovers = channel('php-session-bridge:endpoint');

/**
 * Which server of the list is in use: all connections of a store go to the same one. On Galera two writers abort each other,
 * and everywhere a request finds what the one before has written.
 *
 * A server alone is not watched: there would be nothing to choose.
 */
export class Endpoints {
  readonly #servers: readonly [Server, ...Server[]];
  readonly #traffic = new Set<Traffic>();
  #current: Server;
  /** When it became the current one. */
  #since = performance.now();
  /** What is wrong when no server can be used. */
  #failure: unknown;
  #checkedAt = 0;
  #verification: Promise<void> | undefined;
  /** Something failed since the verification under way began; new work waits for its end. */
  #doubt = false;
  #blocked = false;
  #chosen = false;
  #returnCheckedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: Settings) {
    this.#servers = settings.connections.map((endpoint) => ({
      endpoint,
      health: new Health(endpoint, settings),
      healthySince: undefined,
      trust: 0,
    })) as [Server, ...Server[]];
    this.#current = this.#servers[0];
  }

  join(traffic: Traffic): void {
    this.#traffic.add(traffic);
  }

  /** When the last one has left, the servers are not watched any more. */
  leave(traffic: Traffic): void {
    this.#traffic.delete(traffic);
    if (this.#traffic.size > 0) return;
    clearInterval(this.#timer);
    for (const { health } of this.#servers) health.close();
  }

  /** The server for new work, if that is known. */
  atHand(): MysqlConnectionOptions | undefined {
    if (this.#servers.length === 1) return this.#current.endpoint;
    this.#chosen = true;
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tick(), INTERVAL).unref();
      void this.#verify(); // connects: a connection that is there tells of a silent server twice as soon as a new one
    }
    return this.#blocked || this.#failure !== undefined ? undefined : this.#current.endpoint;
  }

  /**
   * The server for new work. Waits while it is in doubt.
   *
   * @throws the error of a server when none can be used; `DeadlineExpired` or the signal's reason as `Deadline.race()`
   */
  async choose(deadline: Deadline): Promise<MysqlConnectionOptions> {
    const endpoint = this.atHand();
    if (endpoint !== undefined) return endpoint;
    // What was found while nobody asked may be long ago.
    if (this.#failure !== undefined && performance.now() - this.#checkedAt > INTERVAL)
      this.doubt(this.#current.endpoint);
    while (this.#blocked) await deadline.race(this.#verify());
    if (this.#failure !== undefined) throw this.#failure;
    return this.#current.endpoint;
  }

  /** Whether this is the server for new work. */
  isCurrent(endpoint: MysqlConnectionOptions): boolean {
    return endpoint === this.#current.endpoint;
  }

  /** Something failed there: new work waits until the server has been checked. */
  doubt(endpoint: MysqlConnectionOptions): void {
    if (this.#servers.length === 1 || !this.isCurrent(endpoint)) return;
    this.#doubt = true;
    this.#blocked = true;
    void this.#verify();
  }

  #tick(): void {
    const isUsed = this.#chosen || [...this.#traffic].some((traffic) => traffic.busy());
    this.#chosen = false;
    if (!isUsed) return;
    void this.#verify();
    if (this.#current === this.#servers[0] || performance.now() - this.#returnCheckedAt < RETURN_INTERVAL) return;
    this.#returnCheckedAt = performance.now();
    void this.#tryReturn();
  }

  #verify(): Promise<void> {
    this.#verification ??= this.#verifyCurrent().finally(() => {
      this.#verification = undefined;
      this.#blocked = false;
    });
    return this.#verification;
  }

  async #verifyCurrent(): Promise<void> {
    const from = this.#current;
    const others = this.#servers.filter((server) => server !== from);
    const late = setTimeout(() => others.forEach((server) => void this.#check(server, true)), LATE).unref();
    let error: unknown;
    do {
      const isDoubted = this.#doubt;
      this.#doubt = false;
      error = unlessFull(await this.#check(from, isDoubted));
    } while (error === undefined && this.#doubt);
    clearTimeout(late);
    this.#checkedAt = performance.now();
    this.#failure = undefined;
    if (error === undefined || this.#traffic.size === 0) return; // or closed meanwhile

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
      if (!isSlow && this.#current === from) this.#move(server, error);
      return;
    }
    if (isSlow) return;
    this.#checkedAt = performance.now();
    this.#failure = mostTelling([error, ...(await Promise.all(checks))]);
  }

  async #tryReturn(): Promise<void> {
    const preferred = this.#servers.slice(0, this.#servers.indexOf(this.#current));
    await Promise.all(preferred.map((server) => this.#check(server, true)));
    const now = performance.now();
    const next = preferred.find(({ healthySince = now, trust }) => now - healthySince >= Math.max(trust, TRUST));
    if (next !== undefined && this.#servers.indexOf(next) < this.#servers.indexOf(this.#current)) this.#move(next);
  }

  async #check(server: Server, isDoubted: boolean): Promise<unknown> {
    const error = await server.health.check(isDoubted);
    server.healthySince = error === undefined ? (server.healthySince ?? performance.now()) : undefined;
    return error;
  }

  /** @param error what is wrong with the server in use */
  #move(to: Server, error?: unknown): void {
    if (this.#traffic.size === 0) return; // closed meanwhile
    const [from, now] = [this.#current, performance.now()];
    if (error !== undefined) {
      const failedBefore = from.trust > 0 && now - this.#since < FORGET;
      from.trust = failedBefore ? Math.min(2 * from.trust, MAX_TRUST) : TRUST;
    }
    this.#current = to;
    this.#since = now;
    const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
    failovers.publish({ from: this.#servers.indexOf(from), to: this.#servers.indexOf(to), code, errno });
    const isSilent = error !== undefined && !isFromServer(error);
    for (const traffic of this.#traffic) traffic.moved(from.endpoint, isSilent);
    if (isSilent) void this.#bury(from);
  }

  /** Nobody shall wait for a server that goes on being silent, as he would until his deadline. */
  async #bury(server: Server): Promise<void> {
    await sleep(LAST_PATIENCE, undefined, { ref: false });
    const error = await this.#check(server, true);
    if (error === undefined || isFromServer(error)) return;
    for (const traffic of this.#traffic) traffic.buried(server.endpoint);
  }
}

/** Of several servers that cannot be used: one that soon can, or else one that could if it had another role. */
function mostTelling(errors: readonly unknown[]): unknown {
  const of = (failure: string) => errors.find((error) => classify(error) === failure);
  return of('full') ?? of('retry') ?? of('read only') ?? errors[0];
}

/** The server in use is not left as it is full: those who have a connection go on using it. Nobody goes to one that is. */
function unlessFull(error: unknown): unknown {
  return error !== undefined && classify(error) === 'full' ? undefined : error;
}
