import { PhpSessionError } from '../../errors.ts';
import { type Deadline, DeadlineExpired } from '../deadline.ts';
import { nameOfError, signals } from '../signals.ts';
import { classify, toSessionError } from './errors.ts';

/**
 * Seconds that one statement waits for a row lock on InnoDB. Short, because the wait is a loop of such statements: only
 * between two of them can a waiter notice that its connection, its lock's owner or its caller has gone. (On NDB,
 * TransactionDeadlockDetectionTimeout of the data nodes rules: 1.2 s by default.)
 */
export const LOCK_WAIT_TIMEOUT = 2;

/** Milliseconds after which the server has answered, even if the row is locked. */
export const LOCK_PATIENCE: number = (LOCK_WAIT_TIMEOUT + 1) * 1000;

/** Decides, failure by failure, whether one transaction is begun once more before its deadline. */
export class Retries {
  readonly #insist: boolean;
  #lost = 0;
  #temporary: unknown;

  /** @param insist go on trying while the server is away, as the outcome of a COMMIT depends on its answer */
  constructor(insist = false) {
    this.#insist = insist;
  }

  /**
   * Returns when the next attempt may begin; otherwise throws what the caller shall see. The failed transaction must
   * have been rolled back before.
   */
  async next(error: unknown, deadline: Deadline): Promise<void> {
    if (deadline.aborted || error instanceof PhpSessionError) throw error;
    if (error instanceof DeadlineExpired) throw this.#expired(error);
    const failure = classify(error);
    if ((failure === 'lost' || failure === 'read only') && this.#lost++ === 0) {
      publishRetry(error);
      return;
    }
    const temporary = ['locked', 'retry', 'full', 'duplicate'].includes(failure);
    const insists = this.#insist && (failure === 'lost' || failure === 'read only' || failure === 'away');
    if (!temporary && !insists) throw toSessionError(error);
    this.#temporary = error;
    try {
      await deadline.pause(failure === 'duplicate' ? 2 : 50);
    } catch (end) {
      throw end instanceof DeadlineExpired ? this.#expired(end) : end;
    }
    publishRetry(error);
  }

  /** A statement that outlived the server's own lock wait is not waiting for a lock: the server does not answer. */
  #expired(end: DeadlineExpired): Error {
    if (this.#temporary !== undefined) return toSessionError(this.#temporary);
    if (end.waited > LOCK_PATIENCE) return toSessionError(end);
    return new PhpSessionError('ERR_SESSION_LOCK_TIMEOUT', 'the lock of the session could not be had in time');
  }
}

/** Tells operators that something is tried again, in whatever way. At the end of the time nothing is. */
export function publishRetry(error: unknown): void {
  if (!signals.retry.hasSubscribers || error instanceof DeadlineExpired) return;
  signals.retry.publish({ failure: classify(error), ...nameOfError(error) });
}
