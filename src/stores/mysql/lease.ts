import { PhpSessionError } from '../../errors.ts';
import { Deadline } from '../deadline.ts';
import { isSessionId } from '../session-id.ts';
import type { SessionLease } from '../store.ts';
import type { LockedRow, Rows } from './rows.ts';
import { type DestroyResult, remove, type WriteResult, write } from './transaction.ts';

/** What a lease needs of the store that gave it out. */
export interface Holding {
  readonly rows: Rows;
  readonly id: string;
  readonly row: LockedRow;
  /** Nobody else can have used the id: see `OpenOptions`. */
  readonly fresh: boolean;
  /** Milliseconds for each call. */
  readonly timeout: number;
  /** Lets the next request of this process have the session. */
  leave(): void;
  /** The lease has ended. */
  ended(): void;
}

/** A locked row: from `open()` on, until it is committed, destroyed or released. */
export class MysqlLease implements SessionLease {
  readonly data: Uint8Array | undefined;
  readonly writable: boolean = true;
  readonly isOther: boolean;
  readonly #holding: Holding;
  #newId: string | undefined;
  /** What ends the lease, once something does. */
  #ending: Promise<unknown> | undefined;

  constructor(holding: Holding) {
    this.#holding = holding;
    this.data = holding.row.data;
    this.isOther = holding.row.isOther;
    // The server has ended the transaction, so others can have the row: in this process too, even if the holder hangs.
    holding.row.connection.pin(() => holding.leave());
  }

  async commit({ data }: { data?: Uint8Array }): Promise<WriteResult> {
    const { rows, row, id, fresh } = this.#holding;
    const change = { id, newId: this.#newId, before: this.data, fresh, data };
    return this.#end((deadline) => write(rows, row, change, deadline));
  }

  /** Takes effect with `commit()`: one UPDATE moves the row and writes it, so that columns that are not ours go with it. */
  async rename(newId: string): Promise<void> {
    const { row, id } = this.#holding;
    const { min, max } = row.table.idLength;
    this.#assertOpen();
    if (!isSessionId(newId) || newId.length < min || newId.length > max) {
      throw new PhpSessionError('ERR_SESSION_ID', 'the new id is not a session id, or does not fit into the column');
    }
    this.#newId = newId === id ? undefined : newId;
  }

  async destroy(empty?: Uint8Array): Promise<DestroyResult> {
    const { rows, row, id } = this.#holding;
    return this.#end(async (deadline) => {
      if (row.data !== undefined) return remove(rows, row, { id, empty }, deadline);
      await row.connection.rollback(deadline);
      return 'gone';
    });
  }

  async release(): Promise<void> {
    const { row } = this.#holding;
    if (this.#ending === undefined) await this.#end((deadline) => row.connection.rollback(deadline));
    else await this.#ending.catch(() => undefined); // what commit() failed with, it has told its caller
  }

  #end<Result>(work: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    this.#assertOpen();
    const { timeout, leave, ended } = this.#holding;
    // The connection may be somebody else's by then.
    const end = work(new Deadline(timeout)).finally(() => {
      leave();
      ended();
    });
    this.#ending = end;
    return end;
  }

  #assertOpen(): void {
    if (this.#ending !== undefined) throw new PhpSessionError('ERR_SESSION_CLOSED', 'this session has been closed');
  }
}

/** There is no row, and none may be created under this id: nothing is locked. */
export const noRow: SessionLease = Object.freeze({
  data: undefined,
  writable: false,
  commit: async () => 'gone' as const,
  rename: async () => {
    throw new PhpSessionError('ERR_SESSION_CLOSED', 'there is no session under this id that could be renamed');
  },
  destroy: async () => 'gone' as const,
  release: async () => undefined,
});
