import { PhpSessionError } from '../../errors.ts';
import type { NamedLock } from '../../stores/mysql/locks.ts';
import { nameOf } from '../../stores/mysql/named-lock.ts';
import type { Ask } from './ask.ts';
import type { Client } from './clients.ts';
import type { Transaction } from './picture.ts';

/** Named locks (`GET_LOCK`), by which PHP's side locks sessions. */
export interface NamedLocks {
  readonly lock: NamedLock;
  /** The handle of a session by its id. */
  readonly handleOf: (id: string) => string;
}

type Row = [connection: number | string, name: string, status: string];

/** What is known of one name. */
interface Users {
  readonly holders: Set<number>;
  readonly waiters: Set<number>;
}

const LOCKS = `SELECT t.PROCESSLIST_ID, l.OBJECT_NAME, l.LOCK_STATUS FROM performance_schema.metadata_locks AS l
  JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID WHERE l.OBJECT_TYPE IN ('USER LEVEL LOCK', 'USER LOCK')`;

/** Off by default on MariaDB: then the table of the locks is empty. */
const INSTRUMENT = "SELECT ENABLED FROM performance_schema.setup_instruments WHERE NAME = 'wait/lock/metadata/sql/mdl'";

/**
 * Who holds a named lock, and who waits for one. They are on one server alone. `performance_schema` lists them. Without it the list of processes shows who waits; for what,
 * where the name stands in the statement; and then the server tells who holds that name.
 */
export async function readNamedLocks(
  ask: Ask,
  clients: ReadonlyMap<number, Client>,
  { lock, handleOf }: NamedLocks,
): Promise<Transaction[]> {
  const { names, areAll } = await readNames(ask);
  const known = new Set([...names.values()].flatMap(({ waiters }) => [...waiters]));
  /** They wait for a name that cannot be seen: it is bound to a prepared statement. */
  const nameless: number[] = [];
  for (const [connection, { waitsForName }] of clients) {
    if (waitsForName === undefined || known.has(connection)) continue;
    if (waitsForName === null) nameless.push(connection);
    else usersOf(names, waitsForName).waiters.add(connection);
  }
  for (const [name, { holders }] of names) {
    if (holders.size === 0) for (const holder of await holdersOf(ask, name)) holders.add(holder);
  }
  if (!areAll) {
    ask.unseen.push(
      'who holds a named lock, unless a connection waits for it whose statement has the name as text: performance_schema is off, or its instrument wait/lock/metadata/sql/mdl',
    );
  }
  const as = (connection: number, does: Transaction['does'], name?: string, waitsFor: number[] = []): Transaction => {
    const client = clients.get(connection);
    const session = name === undefined ? null : sessionOf(name, lock, handleOf);
    return {
      connection,
      who: client?.who ?? 'a connection that is not visible',
      does,
      seconds: client?.seconds ?? 0,
      session,
      statement: client?.statement ?? 'not visible',
      waitsFor,
    };
  };
  return [
    ...[...names].flatMap(([name, { holders, waiters }]) => [
      ...[...holders].map((one) => as(one, 'holds', name)),
      ...[...waiters].map((one) => as(one, 'waits', name, [...holders])),
    ]),
    ...nameless.map((one) => as(one, 'waits')),
  ];
}

/** @returns `areAll`: whether the server lists all of them */
async function readNames({ query, see }: Ask): Promise<{ names: Map<string, Users>; areAll: boolean }> {
  const names = new Map<string, Users>();
  const [on] = await query<[number | string]>('SELECT @@performance_schema');
  if (Number(on![0]) !== 1) return { names, areAll: false };
  const [rows, instrument] =
    (await see('named locks', 'SELECT ON performance_schema.*', async () => [
      await query<Row>(LOCKS),
      await query<[string]>(INSTRUMENT),
    ])) ?? [];
  for (const [connection, name, status] of (rows ?? []) as Row[]) {
    const { holders, waiters } = usersOf(names, name);
    (status === 'GRANTED' ? holders : waiters).add(Number(connection));
  }
  return { names, areAll: instrument?.[0]?.[0] === 'YES' };
}

function usersOf(names: Map<string, Users>, name: string): Users {
  const users = names.get(name) ?? { holders: new Set(), waiters: new Set() };
  names.set(name, users);
  return users;
}

/** The name comes from the statement of another connection: it goes as hex, so that nothing in it is SQL. */
async function holdersOf({ query }: Ask, name: string): Promise<number[]> {
  const [row] = await query<[number | string | null]>(
    `SELECT IS_USED_LOCK(CONVERT(0x${Buffer.from(name).toString('hex')} USING utf8mb4))`,
  );
  return row?.[0] == null ? [] : [Number(row[0])];
}

/** Where the id itself is the name. A hash of an id does not lead back to it. */
function sessionOf(name: string, lock: NamedLock, handleOf: NamedLocks['handleOf']): string | null {
  if (lock.key !== undefined) return null;
  try {
    return nameOf(lock, name) === name ? handleOf(name) : null;
  } catch (error) {
    if (error instanceof PhpSessionError) return null; // a name that is no id, and not made for this table
    throw error;
  }
}

/** A connection that locks the name of a session, and then its row, is one that holds or waits. */
export function joined(ofRows: readonly Transaction[], ofNames: readonly Transaction[]): Transaction[] {
  const byConnection = new Map(ofNames.map((one) => [one.connection, one]));
  const rows = ofRows.map((row) => {
    const named = byConnection.get(row.connection);
    byConnection.delete(row.connection);
    if (named === undefined) return row;
    const [first, second] = named.does === 'waits' ? [named, row] : [row, named];
    return { ...first, session: first.session ?? second.session };
  });
  return [...rows, ...byConnection.values()];
}
