import { createHash } from 'node:crypto';

/**
 * The lock of PHP handlers that use `GET_LOCK`: a name on one server, not a row. It must be the name that PHP's side takes.
 * See `codeIgniterLock`, `symfonyLock` and `moodleLock`.
 */
export interface NamedLock {
  /**
   * The lock's name. MySQL ignores its case, and takes at most 64 characters.
   *
   * @param key the session id, or the value of the column `key`
   */
  name(key: string): string;
  /** The column whose value names the lock, if it is not the id. A session without a row is not locked then. */
  key?: string;
  /**
   * Promises that all applications use one and the same server of a cluster. Named locks are local to a server (MySQL manual,
   * "Locking Functions"), so without this they are refused on NDB Cluster, Group Replication and Galera.
   */
  singleServer?: boolean;
}

/**
 * CodeIgniter 3.1, and 4 before 4.2.11 (`DatabaseHandler`), without its option that ties sessions to an IP address. Later versions put the
 * cookie's name before the id in the row, so that it is not found by the id.
 */
export const codeIgniterLock: NamedLock = { name: (id) => createHash('md5').update(id).digest('hex') };

/** Symfony's `PdoSessionHandler` with `LOCK_ADVISORY`. */
export const symfonyLock: NamedLock = { name: (id) => id.slice(0, 64) };

/**
 * Moodle's database sessions.
 *
 * @param options `dbname` and `prefix` as in Moodle's config.php; `prefix` is `'mdl_'` by default
 */
export function moodleLock({ dbname, prefix = 'mdl_' }: { dbname: string; prefix?: string }): NamedLock {
  return { key: 'id', name: (row) => `${dbname}-${prefix}-session-${row}` };
}
