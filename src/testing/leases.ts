import type { OpenOptions, SessionLease, SessionStore } from '../stores/store.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array | undefined): string | undefined => data && new TextDecoder().decode(data);

let counter = 0;
/** An id of at most 32 characters that no other test uses. */
export const newId = (): string => `contract,${process.pid}-${(counter++).toString(36)}`.slice(0, 32);

/** Opens, hands the lease over, and releases it whatever happens. */
export async function withLease<T>(
  store: SessionStore,
  id: string,
  use: (lease: SessionLease) => Promise<T>,
  options?: OpenOptions,
): Promise<T> {
  const lease = await store.open(id, options);
  try {
    return await use(lease);
  } finally {
    await lease.release();
  }
}

export const read = (store: SessionStore, id: string): Promise<string | undefined> =>
  withLease(store, id, async (lease) => text(lease.data), { create: false });

export const writeText = (store: SessionStore, id: string, data: string): Promise<string> =>
  withLease(store, id, (lease) => lease.commit({ data: bytes(data) }));

/** Reads a number, and writes the next one. */
export const increment = (store: SessionStore, id: string): Promise<string> =>
  withLease(store, id, async (lease) => {
    const before = Number(text(lease.data) || 0);
    await new Promise((resolve) => setTimeout(resolve, 2)); // so that others would come between, if they could
    return lease.commit({ data: bytes(String(before + 1)) });
  });
