import { randomBytes } from 'node:crypto';
import { PhpSessionError } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import type { Connection } from './connection.ts';
import { classify, Failed, toSessionError } from './errors.ts';
import type { Settings } from './options.ts';

/** MySQL's longest index key over a column of four bytes a character; Laravel's column has 255. */
const LONGEST_KEY = 768;

/** The lock of one session in a table of locks (`Illuminate\\Cache\\DatabaseLock`), as one request has it, or wants it. */
export class TableLockOfSession {
  readonly #lock: NonNullable<Settings['tableLock']>;
  readonly #key: string;
  /** Makes the row ours, also after the connection was lost: then the same request takes it again. */
  readonly #owner: string = randomBytes(8).toString('hex');
  /** `performance.now()` when it was taken, or before. */
  #takenAt = 0;

  /** @throws PhpSessionError `ERR_SESSION_TABLE` where the option gives no key */
  constructor(lock: NonNullable<Settings['tableLock']>, id: string) {
    this.#lock = lock;
    this.#key = keyOf(lock, id);
  }

  /** Whether more than half of `hold` has passed, so that it may end before the request is done with the session. */
  get isLate(): boolean {
    return performance.now() - this.#takenAt > this.#lock.hold * 500;
  }

  /**
   * Also makes `hold` begin anew.
   *
   * @param connection each of whose statements commits itself: others have to see the row
   * @throws Failed `locked` when another request has it
   */
  async take(connection: Connection, deadline: Deadline): Promise<void> {
    const now = performance.now();
    if (!(await this.#insert(connection, deadline))) await this.#update(connection, deadline);
    this.#takenAt = now;
  }

  async #update(connection: Connection, deadline: Deadline): Promise<void> {
    const { table, hold } = this.#lock;
    const { affectedRows } = await this.#execute<{ affectedRows: number }>(
      connection,
      `UPDATE ${table} SET owner = ?, expiration = UNIX_TIMESTAMP() + ${hold}
       WHERE \`key\` = ? AND (owner = ? OR expiration <= UNIX_TIMESTAMP())`,
      [this.#owner, this.#key, this.#owner],
      deadline,
    );
    if (affectedRows === 0) throw new Failed('locked', 'the lock of the session is taken', { errno: 1205 }); // ER_LOCK_WAIT_TIMEOUT
  }

  /**
   * Before what is to be written, in the same transaction: keeps the row from others until COMMIT. A row that has ended is still ours until
   * somebody takes it. Where there is none, it had ended and was cleared away: whoever had it since would have had to write the session, and
   * would wait for the lock of its row.
   *
   * @param connection that holds the lock of the session's row
   * @throws PhpSessionError `ERR_SESSION_CONFLICT` when another request has it
   */
  async assertOurs(connection: Connection, deadline: Deadline): Promise<void> {
    const sql = `SELECT owner FROM ${this.#lock.table} WHERE \`key\` = ? FOR UPDATE`;
    const [found] = await this.#execute<[unknown][]>(connection, sql, [this.#key], deadline);
    const isOurs = found === undefined ? await this.#insert(connection, deadline) : String(found[0]) === this.#owner;
    if (isOurs) return;
    throw new PhpSessionError(
      'ERR_SESSION_CONFLICT',
      'this request has had the lock for too long (lock.hold), and another one has it now; nothing was written',
    );
  }

  async free(connection: Connection, deadline: Deadline): Promise<void> {
    const sql = `DELETE FROM ${this.#lock.table} WHERE \`key\` = ? AND owner = ?`;
    await connection.execute(sql, [this.#key, this.#owner], deadline);
  }

  /** @returns false where there is a row */
  async #insert(connection: Connection, deadline: Deadline): Promise<boolean> {
    const { table, hold } = this.#lock;
    const sql = `INSERT INTO ${table} (\`key\`, owner, expiration) VALUES (?, ?, UNIX_TIMESTAMP() + ${hold})`;
    try {
      await this.#execute(connection, sql, [this.#key, this.#owner], deadline);
      return true;
    } catch (error) {
      if (classify(error) === 'duplicate') return false;
      throw error;
    }
  }

  /** @throws PhpSessionError `ERR_SESSION_TABLE` that names this table, and not that of the sessions */
  async #execute<Result>(
    connection: Connection,
    sql: string,
    values: readonly string[],
    deadline: Deadline,
  ): Promise<Result> {
    try {
      return await connection.execute<Result>(sql, values, deadline);
    } catch (error) {
      if (classify(error) !== 'table') throw error;
      throw new PhpSessionError('ERR_SESSION_TABLE', 'the table of the option "lock" cannot be used', {
        cause: (toSessionError(error) as PhpSessionError).cause,
      });
    }
  }
}

function keyOf(lock: NonNullable<Settings['tableLock']>, id: string): string {
  let key: unknown;
  try {
    key = lock.key(id);
  } catch (cause) {
    throw new PhpSessionError('ERR_SESSION_TABLE', 'lock.key() failed', { cause });
  }
  if (typeof key === 'string' && key !== '' && key.length <= LONGEST_KEY) return key;
  throw new PhpSessionError('ERR_SESSION_TABLE', `lock.key() must give 1 to ${LONGEST_KEY} characters`);
}
