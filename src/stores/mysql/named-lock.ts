import { createHash } from 'node:crypto';
import { PhpSessionError } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import type { Queries } from './queries.ts';

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

/** @throws PhpSessionError `ERR_SESSION_TABLE` where there is none, or MySQL would not take it */
export function nameOf(lock: NamedLock, key: string): string {
  let name: unknown;
  try {
    name = lock.name(key);
  } catch (cause) {
    throw new PhpSessionError('ERR_SESSION_TABLE', 'lock.name() failed', { cause });
  }
  if (typeof name === 'string' && name.length > 0 && name.length <= 64) return name;
  throw new PhpSessionError('ERR_SESSION_TABLE', 'lock.name() must give 1 to 64 characters');
}

/**
 * @param engine of the table, as far as is known
 * @throws PhpSessionError `ERR_SESSION_TABLE` where another server would not know of the lock
 */
export async function checkNamedLock(
  lock: 'row' | 'none' | NamedLock,
  engine: string | undefined,
  connection: Queries,
  deadline: Deadline,
): Promise<void> {
  if (typeof lock === 'string' || lock.singleServer) return;
  if (engine?.toLowerCase() === 'ndbcluster') throw refused('NDB Cluster');
  const variable = async (sql: string) => ((await connection.query(sql, deadline)) as [string, string][])[0]?.[1];
  const group = await variable("SHOW GLOBAL VARIABLES LIKE 'group_replication_group_name'");
  if (group !== undefined && group !== '') throw refused('Group Replication');
  const nodes = await variable("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'");
  if (Number(nodes ?? 0) > 1) throw refused('Galera');
}

function refused(cluster: string): PhpSessionError {
  return new PhpSessionError(
    'ERR_SESSION_TABLE',
    `the session table cannot be used with a named lock: on ${cluster} each server has named locks of its own, so they do ` +
      'not exclude clients of another server. Use row locks on both sides, or set singleServer if all use this server',
  );
}
