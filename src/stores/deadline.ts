/** What a race against a deadline ends with when nothing else came first. Internal: callers turn it into a `PhpSessionError`. */
export class DeadlineExpired extends Error {
  /** Milliseconds from the start of this wait, not from the start of the deadline. */
  readonly waited: number;

  constructor(waited: number) {
    super('the deadline has passed');
    this.waited = waited;
  }
}

/** One point in time by which a whole operation must have ended, however many waits it consists of. */
export class Deadline {
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param milliseconds from now
   * @param signal ends every wait early, with its reason
   */
  constructor(milliseconds: number, signal?: AbortSignal) {
    this.#end = performance.now() + milliseconds;
    this.#signal = signal;
  }

  /** Milliseconds; 0 when it has passed. */
  get remaining(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Whether the caller itself gave up. */
  get aborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /**
   * Settles as `work` does, unless the deadline passes (`DeadlineExpired`) or the caller gives up (the signal's
   * reason) before. What `work` comes to later is then of no interest any more, and not an unhandled rejection.
   */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.watch(reject);
      work.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error) => {
          cancel();
          reject(error);
        },
      );
    });
  }

  /**
   * Calls `onEnd` once, unless it is cancelled before: with `DeadlineExpired` when the deadline passes, or with the signal's
   * reason when the caller gives up.
   *
   * @returns cancels
   */
  watch(onEnd: (reason: unknown) => void): () => void {
    const signal = this.#signal;
    const start = performance.now();
    const cancel = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const end = (reason: unknown) => {
      cancel();
      onEnd(reason);
    };
    const abort = () => end(signal?.reason);
    // Not less than 0, of which Node warns from 24 on.
    const timer = setTimeout(() => end(new DeadlineExpired(performance.now() - start)), this.remaining);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    return cancel;
  }

  /** A pause before the next attempt: between half of `milliseconds` and all of it, so that competitors fall out of step. */
  async pause(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds * (0.5 + Math.random() / 2));
    });
    await this.race(slept).finally(() => clearTimeout(timer));
  }
}
