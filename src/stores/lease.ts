import { PhpSessionError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import type { RowColumns, SessionLease, SessionSnapshot } from './store.ts';

/** A session that a store has locked. Each of the three methods frees the lock, whatever comes of it; one of them is called, once. */
export interface LockedSession {
  /** `undefined`: there is none; it may be made. */
  readonly data: Uint8Array | undefined;
  /** See `SessionLease.columns`. */
  readonly columns?: RowColumns | undefined;
  /** See `SessionLease.isOther`. */
  readonly isOther: boolean;
  /** Whether a session can be stored under this id. */
  takesId(id: string): boolean;
  commit(change: Change, deadline: Deadline): Promise<'written' | 'touched' | 'gone'>;
  /** @param empty see `SessionLease.destroy()` */
  destroy(deadline: Deadline, empty?: Uint8Array): Promise<'destroyed' | 'gone'>;
  rollback(deadline: Deadline): Promise<void>;
}

export interface Change {
  /** `undefined`: only the time is set. */
  readonly data: Uint8Array | undefined;
  /** Moves the session to this id. */
  readonly newId: string | undefined;
}

/** A locked session, from `open()` on until it is committed, destroyed or released: each store gives out these. */
export class Lease implements SessionLease {
  readonly data: Uint8Array | undefined;
  readonly columns: RowColumns | undefined;
  readonly writable: boolean = true;
  readonly isOther: boolean;
  readonly #id: string;
  readonly #session: LockedSession;
  readonly #timeout: number;
  readonly #ended: () => void;
  #newId: string | undefined;
  /** What ends the lease, once something does. */
  #ending: Promise<unknown> | undefined;

  /**
   * @param timeout milliseconds for each call
   * @param ended called when the lock is free
   */
  constructor(id: string, session: LockedSession, timeout: number, ended: () => void) {
    this.data = session.data;
    this.columns = session.columns;
    this.isOther = session.isOther;
    this.#id = id;
    this.#session = session;
    this.#timeout = timeout;
    this.#ended = ended;
  }

  async commit({ data }: { data?: Uint8Array }): Promise<'written' | 'touched' | 'gone'> {
    return this.#end((deadline) => this.#session.commit({ data, newId: this.#newId }, deadline));
  }

  async rename(newId: string): Promise<void> {
    this.#assertOpen();
    if (!this.#session.takesId(newId)) {
      throw new PhpSessionError('ERR_SESSION_ID', 'the new id is not a session id, or does not fit into the column');
    }
    this.#newId = newId === this.#id ? undefined : newId;
  }

  async destroy(empty?: Uint8Array): Promise<'destroyed' | 'gone'> {
    return this.#end((deadline) => this.#session.destroy(deadline, empty));
  }

  async release(): Promise<void> {
    if (this.#ending === undefined) await this.#end((deadline) => this.#session.rollback(deadline));
    else await this.#ending.catch(() => undefined); // commit() has thrown it already
  }

  #end<Result>(work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    this.#assertOpen();
    const end = work(new Deadline(this.#timeout)).finally(this.#ended);
    this.#ending = end;
    return end;
  }

  #assertOpen(): void {
    if (this.#ending !== undefined) throw new PhpSessionError('ERR_SESSION_CLOSED', 'this session has been closed');
  }
}

/** There is no session, and none may be made under this id: nothing is locked. */
export const noLease: SessionLease = Object.freeze({
  data: undefined,
  writable: false,
  commit: async () => 'gone' as const,
  rename: async () => {
    throw new PhpSessionError('ERR_SESSION_CLOSED', 'there is no session under this id that could be renamed');
  },
  destroy: async () => 'gone' as const,
  release: async () => undefined,
});

/** There is no session. */
export const noSnapshot: SessionSnapshot = Object.freeze({ data: undefined, touch: async () => 'gone' as const });
