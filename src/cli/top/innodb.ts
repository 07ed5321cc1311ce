import type { Ask } from './ask.ts';
import type { Client } from './clients.ts';
import { keyOfLock } from './lock-data.ts';
import type { Transaction } from './picture.ts';
import { statementKind } from './statement-kind.ts';

/** Which locks are on sessions. */
export interface SessionLocks {
  readonly database: string;
  readonly table: string;
  /** The index over the id, by which a lock names its row. */
  readonly index: string;
  readonly handleOf: (key: string) => string;
}

type Row = [
  id: number | string,
  state: string,
  held: number | string,
  waited: number | string | null,
  text: string | null,
];
/** @typeParam waits its connection waits for this lock, and does not hold it */
type Lock = [connection: number | string, index: string | null, data: string | null];
type Wait = [waiter: number | string, holder: number | string];

const TRANSACTIONS = `SELECT trx_mysql_thread_id, trx_state, TIMESTAMPDIFF(MICROSECOND, trx_started, NOW(6)) / 1000000,
    TIMESTAMPDIFF(MICROSECOND, trx_wait_started, NOW(6)) / 1000000, trx_query
  FROM information_schema.INNODB_TRX WHERE trx_tables_locked > 0 OR trx_state = 'LOCK WAIT'`;

/** Transactions in InnoDB, also of a node of Galera: its locks are its own. */
export async function readInnodb(
  ask: Ask,
  clients: ReadonlyMap<number, Client>,
  isMariadb: boolean,
  locks: SessionLocks | undefined,
): Promise<Transaction[]> {
  const { query, see, unseen } = ask;
  const rows = await see('transactions and locks', 'PROCESS ON *.*', () => query<Row>(TRANSACTIONS));
  if (rows === undefined) return [];
  const read = isMariadb ? ofMariadb : ofMysql;
  const grant = isMariadb ? 'PROCESS ON *.*' : 'SELECT ON performance_schema.*';
  const found = await see('which session a lock is on, and who waits for whom', grant, () => read(ask, locks));
  if (isMariadb && rows.length > 0) unseen.push('MariaDB shows the session of a lock only while somebody waits for it');
  const handles = new Map<number, string>();
  for (const [connection, index, data] of found?.locks ?? []) {
    const key = locks !== undefined && index === locks.index ? keyOfLock(data) : undefined;
    if (key !== undefined) handles.set(Number(connection), locks!.handleOf(key));
  }
  return rows.map(([id, state, held, waited, text]) => {
    const connection = Number(id);
    const client = clients.get(connection);
    const waits = state === 'LOCK WAIT';
    const own = statementKind(text);
    return {
      connection,
      who: client?.who ?? 'a connection that is not visible',
      does: waits ? 'waits' : 'holds',
      seconds: Math.max(0, Number(waits ? (waited ?? 0) : held)),
      session: handles.get(connection) ?? null,
      statement: own,
      waitsFor: (found?.waits ?? [])
        .filter(([waiter]) => Number(waiter) === connection)
        .map(([, holder]) => Number(holder)),
    };
  });
}

interface Locks {
  readonly locks: readonly Lock[];
  readonly waits: readonly Wait[];
}

/** It lists the locks that somebody waits for: of who waits, and of who holds. */
async function ofMariadb({ query }: Ask, locks: SessionLocks | undefined): Promise<Locks> {
  const name = locks === undefined ? '' : `\`${locks.database}\`.\`${locks.table}\``;
  const all = await query<
    [...Lock, table: string]
  >(`SELECT t.trx_mysql_thread_id, l.lock_index, l.lock_data, l.lock_table
    FROM information_schema.INNODB_LOCKS AS l JOIN information_schema.INNODB_TRX AS t ON t.trx_id = l.lock_trx_id`);
  const waits = await query<Wait>(`SELECT w.trx_mysql_thread_id, h.trx_mysql_thread_id
    FROM information_schema.INNODB_LOCK_WAITS AS l
    JOIN information_schema.INNODB_TRX AS w ON w.trx_id = l.requesting_trx_id
    JOIN information_schema.INNODB_TRX AS h ON h.trx_id = l.blocking_trx_id`);
  return { locks: all.filter(([, , , table]) => table === name).map(([id, index, data]) => [id, index, data]), waits };
}

async function ofMysql({ query, unseen }: Ask, locks: SessionLocks | undefined): Promise<Locks> {
  // Without it the tables below are there, and empty.
  const [on] = await query<[number | string]>('SELECT @@performance_schema');
  if (Number(on![0]) !== 1) {
    unseen.push('which session a lock is on, and who waits for whom: performance_schema is off');
    return { locks: [], waits: [] };
  }
  const all = await query<
    [...Lock, database: string, table: string]
  >(`SELECT t.PROCESSLIST_ID, l.INDEX_NAME, l.LOCK_DATA, l.OBJECT_SCHEMA, l.OBJECT_NAME
    FROM performance_schema.data_locks AS l JOIN performance_schema.threads AS t ON t.THREAD_ID = l.THREAD_ID
    WHERE l.LOCK_TYPE = 'RECORD'`);
  const waits = await query<Wait>(`SELECT w.PROCESSLIST_ID, h.PROCESSLIST_ID
    FROM performance_schema.data_lock_waits AS l
    JOIN performance_schema.threads AS w ON w.THREAD_ID = l.REQUESTING_THREAD_ID
    JOIN performance_schema.threads AS h ON h.THREAD_ID = l.BLOCKING_THREAD_ID`);
  const ofTable = all.filter(([, , , database, table]) => database === locks?.database && table === locks?.table);
  return { locks: ofTable.map(([id, index, data]) => [id, index, data]), waits };
}
