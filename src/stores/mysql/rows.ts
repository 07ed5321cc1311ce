import type { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { classify } from './errors.ts';
import type { Settings } from './options.ts';
import { Retries } from './retries.ts';
import { describeTable, type Table } from './table.ts';
import { lastUse } from './time.ts';

/** A row that is locked by the transaction of this connection. */
export interface LockedRow {
  readonly connection: Connection;
  readonly table: Table;
  /** `undefined`: there was no such row, and the lock is on a placeholder that the transaction inserted. */
  readonly data: Uint8Array | undefined;
  /** For `isTouchDue()`. */
  readonly usedAt: number;
}

/** Locks rows. */
export class Rows {
  readonly #settings: Settings;
  readonly #connections: Connections;
  #table: Table | undefined;

  constructor(settings: Settings, connections: Connections) {
    this.#settings = settings;
    this.#connections = connections;
  }

  /**
   * Waits for the lock of the row and reads it. Whatever fails, the transaction is rolled back and begun again from the
   * read, while the deadline lasts and the failure is a temporary one.
   *
   * @param how `create`: lock a missing row too, by a placeholder; `insist`: see `Retries`
   * @returns `undefined` when there is no such row, and nothing was locked
   */
  async lock(
    id: string,
    how: { create: boolean; insist?: boolean },
    deadline: Deadline,
  ): Promise<LockedRow | undefined> {
    const retries = new Retries(how.insist);
    for (;;) {
      let connection: Connection | undefined;
      try {
        connection = await this.#connections.get(deadline);
        const row = await this.#attempt(connection, id, how.create, deadline);
        if (row === undefined) await connection.rollback(deadline);
        return row;
      } catch (error) {
        await connection?.rollback(deadline);
        if (classify(error) === 'table') this.forgetTable();
        await retries.next(error, deadline);
      }
    }
  }

  async #attempt(connection: Connection, id: string, create: boolean, deadline: Deadline) {
    const table = await this.table(connection, deadline);
    if (id.length < table.idLength.min || id.length > table.idLength.max) return undefined;
    type Found = [
      id: string | Uint8Array,
      data: Uint8Array | string | null,
      charset: string | null,
      age: number | null,
    ];
    const [found] = await connection.execute<Found[]>(table.sql.lock, [id], deadline);
    if (found !== undefined) {
      const [foundId, data, charset, age] = found;
      if (charset !== table.charset) {
        this.forgetTable();
        throw new TableAltered();
      }
      // The column's collation may take another id for this one: 'ABC' or 'abc ' for 'abc'.
      if (text(foundId) !== id) return undefined;
      // NULL is what a row of a nullable column has that was inserted without data; to PHP it is ''.
      return { connection, table, data: (data ?? new Uint8Array()) as Uint8Array, usedAt: lastUse(age) };
    }
    if (!create) return undefined;
    // FOR UPDATE locks nothing where there is no row. Of several first requests, one inserts; the others wait here, and
    // get 1062 when it commits.
    await connection.execute(table.sql.placeholder, [id], deadline);
    return { connection, table, data: undefined, usedAt: lastUse(null) };
  }

  /** Asks information_schema, the first time. */
  async table(connection: Connection, deadline: Deadline): Promise<Table> {
    this.#table ??= await describeTable(this.#settings, connection, deadline);
    return this.#table;
  }

  /** For when the table may be another one than described: the next transaction asks again. */
  forgetTable(): void {
    this.#table = undefined;
  }
}

/** ALTER TABLE changed the column's character set since the table was described. Looks like the server's own error. */
class TableAltered extends Error {
  readonly errno: number = 1412; // ER_TABLE_DEF_CHANGED
  readonly sqlState: string = 'HY000';
}

function text(id: string | Uint8Array): string {
  return typeof id === 'string' ? id : Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1');
}
