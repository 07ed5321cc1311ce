import { isSameBytes } from '../codec/php/text.ts';
import { PhpSessionError } from '../errors.ts';
import { signals } from '../stores/signals.ts';
import type { SessionLease, SessionSnapshot, Visitor } from '../stores/store.ts';
import { moveClock } from './idle-clock.ts';
import { merge } from './merge.ts';
import type { Settings } from './options.ts';

/** How often a write is tried again that others were faster with. */
const TRIES = 3;

/** A session that was read without its lock. */
export class OptimisticSession {
  readonly id: string;
  /** What was read; nothing, where there is no row. */
  readonly base: Uint8Array;
  readonly #settings: Settings;
  readonly #snapshot: SessionSnapshot;
  readonly #visitor: Visitor;
  readonly #onConflict: (paths: readonly (readonly string[])[]) => void;

  constructor(
    settings: Settings,
    id: string,
    snapshot: SessionSnapshot,
    visitor: Visitor,
    onConflict: (paths: readonly (readonly string[])[]) => void,
  ) {
    this.id = id;
    this.base = snapshot.data ?? new Uint8Array();
    this.#settings = settings;
    this.#snapshot = snapshot;
    this.#visitor = visitor;
    this.#onConflict = onConflict;
  }

  /** Whether there was a row. */
  get exists(): boolean {
    return this.#snapshot.data !== undefined;
  }

  /** @returns `'gone'` after a logout, `undefined` where there was no row */
  async touch(): Promise<'unchanged' | 'gone' | undefined> {
    if (!this.exists) return undefined;
    return (await this.#snapshot.touch()) === 'gone' ? 'gone' : 'unchanged';
  }

  /**
   * Waits for the lock. The lease is not writable if the row has gone since, or the table cannot hold such an id. It may be that of
   * another session (`isOther`).
   *
   * @param create whether a missing row may be made
   */
  lock(create: boolean = !this.exists): Promise<SessionLease> {
    return this.#snapshot.lock?.({ create }) ?? this.#settings.store.open(this.id, { create, visitor: this.#visitor });
  }

  /**
   * Puts a change on what is stored now.
   *
   * @throws PhpSessionError `ERR_SESSION_CONFLICT` by the rule `error`, and what `encodeSession` throws
   */
  rebase(mine: Uint8Array, { data: theirs = this.base }: SessionLease): Uint8Array {
    const { data, conflicts } = merge(this.base, mine, theirs, this.#settings.onConflict, this.#settings.codec);
    if (conflicts.length > 0) this.#onConflict(conflicts);
    if (signals.merge.hasSubscribers && !isSameBytes(theirs, this.base))
      signals.merge.publish({ conflicts: conflicts.length });
    return data;
  }

  /**
   * Saves a change: at once if no other request has written, and otherwise under a short lock.
   *
   * @param moved `mine` with its clock moved
   * @returns what was done; `'gone'` when there is no row any more, or `'refused'` when the table cannot hold such an id
   */
  async save(mine: Uint8Array, moved: Uint8Array): Promise<'written' | 'merged' | 'created' | 'gone' | 'refused'> {
    for (let tries = TRIES; ; tries--) {
      // When others were faster there was a row, which is not made again if it has gone since.
      const isFirst = tries === TRIES;
      const lease = isFirst ? await this.#replace(moved) : await this.lock(false);
      if (lease === 'written') return 'written';
      try {
        if (!lease.writable) return isFirst && !this.exists ? 'refused' : 'gone';
        if (lease.isOther) return 'gone';
        const outcome = await lease.commit({ data: moveClock(this.rebase(mine, lease), lease.data, this.#settings) });
        if (outcome === 'gone') return 'gone';
        if (lease.data === undefined) return 'created';
        return isSameBytes(lease.data, this.base) ? 'written' : 'merged';
      } catch (error) {
        if (tries === 1 || !wasLost(error)) throw error;
      } finally {
        await lease.release();
      }
    }
  }

  async #replace(moved: Uint8Array): Promise<'written' | SessionLease> {
    return (this.exists && (await this.#snapshot.replace?.(moved))) || this.lock();
  }
}

/** Whether the lock was lost, or another node of a cluster was first. By the rule `error` it would be the same again. */
function wasLost(error: unknown): boolean {
  return error instanceof PhpSessionError && error.code === 'ERR_SESSION_CONFLICT' && error.path === undefined;
}
