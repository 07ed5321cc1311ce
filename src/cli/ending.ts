import { PhpSessionError } from '../errors.ts';

/** What became of each of the sessions that shall end. A session is its handle here. */
export class Ending {
  readonly ended: Set<string> = new Set();
  /** They were written back after their end, and have ended again. */
  readonly cameBack: Set<string> = new Set();
  /** They may go on, and why. */
  readonly failed: Map<string, PhpSessionError> = new Map();
  readonly #all: readonly string[];
  /** They had ended before, or have become another user's. */
  readonly #gone: Set<string> = new Set();
  #isServerAway = false;

  /** @param all in the order in which they are attempted */
  constructor(all: readonly string[]) {
    this.#all = all;
  }

  /**
   * Ends one. Where it fails, the others are attempted all the same, unless no server answers.
   *
   * @param to which set it belongs to when it has ended
   * @param end tells whether it has ended by that
   */
  async attempt(handle: string, to: Set<string>, end: () => Promise<boolean>): Promise<void> {
    if (this.#isServerAway || this.failed.has(handle)) return;
    try {
      if (await end()) to.add(handle);
      else if (!this.ended.has(handle)) this.#gone.add(handle);
    } catch (error) {
      if (!(error instanceof PhpSessionError)) throw error;
      this.failed.set(handle, error);
      this.#isServerAway = error.code === 'ERR_SESSION_UNAVAILABLE';
    }
  }

  toJson(): object {
    const failed = [...this.failed].map(([handle, { code }]) => ({ handle, code }));
    const { ended, cameBack } = this;
    return { ended: [...ended], cameBack: [...cameBack], gone: [...this.#gone], failed, notTried: this.#notTried() };
  }

  toWords(): string {
    const { ended, failed } = this;
    const notTried = this.#notTried();
    return [
      `${ended.size} ended: ${listOf(ended)}`,
      ...[...this.cameBack].map((one) => `${one} came back, and was ended`),
      ...(this.#gone.size > 0
        ? [`${this.#gone.size} had ended before, or belong to another user: ${listOf(this.#gone)}`]
        : []),
      ...(failed.size > 0 ? [`${failed.size} could not be ended: ${listOf(failed.keys())}`] : []),
      ...(notTried.length > 0 ? [`${notTried.length} were not tried: ${listOf(notTried)}`] : []),
    ].join('\n');
  }

  #notTried(): string[] {
    return this.#all.filter((one) => !this.ended.has(one) && !this.#gone.has(one) && !this.failed.has(one));
  }
}

const listOf = (handles: Iterable<string>): string => [...handles].join(', ') || 'none';
