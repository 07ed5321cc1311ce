import { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { classify, toSessionError } from './errors.ts';
import type { Rows } from './rows.ts';
import { EXPIRED_BATCH } from './table.ts';

/**
 * Deletes the sessions whose time lies further back than `maxLifetime` seconds, by the database's clock, in
 * transactions of `EXPIRED_BATCH` rows. Rows without a time (NULL) are of unknown age and stay.
 *
 * The ids are read without a lock and deleted by key. A DELETE by time alone would, where the time has no index, walk
 * over all rows and wait for each session that is in use.
 *
 * @param timeout milliseconds for each batch
 */
export async function collectExpired(
  connections: Connections,
  rows: Rows,
  maxLifetime: number,
  timeout: number,
): Promise<number> {
  const seconds = Math.floor(maxLifetime);
  let total = 0;
  for (;;) {
    const deadline = new Deadline(timeout);
    let connection: Connection | undefined;
    try {
      connection = await connections.get(deadline);
      const { sql } = await rows.table(connection, deadline);
      const expired = await connection.execute<[unknown][]>(sql.expired, [seconds], deadline);
      if (expired.length === 0) {
        await connection.rollback(deadline);
        return total;
      }
      // One statement for every batch: the last id fills the places that are left.
      const ids = Array.from({ length: EXPIRED_BATCH }, (_, i) => (expired[i] ?? expired.at(-1)!)[0]);
      const { affectedRows } = await connection.execute<{ affectedRows: number }>(
        sql.removeExpired,
        [...ids, seconds],
        deadline,
      );
      await connection.query('COMMIT', deadline);
      connection.giveBack();
      total += affectedRows;
      // Nothing: they were all used since they were read.
      if (affectedRows === 0 || expired.length < EXPIRED_BATCH) return total;
    } catch (error) {
      await connection?.rollback(deadline);
      // An expired session that somebody is using: the next collection may find it free.
      if (classify(error) === 'locked') return total;
      throw toSessionError(error);
    }
  }
}
