import { Deadline } from '../../stores/deadline.ts';
import type { Connection } from '../../stores/mysql/connection.ts';
import { isAnswer } from '../../stores/mysql/errors.ts';

/** Asks one server, and remembers what it does not let this account see. */
export interface Ask {
  query<Row>(sql: string): Promise<Row[]>;
  /** @returns `undefined` for what the server refuses, which is then in `unseen`. @param grant what would help, if a grant does */
  see<T>(what: string, grant: string | undefined, look: () => Promise<T>): Promise<T | undefined>;
  readonly unseen: string[];
}

/** @param timeout milliseconds for one picture */
export function asking(connection: Connection, timeout: number, signal: AbortSignal): Ask {
  const deadline = new Deadline(timeout, signal);
  const unseen: string[] = [];
  return {
    unseen,
    query: (sql) => connection.query(sql, deadline),
    async see(what, grant, look) {
      try {
        return await look();
      } catch (error) {
        if (!isAnswer(error)) throw error;
        const why = grant === undefined ? `error ${(error as { errno: number }).errno}` : `it needs GRANT ${grant}`;
        unseen.push(`${what}: ${why}`);
        return undefined;
      }
    },
  };
}
