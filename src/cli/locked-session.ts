import { mysqlStore } from '../stores/mysql/store.ts';
import type { SessionLease, SessionStore } from '../stores/store.ts';
import { CommandError } from './exit-codes.ts';
import type { SessionTable } from './session-table.ts';

/**
 * A store over the table whose ids are what is in the id column: a hash of an id does not lead back to the id, and the table shows no more. It takes
 * the lock that PHP's side takes. It must be closed.
 *
 * @throws CommandError at the first session whose lock is named by an id that the table does not show
 */
export function storeByKey({ place, settings }: SessionTable): SessionStore {
  const { row: { key: _, ...row } = {}, lock, ...options } = place.store;
  const idOf = (key: string) => idOfKey(key, settings.row);
  const isByKey = lock === undefined || typeof lock === 'string' || ('name' in lock && lock.key !== undefined);
  return mysqlStore({
    ...options,
    row: { ...row, id: /.+/s },
    ...(lock !== undefined && {
      lock: isByKey
        ? lock
        : 'name' in lock
          ? { singleServer: lock.singleServer ?? false, name: (key: string) => lock.name(idOf(key)) }
          : { ...lock, key: (key: string) => lock.key(idOf(key)) },
    }),
  });
}

/** Whether the lock of a session can be taken, by what is in its row. @throws CommandError */
export function assertLockable({ place, settings }: SessionTable, key: string): void {
  const { lock } = place.store;
  if (typeof lock === 'object' && !('name' in lock && lock.key !== undefined)) idOfKey(key, settings.row);
}

/**
 * The id of a row: its key, or what follows a prefix there.
 *
 * @throws CommandError where the key is a hash
 */
export function idOfKey(key: string, { isId, keyOf }: SessionTable['settings']['row']): string {
  for (let start = 0; start < key.length; start++) {
    const id = key.slice(start);
    if (isId(id) && keyOf(id) === key) return id;
  }
  throw new CommandError(
    "the lock that PHP's side takes is named by the session's id, which the row does not show: log the user out in the application",
  );
}

/**
 * Takes the lock of a session, as PHP's side does, and gives it back.
 *
 * @param work ends the lease
 * @throws CommandError where there is no such session, and PhpSessionError
 */
export async function withLock<Result>(
  store: SessionStore,
  key: string,
  signal: AbortSignal,
  work: (lease: SessionLease) => Promise<Result>,
): Promise<Result> {
  if (store.isId?.(key) === false)
    throw new CommandError('the id column holds something that is the key of no session');
  const lease = await store.open(key, { create: false, signal });
  try {
    if (!lease.writable || lease.data === undefined) {
      throw new CommandError('there is no such session any more: it was ended, or has expired');
    }
    return await work(lease);
  } finally {
    await lease.release();
  }
}

/** What to say where PHP's side writes whole rows without a lock. */
export const mayComeBack =
  "PHP's side takes no lock: a page of PHP that is running now can write the whole row once more when it ends";
