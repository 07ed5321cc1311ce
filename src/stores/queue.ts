import { PhpSessionError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** Frees the place in the queue; calling it again does nothing. */
export type Leave = () => void;

/**
 * First come, first served, one at a time for each key.
 *
 * It stands before the database's lock, so that ten parallel requests of one browser take one connection and not ten:
 * a pool full of waiters starves the one request that could let them go on. It also makes the lock fair, which the
 * retry loop around `innodb_lock_wait_timeout` is not.
 */
export class KeyedQueue {
  /** A key is here while somebody holds it; the list is who comes next. */
  readonly #waiters = new Map<string, (() => void)[]>();

  /**
   * @param maxWaiters how many may already wait for this key
   * @throws PhpSessionError `ERR_SESSION_BUSY`; `DeadlineExpired` or the signal's reason as `Deadline.race()`
   */
  async enter(key: string, maxWaiters: number, deadline: Deadline): Promise<Leave> {
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) {
      this.#waiters.set(key, []);
      return this.#leaver(key);
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
      // Not in the list any more: the turn came in the same moment as the end of the wait, and goes to the next.
      if (place >= 0) waiters.splice(place, 1);
      else this.#next(key);
      throw error;
    }
    return this.#leaver(key);
  }

  /** Whether nobody holds this key, so that `enter()` would not wait. */
  isFree(key: string): boolean {
    return !this.#waiters.has(key);
  }

  #leaver(key: string): Leave {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#next(key);
    };
  }

  #next(key: string): void {
    const proceed = this.#waiters.get(key)?.shift();
    if (proceed) proceed();
    else this.#waiters.delete(key);
  }
}
