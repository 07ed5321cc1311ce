import type { Ask } from './ask.ts';
import type { Client } from './clients.ts';
import type { Transaction } from './picture.ts';

type Row = [
  connection: number | string,
  state: string,
  milliseconds: number | string,
  waitingFor: number | string | null,
];

const LOCKS = `SELECT t.mysql_connection_id, MAX(l.state), MAX(l.duration_millis), MAX(l.waiting_for)
  FROM ndbinfo.cluster_locks AS l JOIN ndbinfo.server_transactions AS t ON t.transid = l.transid
 GROUP BY t.mysql_connection_id`;

/**
 * Locks of an NDB Cluster, which its data nodes hold. They do not say the key of a row, and a connection is known by the SQL node that it is on: so each SQL node
 * has to be asked.
 */
export async function readNdb(
  { query, see, unseen }: Ask,
  clients: ReadonlyMap<number, Client>,
): Promise<Transaction[]> {
  const rows = await see('locks of NDB', 'SELECT ON ndbinfo.*', () => query<Row>(LOCKS));
  if (rows === undefined) return [];
  if (rows.length > 0) unseen.push('NDB does not show which session a lock is on, nor who waits for whom');
  return rows.map(([id, state, milliseconds]) => {
    const connection = Number(id);
    const client = clients.get(connection);
    return {
      connection,
      who: client?.who ?? 'a connection that is not visible',
      does: state === 'W' ? 'waits' : 'holds',
      seconds: Number(milliseconds) / 1000,
      session: null,
      statement: client?.statement ?? 'not visible',
      waitsFor: [],
    };
  });
}
