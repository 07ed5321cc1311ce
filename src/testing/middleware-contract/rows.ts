import type { PhpSessionError } from '../../errors.ts';
import { isSessionId } from '../../stores/session-id.ts';
import type { OpenOptions, SessionLease, SessionSnapshot, SessionStore } from '../../stores/store.ts';
import { bytes, text } from '../leases.ts';

/** A store in memory of which the contract sees the rows and the locks, and which fails or waits when the contract wants it to. */
export class Rows implements SessionStore {
  readonly defaultMode = 'exclusive';
  /** Data by id. */
  readonly data: Map<string, string> = new Map();
  /** How many locks are held. */
  held = 0;
  /** How often the store was asked for anything. */
  asked = 0;
  /** How many requests wait for a lock. */
  waiting = 0;
  /** What the next calls fail with. */
  failure: { open?: PhpSessionError; commit?: PhpSessionError } = {};
  /** What each `commit()` waits for before it writes. */
  beforeCommit: Promise<unknown> | undefined;
  readonly #queues = new Map<string, Promise<void>>();

  async open(id: string, { create = true, signal }: OpenOptions = {}): Promise<SessionLease> {
    this.asked++;
    signal?.throwIfAborted();
    if (this.failure.open) throw this.failure.open;
    if (!isSessionId(id)) return this.#lease(id, false, () => undefined);
    const leave = await this.#enter(id, signal);
    const writable = create || this.data.has(id);
    if (!writable) leave();
    return this.#lease(id, writable, leave);
  }

  async read(id: string): Promise<SessionSnapshot> {
    this.asked++;
    if (this.failure.open) throw this.failure.open;
    const data = this.data.get(id);
    return {
      data: data === undefined ? undefined : bytes(data),
      touch: async () => (this.data.has(id) ? 'touched' : 'gone'),
    };
  }

  async gc(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  async #enter(id: string, signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#queues.get(id);
    let free!: () => void;
    const mine = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#queues.set(id, Promise.all([before, mine]) as unknown as Promise<void>);
    this.waiting++;
    try {
      await Promise.race([
        before,
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
      ]);
    } catch (error) {
      free();
      throw error;
    } finally {
      this.waiting--;
    }
    this.held++;
    return () => {
      this.held--;
      free();
    };
  }

  #lease(id: string, writable: boolean, leave: () => void): SessionLease {
    const data = this.data.get(id);
    let to = id;
    let hasEnded = !writable;
    const end = () => {
      if (!hasEnded) leave();
      hasEnded = true;
    };
    return {
      data: writable && data !== undefined ? bytes(data) : undefined,
      writable,
      commit: async (change) => {
        if (!writable) return 'gone';
        await this.beforeCommit;
        try {
          if (this.failure.commit) throw this.failure.commit;
          if (to !== id) this.data.set(id, '');
          this.data.set(to, text(change.data) ?? data ?? '');
          return change.data ? 'written' : 'touched';
        } finally {
          end();
        }
      },
      rename: async (newId) => {
        to = newId;
      },
      destroy: async () => {
        end();
        return this.data.delete(id) ? 'destroyed' : 'gone';
      },
      release: async () => end(),
    };
  }
}
