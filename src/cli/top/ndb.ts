import type { Ask } from './ask.ts';
import type { Client } from './clients.ts';
import type { Transaction } from './picture.ts';

type Row = [
  ...[connection: number | string, state: string, milliseconds: number | string],
  holder: number | string | null,
];

/** Locks on rows of one table, and the connection that each waits for. */
const locksOf = (
  database: string,
  table: string,
) => `SELECT l.mysql_connection_id, l.state, l.duration_millis, h.mysql_connection_id
  FROM ndbinfo.server_locks AS l
  JOIN ndbinfo.dict_obj_info AS t ON t.id = l.tableid AND t.fq_name = '${database}/def/${table}'
  LEFT JOIN ndbinfo.server_locks AS h
    ON h.node_id = l.node_id AND h.block_instance = l.block_instance AND h.lock_num = l.waiting_for`;

/** Locks of an NDB Cluster, which its data nodes hold. They do not say the key of a row, and one SQL node knows its own connections alone. */
export async function readNdb(
  { query, see, unseen }: Ask,
  clients: ReadonlyMap<number, Client>,
  { database, table }: { readonly database: string; readonly table: string },
): Promise<Transaction[]> {
  const rows = await see('locks of NDB', 'SELECT ON ndbinfo.*', () => query<Row>(locksOf(database, table)));
  if (rows === undefined) return [];
  unseen.push(
    'NDB does not show which session a lock is on. Locks taken on another SQL node are in the picture of that one alone',
  );
  return rows.map(([id, state, milliseconds, holder]) => {
    const connection = Number(id);
    const client = clients.get(connection);
    return {
      connection,
      who: client?.who ?? 'a connection that is not visible',
      does: state === 'W' ? 'waits' : 'holds',
      seconds: Number(milliseconds) / 1000,
      session: null,
      statement: client?.statement ?? 'not visible',
      waitsFor: holder === null ? [] : [Number(holder)],
    };
  });
}
