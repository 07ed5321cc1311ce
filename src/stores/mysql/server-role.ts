import type { Deadline } from '../deadline.ts';
import { Failed, isAnswer } from './errors.ts';
import type { Queries } from './queries.ts';

/**
 * Sessions are only kept on a server that takes writes itself: on a replica, a login that has just been stored may not have
 * arrived yet.
 *
 * @param allowReplica whether a server that replicates may be used, if it takes writes
 * @throws Failed `read only` when the server is read only or replicates from another one
 */
export async function assertWriter(connection: Queries, allowReplica: boolean, deadline: Deadline): Promise<void> {
  const [[readOnly, version]] = await connection.query<[[unknown, string]]>(
    'SELECT @@GLOBAL.read_only, @@version LIMIT 1', // more than the server's sql_select_limit, if that is 0
    deadline,
  );
  // super_read_only turns it on too.
  if (!/^(0|OFF)$/.test(String(readOnly))) throw notTheWriter('the server is read only');
  if (allowReplica) return;
  if (await replicates(connection, version, deadline)) throw notTheWriter('the server is a replica');
}

/** The code is that of a server which refuses a write. */
function notTheWriter(message: string): Failed {
  return new Failed('read only', message, { code: 'ER_OPTION_PREVENTS_STATEMENT', errno: 1290 });
}

/** @throws Failed for a Galera node outside of the primary component (`retry`), and for an SQL node of NDB without data nodes (`lost`) */
export async function assertInCluster(connection: Queries, isGalera: boolean, deadline: Deadline): Promise<void> {
  const status = await connection.query<[name: string, value: string][]>(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'Ndb_number_of_ready_data_nodes')",
    deadline,
  );
  for (const [name, value] of status) {
    if (name === 'wsrep_ready' && isGalera && value !== 'ON') throw notInCluster('retry', 1047); // ER_UNKNOWN_COM_ERROR
    if (name.startsWith('Ndb') && Number(value) === 0) throw notInCluster('lost', 1296); // ER_GET_ERRMSG
  }
}

function notInCluster(failure: 'retry' | 'lost', errno: number): Failed {
  return new Failed(failure, 'the server has no contact to its cluster', { errno });
}

/**
 * Whether the server replicates from another one. Without the privilege REPLICATION CLIENT, MySQL does not tell
 * (`undefined`); without REPLICA MONITOR, MariaDB tells only while it applies what it receives.
 */
export async function replicates(
  connection: Queries,
  version: string,
  deadline: Deadline,
): Promise<boolean | undefined> {
  const isMariadb = version.includes('MariaDB');
  const old = version.startsWith('5.') ? 'SHOW SLAVE STATUS' : 'SHOW REPLICA STATUS';
  const runs = await anyThreadRuns(connection, isMariadb ? 'SHOW ALL SLAVES STATUS' : old, deadline);
  if (runs !== undefined || !isMariadb) return runs;
  const [status] = await connection.query<[string, string][]>("SHOW GLOBAL STATUS LIKE 'Slaves_running'", deadline);
  return Number(status?.[1] ?? 0) > 0;
}

/**
 * Where both threads of a replica were stopped, it has been made the primary.
 *
 * @returns `undefined` when the account may not know
 */
async function anyThreadRuns(connection: Queries, sql: string, deadline: Deadline): Promise<boolean | undefined> {
  try {
    const channels = await connection.query<Record<string, unknown>[]>({ sql, rowsAsArray: false }, deadline);
    return channels.some((channel) =>
      Object.entries(channel).some(
        ([name, value]) => /^(Slave|Replica)_(IO|SQL)_Running$/.test(name) && value !== 'No',
      ),
    );
  } catch (error) {
    if (isAnswer(error)) return undefined;
    throw error;
  }
}
