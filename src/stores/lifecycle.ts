import { PhpSessionError } from '../errors.ts';
import { type OptionRules, seconds, wholeNumber } from '../option-rules.ts';
import { Deadline, DeadlineExpired } from './deadline.ts';
import type { KeyedMutex, Release } from './keyed-mutex.ts';
import { Lease, type LockedSession, noLease } from './lease.ts';
import { type SessionSignals, signals, startOf } from './signals.ts';
import type { SessionLease } from './store.ts';

/** The options that every store has. */
export interface LifecycleOptions {
  /** Seconds for one `open()`: queue, connection and lock together. The same for each later call. Default 10. */
  lockTimeout?: number;
  /**
   * How many requests of this process may wait for one session. More are refused with `ERR_SESSION_BUSY`. Default 256:
   * more than a browser sends at once, which over HTTP/2 is what the web server takes of one connection (100 to 128 in nginx, Apache and
   * HAProxy). Each that waits is a socket and 15 KB of memory, and neither a lock nor a connection to the database.
   */
  maxWaiters?: number;
}

export const lifecycleRules: OptionRules<LifecycleOptions> = {
  // In milliseconds it has to fit a timer.
  lockTimeout: { default: 10, ...seconds(0.001, 2_147_483) },
  maxWaiters: { default: 256, ...wholeNumber(0, 100_000) },
};

/**
 * Takes the lock of a session, or says what it did without it; `undefined`: there is no session, and nothing was locked.
 *
 * @param release lets the next request of this process have the session; for a lock that is lost before the lease ends
 */
export type Lock<Done extends string = never> = (
  deadline: Deadline,
  release: Release,
) => Promise<LockedSession | Done | undefined>;

/**
 * What is the same in every store: the requests of this process take turns at a session, what is under way is counted, and the
 * end waits for it.
 */
export class Lifecycle {
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #maxWaiters: number;
  readonly #mutex: KeyedMutex;
  readonly #prefix: string;
  /** Leases that are out, and calls that have not ended. */
  #busy = 0;
  #idle: (() => void) | undefined;
  /** Its signal ends work that no request waits for. */
  readonly #stopping = new AbortController();
  #isOver = false;
  #closing: Promise<void> | undefined;

  /**
   * @param mutex one for all stores of this process that hold the same sessions
   * @param prefix of the keys in the mutex: other stores with the same mutex have other prefixes
   */
  constructor({ lockTimeout, maxWaiters }: Required<LifecycleOptions>, mutex: KeyedMutex, prefix: string = '') {
    this.#timeout = lockTimeout * 1000;
    this.#maxWaiters = maxWaiters;
    this.#mutex = mutex;
    this.#prefix = prefix;
  }

  /** Aborted when `close()` begins. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` for a lease that is still out when `close()` waits no longer */
  assertNotOver(): void {
    if (this.#isOver) throw storeClosed();
  }

  /** Whether no request of this process has the session. */
  isFree(id: string): boolean {
    return this.#mutex.isFree(this.#prefix + id);
  }

  /**
   * Waits until the other requests of this process have done with the session, and then for `lock`.
   *
   * @returns a lease, or what `lock` did without one
   * @throws PhpSessionError as `SessionStore.open()`
   */
  open(id: string, lock: Lock, signal?: AbortSignal): Promise<SessionLease>;
  open(id: string, lock: Lock<'written'>): Promise<SessionLease | 'written'>;
  async open(id: string, lock: Lock<'written'>, signal?: AbortSignal): Promise<SessionLease | 'written'> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#timeout, signal);
    this.#begin();
    const wait = startOf(signals.lock);
    let turn: number | undefined;
    let release: Release | undefined;
    let session: LockedSession | 'written' | undefined;
    try {
      release = await this.#mutex.acquire(this.#prefix + id, this.#maxWaiters, deadline);
      if (wait !== undefined) turn = performance.now();
      session = await lock(deadline, release);
    } catch (error) {
      release?.();
      this.#end();
      publishLock(wait, turn, deadline.aborted ? 'aborted' : 'failed');
      if (!(error instanceof DeadlineExpired)) throw error;
      throw new PhpSessionError(
        'ERR_SESSION_LOCK_TIMEOUT',
        'another request of this process held the session too long',
      );
    }
    const free = () => {
      release();
      this.#end();
    };
    if (typeof session !== 'object') {
      free();
      if (session === 'written') return session;
      publishLock(wait, turn, 'none');
      return noLease;
    }
    publishLock(wait, turn, 'locked');
    const hold = startOf(signals.release);
    return new Lease(id, session, this.#timeout, () => {
      free();
      if (hold !== undefined) signals.release.publish({ held: performance.now() - hold });
    });
  }

  /** Work without a lock, for which `close()` waits. @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` after `close()` */
  async run<Result>(work: () => Result | Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted();
    this.#begin();
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  /**
   * Refuses new work, and waits for what is under way.
   *
   * @param deadline milliseconds
   * @param end ends what is left then
   */
  close(deadline: number = 5_000, end?: () => Promise<unknown>): Promise<void> {
    this.#closing ??= this.#close(deadline, end);
    return this.#closing;
  }

  async #close(deadline: number, end?: () => Promise<unknown>): Promise<void> {
    this.#stopping.abort();
    if (this.#busy > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      await new Deadline(deadline).race(idle).catch(() => undefined);
    }
    this.#isOver = true;
    await end?.();
  }

  #begin(): void {
    if (this.stopping.aborted) throw storeClosed();
    this.#busy++;
  }

  #end(): void {
    if (--this.#busy === 0) this.#idle?.();
  }
}

/** @param turn when this request was the first in the queue of this process; `undefined`: it never was */
function publishLock(
  begun: number | undefined,
  turn: number | undefined,
  outcome: SessionSignals['lock']['outcome'],
): void {
  if (begun === undefined) return;
  const now = performance.now();
  signals.lock.publish({ waited: now - begun, queued: (turn ?? now) - begun, outcome });
}

function storeClosed(): PhpSessionError {
  return new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the store has been closed');
}

/** @throws TypeError for what is no lifetime */
export function assertLifetime(maxLifetime: number): void {
  if (!Number.isFinite(maxLifetime) || maxLifetime < 0) throw new TypeError('maxLifetime must be a number of seconds');
}
