import { PhpSessionError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** Lets the next one have the key. A second call does nothing. */
export type Release = () => void;

/**
 * For each key one holder at a time. Others wait, and get it in the order in which they came.
 *
 * A request takes it before the lock of the database. So ten parallel requests of one browser need one connection and not ten. If they
 * filled the pool and waited, the request that they wait for could get no connection. It also makes the lock fair: retries after
 * `innodb_lock_wait_timeout` have no order.
 */
export class KeyedMutex {
  /** A key is here while it is held. The list has those that wait for it. */
  readonly #waiters = new Map<string, (() => void)[]>();

  /**
   * @param maxWaiters how many may already wait for this key
   * @throws PhpSessionError `ERR_SESSION_BUSY`; `DeadlineExpired` or the signal's reason as `Deadline.race()`
   */
  async acquire(key: string, maxWaiters: number, deadline: Deadline): Promise<Release> {
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) {
      this.#waiters.set(key, []);
      return this.#releaser(key);
    }
    if (waiters.length >= maxWaiters) {
      throw new PhpSessionError('ERR_SESSION_BUSY', `${waiters.length} requests already wait for this session`);
    }
    let proceed!: () => void;
    const turn = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    waiters.push(proceed);
    try {
      await deadline.race(turn);
    } catch (error) {
      const place = waiters.indexOf(proceed);
      // If it is not in the list, its turn came in the same moment as the end of the wait. The turn goes to the next one.
      if (place >= 0) waiters.splice(place, 1);
      else this.#next(key);
      throw error;
    }
    return this.#releaser(key);
  }

  /** Whether the key is not held, so that `acquire()` would not wait. */
  isFree(key: string): boolean {
    return !this.#waiters.has(key);
  }

  #releaser(key: string): Release {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#next(key);
    };
  }

  #next(key: string): void {
    const proceed = this.#waiters.get(key)?.shift();
    if (proceed) proceed();
    else this.#waiters.delete(key);
  }
}
