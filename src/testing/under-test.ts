import type { SessionStore } from '../stores/store.ts';

/** What the contract uses of the test runner: the functions of `node:test`, Jest, Vitest and others fit. */
export interface ContractRunner {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => Promise<void>): unknown;
}

/** What every store must be able to be made with here; the defaults are its own. */
export interface ContractOptions {
  /** Seconds for one `open()`. */
  lockTimeout?: number;
  /** How many requests of this process may wait for one session. */
  maxWaiters?: number;
}

export interface StoreUnderTest {
  /**
   * A new store over the same sessions, as another process would have it; the contract closes it. It is called for one
   * test up to eight times.
   */
  make(options?: ContractOptions): SessionStore;
  /** Makes a session look as if it was last used so many seconds ago. Without it, `gc()` is hardly tested. */
  makeOld?(id: string, seconds: number): Promise<void>;
  /**
   * Whether the database makes `read()` wait for the lock at times, so that it may fail with `ERR_SESSION_LOCK_TIMEOUT`: BLOB
   * and TEXT columns of NDB Cluster. Default `false`.
   */
  readsMayWait?: boolean;
}
