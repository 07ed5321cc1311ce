import { detectSessionFormat } from '../codec/detect.ts';
import type { SessionFormat, SessionFormatName } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import type { SessionStore } from '../stores/store.ts';
import type { Settings } from './options.ts';
import { nameEncoding } from './unreadable.ts';

/** Stores in which sessions may be made. */
const known = new WeakSet<SessionStore>();

/**
 * Looks at a few sessions of a store before the first one of this process is made in it. Where PHP's side packs all of them in another way,
 * such as base64, it could not read one of ours.
 *
 * Ours is enough, and so is any of PHP's own formats: who changes `session.serialize_handler` has old rows for a while. What is damaged says nothing, and neither does a table without sessions.
 *
 * @throws PhpSessionError `ERR_SESSION_TABLE`
 */
export async function mustFitNeighbours({ store, serializeHandler }: Settings): Promise<void> {
  if (store.sample === undefined || known.has(store)) return;
  const rows = await store.sample();
  const encoding = otherEncoding(rows, serializeHandler);
  if (encoding !== undefined) {
    throw new PhpSessionError(
      'ERR_SESSION_TABLE',
      `no session was made, as PHP would not read it: what the other rows of the table hold is ${encoding}`,
    );
  }
  // Without one, they may only not have been read in time.
  if (rows.length > 0) known.add(store);
}

/** @returns in words what all of these rows hold, where it can be recognized and is no session in this format or one of PHP's own */
export function otherEncoding(
  rows: readonly Uint8Array[],
  format: SessionFormatName | SessionFormat,
): string | undefined {
  const formats = typeof format === 'string' ? [] : [format];
  const found = rows.map((data) => detectSessionFormat(data, { formats }));
  return found.every(({ possible }) => possible.length === 0)
    ? found.map(nameEncoding).find((name) => name !== undefined)
    : undefined;
}
