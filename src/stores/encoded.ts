import { PhpSessionError } from '../errors.ts';
import { type Encoding, isEncoding, unpack, unpackAll } from './encoding.ts';
import type { SessionLease, SessionSnapshot, SessionStore } from './store.ts';

/** What a row holds: the session, or its own bytes and why they are none. */
type Content = Pick<SessionLease, 'data' | 'unreadable'>;

/**
 * A store whose rows are packed once more, as by `base64`. A row without a byte is an empty session in each encoding. One that is not in this
 * encoding is unreadable: it is shown as it is stored, and never written. A row whose session did not change keeps its bytes.
 */
export function encodedStore(store: SessionStore, encoding: Encoding): SessionStore {
  if (!isEncoding(encoding)) throw new TypeError('encoding must have encode() and decode()');

  const contentOf = (stored: Uint8Array | undefined): Content =>
    stored === undefined ? { data: undefined } : unpack(encoding, stored);

  /** @throws PhpSessionError where the row is in another encoding: then PHP would not read ours */
  function encode(next: Uint8Array, { data, unreadable }: Content, stored: Uint8Array | undefined): Uint8Array {
    if (unreadable !== undefined) throw unreadable;
    return data !== undefined && Buffer.compare(next, data) === 0 ? stored! : encoding.encode(next);
  }

  async function openLease(lease: SessionLease): Promise<SessionLease> {
    let content: Content;
    try {
      content = contentOf(lease.data);
    } catch (error) {
      await lease.release(); // the caller will not get it
      throw error;
    }
    return {
      ...content,
      columns: lease.columns,
      writable: lease.writable,
      isOther: lease.isOther ?? false,
      commit: async ({ data }) => lease.commit(data === undefined ? {} : { data: encode(data, content, lease.data) }),
      rename: (newId) => lease.rename(newId),
      destroy: (empty) => lease.destroy(empty && encoding.encode(empty)),
      release: () => lease.release(),
    };
  }

  function openSnapshot(snapshot: SessionSnapshot): SessionSnapshot {
    const content = contentOf(snapshot.data);
    const { lock, replace } = snapshot;
    return {
      ...content,
      columns: snapshot.columns,
      touch: () => snapshot.touch(),
      ...(lock && { lock: async (how) => openLease(await lock.call(snapshot, how)) }),
      ...(replace && {
        async replace(data) {
          const lease = await replace.call(snapshot, encode(data, content, snapshot.data));
          return lease === 'written' ? lease : openLease(lease);
        },
      }),
    };
  }

  /** @throws PhpSessionError where all are in another encoding: a session of ours would not be read */
  async function sample(): Promise<readonly Uint8Array[]> {
    const stored = await store.sample!();
    const found = unpackAll(encoding, stored);
    if (found.length === 0 && stored.length > 0) {
      const what = `no session was made, as PHP would not read it: the store writes ${encoding.name}, and the other rows of the table are not in it`;
      throw new PhpSessionError('ERR_SESSION_TABLE', what);
    }
    return found;
  }

  return {
    ...(store.defaultMode && { defaultMode: store.defaultMode }),
    ...(store.gcMaxlifetime !== undefined && { gcMaxlifetime: store.gcMaxlifetime }),
    ...(store.isId && { isId: (id) => store.isId!(id) }),
    open: async (id, options) => openLease(await store.open(id, options)),
    read: async (id, options) => openSnapshot(await store.read(id, options)),
    ...(store.sample && { sample }),
    gc: (maxLifetime) => store.gc(maxLifetime),
    close: (deadline) => store.close(deadline),
  };
}
