import type { Deadline } from '../deadline.ts';
import type { Change, LockedSession } from '../lease.ts';
import type { RowColumns } from '../store.ts';
import type { LockedRow, Rows } from './rows.ts';
import { type DestroyResult, remove, type WriteResult, write } from './transaction.ts';

/** A locked row, as a lease has it. */
export class LockedRowSession implements LockedSession {
  readonly data: Uint8Array | undefined;
  readonly columns: RowColumns | undefined;
  readonly isOther: boolean;
  readonly #rows: Rows;
  readonly #id: string;
  readonly #row: LockedRow;
  readonly #fresh: boolean;

  /**
   * @param fresh no other request can have used the id: see `OpenOptions`
   * @param release lets the next request of this process have the session
   */
  constructor(rows: Rows, id: string, row: LockedRow, fresh: boolean, release: () => void) {
    this.data = row.data;
    this.columns = row.columns;
    this.isOther = row.isOther;
    this.#rows = rows;
    this.#id = id;
    this.#row = row;
    this.#fresh = fresh;
    // The server has ended the transaction, so others can have the row: in this process too, even if the holder hangs.
    row.connection.pin(release);
  }

  takesId(id: string): boolean {
    return this.#rows.takesId(id, this.#row.table);
  }

  /** With a new id one UPDATE moves the row and writes it, so that columns that are not ours go with it. */
  commit({ data, newId }: Change, deadline: Deadline): Promise<WriteResult> {
    const change = { id: this.#id, newId, before: this.data, fresh: this.#fresh, data };
    return this.#ending(write(this.#rows, this.#row, change, deadline));
  }

  async destroy(deadline: Deadline, empty?: Uint8Array): Promise<DestroyResult> {
    if (this.data !== undefined) {
      return this.#ending(remove(this.#rows, this.#row, { id: this.#id, empty }, deadline));
    }
    await this.rollback(deadline);
    return 'gone';
  }

  rollback(deadline: Deadline): Promise<void> {
    return this.#ending(this.#row.connection.rollback(deadline));
  }

  /** However the transaction ends, the lock of the table is free after it. */
  async #ending<Result>(end: Promise<Result>): Promise<Result> {
    try {
      return await end;
    } finally {
      await this.#rows.unlock(this.#row.tableLock);
    }
  }
}
