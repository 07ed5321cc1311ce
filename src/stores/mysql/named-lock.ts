import { PhpSessionError } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import type { NamedLock } from './locks.ts';
import type { Queries } from './queries.ts';

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
