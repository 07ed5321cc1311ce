import { cookieValue, idOf } from '../../session/cookie-encoding.ts';
import { createId } from '../../session/id.ts';
import { bufferOf } from '../../stores/encoding.ts';
import { parseTableName } from '../../stores/mysql/identifiers.ts';
import { mysqlStore } from '../../stores/mysql/store.ts';
import type { SessionStore } from '../../stores/store.ts';
import { CommandError, UsageError } from '../exit-codes.ts';
import type { SessionTable } from '../session-table.ts';
import type { Recording } from './recording.ts';

/** What a page of Node is asked for. */
export interface PageRequest {
  readonly url: string;
  readonly method: string;
  readonly body?: { readonly bytes: Uint8Array; readonly type: string };
  readonly signal: AbortSignal;
}

export interface Replayed {
  readonly status: number;
  /** The session after it, unpacked. */
  readonly after: Uint8Array;
  /** Whether the page gave the session another id, as at a login. */
  readonly hasNewId: boolean;
}

/**
 * Asks a page of Node with a session that is as it was before PHP's page, under a new id, in another table. The rows there are deleted afterwards.
 *
 * @param shadow the other table
 * @throws UsageError, CommandError where the page has not taken that session
 */
export async function replay(
  table: SessionTable,
  { before, columns }: Recording,
  shadow: string,
  request: PageRequest,
): Promise<Replayed> {
  assertOther(table, shadow);
  const { session, place } = table;
  const { row, ...options } = place.store;
  const insert = { ...(row?.insert || {}), ...columns };
  // No page of PHP is in this table, so it needs no lock but the row's.
  const store = mysqlStore({ ...options, table: shadow, row: { ...row, insert }, lock: 'row' });
  const id = createId(session.sidLength, session.sidBitsPerCharacter);
  const ids = [id];
  try {
    await put(store, id, before);
    const { status, cookie } = await ask(
      request,
      `${session.name}=${encodeURIComponent(cookieValue(session, id))}`,
      session.name,
    );
    const newId = idOf(session, cookie);
    if (newId !== undefined && newId !== id) ids.push(newId);
    await assertUntouched(table, ids);
    const { data } = await store.read(id);
    if (ids.length > 1 && data !== undefined && bufferOf(data).equals(bufferOf(before))) {
      throw new CommandError(
        `the page of Node did not take the session, and has made another one: it must use the table ${shadow}, the cookie ${session.name}, and the same keys`,
      );
    }
    const after = ids.length > 1 ? (await store.read(ids[1]!)).data : data;
    return { status, after: after ?? new Uint8Array(), hasNewId: ids.length > 1 };
  } finally {
    for (const one of ids) await remove(store, one);
    await store.close();
  }
}

/** @throws UsageError */
function assertOther({ settings: { table, connections } }: SessionTable, shadow: string): void {
  const { database, name } = parseTableName(shadow, '--shadow');
  const ours = connections[0]!.database;
  const [one, other] = [`${database ?? ours}.${name}`, `${table.database ?? ours}.${table.name}`];
  if (one.toLowerCase() === other.toLowerCase()) {
    throw new UsageError(
      `--shadow must be another table than that of the sessions. To make one: CREATE TABLE ${table.name}_shadow LIKE ${table.name};`,
    );
  }
}

async function put(store: SessionStore, id: string, data: Uint8Array): Promise<void> {
  const lease = await store.open(id, { create: true, fresh: true });
  try {
    if (!lease.writable)
      throw new CommandError('an id of this application cannot be made: the option row.id takes none of ours');
    await lease.commit({ data });
  } finally {
    await lease.release();
  }
}

async function remove(store: SessionStore, id: string): Promise<void> {
  const lease = await store.open(id, { create: false });
  try {
    if (lease.writable) await lease.destroy();
  } finally {
    await lease.release();
  }
}

async function ask({ url, method, body, signal }: PageRequest, cookie: string, name: string) {
  const answer = await fetch(url, {
    ...{ method, signal, redirect: 'manual' },
    headers: { cookie, ...(body && { 'content-type': body.type }) },
    ...(body && { body: Buffer.from(body.bytes) }),
  }).catch((error) => {
    if (signal.aborted) throw error;
    throw new CommandError(
      `the page of Node does not answer (${(error.cause as { code?: string })?.code ?? error.name})`,
    );
  });
  await answer.arrayBuffer();
  const pair = answer.headers.getSetCookie().find((line) => line.startsWith(`${name}=`));
  const value = pair?.slice(name.length + 1).split(';')[0];
  return {
    status: answer.status,
    cookie: value === undefined || value === 'deleted' ? undefined : decodeURIComponent(value),
  };
}

/** @throws CommandError where the page works on the sessions themselves */
async function assertUntouched(table: SessionTable, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const found = await table.row(table.settings.row.keyOf(id)).catch((error) => {
      if (error instanceof CommandError) return undefined;
      throw error;
    });
    if (found !== undefined) {
      throw new CommandError(
        'the page of Node writes into the session table itself, and has made a row there: give it the table of --shadow',
      );
    }
  }
}
