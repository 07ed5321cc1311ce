import { PhpSessionError } from '../errors.ts';
import { checkedLater, flag, type OptionRules } from '../option-rules.ts';
import { type SessionSignals, signals, startOf } from '../stores/signals.ts';
import type { RowColumns, SessionLease, Visitor } from '../stores/store.ts';
import { removeCookie, setCookie } from './cookie.ts';
import { isEmptySession } from './empty-session.ts';
import { gcByChance } from './gc-by-chance.ts';
import type { Application, HttpExchange } from './http-exchange.ts';
import { createPrefixedId } from './id.ts';
import { moveClock } from './idle-clock.ts';
import { mustFitNeighbours } from './neighbours.ts';
import { OptimisticSession } from './optimistic-session.ts';
import type { SessionMode, Settings } from './options.ts';
import type { CookieSetter } from './session-cookies.ts';

const empty = new Uint8Array();
export const noColumns: RowColumns = Object.freeze({});

/** What was done to a row. `gone` is a signal of its own. */
type Stored = SessionSignals['commit']['outcome'] | 'gone';

/** What a store has read. */
export type Row = Pick<SessionLease, 'data' | 'unreadable' | 'columns'>;
/** What a session needs of its answer, and of its visitor for a new row. */
export type Answer = Pick<HttpExchange, 'headersSent' | keyof Visitor>;
/** How a session reports to the application. */
export type Listener = Pick<Application, 'onGone' | 'onConflict' | 'onError'>;
/** How a session gets a new id. */
export interface RegenerateOptions {
  /**
   * Whether nothing is left under the old id. Default true. PHP's default is false. With false the old row stays as it was read, without what
   * this request has changed: so a login is under the new id only.
   */
  deleteOld?: boolean;
  /** What the new id begins with, as in PHP's `session_create_id()`: of `A-Z`, `a-z`, `0-9`, `,` and `-`. Default `''`. */
  prefix?: string;
}

export const regenerateRules: OptionRules<RegenerateOptions> = {
  deleteOld: { default: true, ...flag },
  prefix: { default: '', ...checkedLater },
};

/**
 * The row of one request's session, in bytes: held under the lock, or read without it, or not made yet. With the id it knows the
 * browser's cookie. It decodes nothing.
 */
export class SessionRow {
  /** The id of the session, or `undefined` as long as there is none. */
  id: string | undefined;
  /**
   * Whether there was nothing under the browser's id. The session of that id may go on under another id, in a
   * cookie that must not be replaced.
   */
  wasEmpty = false;
  /** Whether the headers of the answer are out, or on their way, so that no cookie can be set any more. */
  headersLeft = false;
  /** Whether the row has gone while the request ran, and no other session was begun since. */
  isGone = false;
  /** Of the row, as it was read last; none where there is no row. */
  columns: RowColumns = noColumns;
  readonly #settings: Settings;
  readonly #answer: Answer;
  readonly #answerCookies: CookieSetter;
  readonly #listener: Listener;
  /** The id under which the row is stored, until a new one is committed. */
  #storedId: string | undefined;
  /** The lock, while it is held. */
  #lease: SessionLease | undefined;
  /** What was read without the lock, as long as there is none. */
  #unlocked: OptimisticSession | undefined;
  /** The browser learns of a new id when it is committed. */
  #cookie: string | undefined;
  /** What a new session gets as its id when it is stored. */
  #nextId: string | undefined;
  /** What it begins with. */
  #prefix = '';
  /** The row under the old id stays, and the new id gets a row of its own. */
  #keepsOld = false;

  constructor(settings: Settings, answer: Answer, cookies: CookieSetter, listener: Listener) {
    this.#settings = settings;
    this.#answer = answer;
    this.#answerCookies = cookies;
    this.#listener = listener;
  }

  /** The id that a new session gets when it is stored. */
  get nextId(): string {
    this.#nextId ??= this.#newId();
    return this.#nextId;
  }

  /** Whether the browser has to get the cookie of an id that is not committed. */
  get hasNewId(): boolean {
    return this.#cookie !== undefined;
  }

  /** What is stored, as far as this request knows. */
  get stored(): Uint8Array {
    return this.#lease?.data ?? this.base ?? empty;
  }

  /** What was read without the lock, as long as it was not taken. */
  get base(): Uint8Array | undefined {
    return this.#unlocked?.base;
  }

  /** Whether `save()` would write more than the time. */
  isChangedBy(data: Uint8Array): boolean {
    return this.hasNewId || !isSame(data, this.stored, this.#settings);
  }

  /**
   * Waits for the lock, if the mode is `exclusive`, and reads.
   *
   * @returns what the row holds; `undefined` for an id that is unknown and not to be adopted: as if there was no cookie
   */
  async open(id: string, mode: SessionMode, signal?: AbortSignal): Promise<Row | undefined> {
    const { store, useStrictMode } = this.#settings;
    const options = { visitor: this.#answer, ...(signal && { signal }) };
    let row: Row;
    if (mode === 'exclusive') {
      const lease = await store.open(id, { create: !useStrictMode, ...options });
      if (!lease.writable) {
        await lease.release();
        return undefined;
      }
      this.#lease = lease;
      row = lease;
    } else {
      const snapshot = await store.read(id, options);
      if (snapshot.data === undefined && useStrictMode) return undefined;
      this.#unlocked = new OptimisticSession(this.#settings, id, snapshot, this.#answer, (paths) =>
        this.#listener.onConflict(paths),
      );
      row = snapshot;
    }
    this.#storedId = id;
    this.columns = row.columns ?? noColumns;
    this.begin(id, row.data);
    this.#gc();
    return row;
  }

  /** The session under this id is the request's from here on. */
  begin(id: string, data: Uint8Array = empty): void {
    this.id = id;
    this.wasEmpty = isEmptySession(data, this.#settings);
  }

  /** As if the browser had sent no cookie. */
  async forget(): Promise<void> {
    this.id = undefined;
    this.columns = noColumns;
    this.#unlocked = undefined;
    await this.release();
  }

  /**
   * Takes the lock, if it is not held.
   *
   * @param rebase puts what was changed until now on what is stored then; if it fails, the lock is freed
   * @returns `other` for another session that was begun under the same id after a logout, `none` if there is none after it. What was
   *   changed until now is lost in both cases
   */
  async lock(rebase: (unlocked: OptimisticSession, lease: SessionLease) => void): Promise<'same' | 'other' | 'none'> {
    const unlocked = this.#unlocked;
    if (unlocked === undefined) return 'same';
    const lease = await unlocked.lock();
    try {
      if (lease.writable) rebase(unlocked, lease);
    } catch (error) {
      await lease.release();
      throw error;
    }
    this.#unlocked = undefined;
    this.columns = lease.columns ?? noColumns;
    if (lease.writable) {
      this.#lease = lease;
      if (!lease.isOther) return 'same';
      this.#hasGone();
      return 'other';
    }
    this.id = undefined;
    if (!unlocked.exists) return 'same'; // as without a cookie: nothing was there that could be lost, and what is stored gets a new id
    this.#hasGone();
    return 'none';
  }

  /** Gives the session a new id when it is saved, if it has the lock. One without a row gets a new id anyway. */
  async rename({ deleteOld, prefix }: Required<RegenerateOptions>): Promise<void> {
    const id = this.#newId(prefix);
    this.#prefix = prefix;
    this.#nextId = id;
    if (this.#lease === undefined) return;
    this.#mustSetCookie();
    // An id that the session was about to get is known to nobody, and needs no row.
    if (!deleteOld && !this.hasNewId) this.#keepsOld = true;
    if (!this.#keepsOld) await this.#lease.rename(id);
    this.id = id;
    this.#cookie = setCookie(this.#settings, id);
  }

  /**
   * Writes what changed. Without the lock in the mode `readonly`, nothing but the time. There is no row for a session that is new and
   * empty.
   */
  async save(data: Uint8Array, isReadonly: boolean): Promise<void> {
    const [begun, moved] = [startOf(signals.commit), this.hasNewId];
    publishCommit(begun, await this.#save(data, isReadonly), data.length, moved);
  }

  async #save(data: Uint8Array, isReadonly: boolean): Promise<Stored | undefined> {
    const [lease, unlocked] = [this.#lease, this.#unlocked];
    if (lease === undefined && isReadonly) return this.#leaveAsItIs(data);
    if (lease === undefined && unlocked !== undefined) return this.#merge(unlocked, data);
    if (lease?.data === undefined && isEmptySession(data, this.#settings)) return undefined;
    return lease === undefined ? this.#create(data) : this.#update(lease, data);
  }

  /**
   * Commits a new id, so that its cookie can go out before the request ends.
   *
   * @param data what the session has until now
   * @returns what was stored of it; `undefined` if there is no new id
   */
  async reserve(data: Uint8Array): Promise<Uint8Array | undefined> {
    const lease = this.#lease;
    if (lease === undefined ? this.id !== undefined : !this.hasNewId) return undefined;
    if (lease?.data === undefined && isEmptySession(data, this.#settings)) return undefined;
    // What may be discarded later is not stored. Then the row is as it was; or empty, which is enough for the cookie.
    const stored = this.#settings.discardOnError ? (lease?.data ?? empty) : data;
    const [begun, moved] = [startOf(signals.commit), this.hasNewId];
    const outcome = await (lease === undefined ? this.#create(stored) : this.#update(lease, stored));
    publishCommit(begun, outcome, stored.length, moved);
    await this.release();
    return stored;
  }

  /**
   * Takes the session again that was reserved. No other request comes in between: none knows the id before the cookie is
   * sent.
   */
  async reopen(mode: SessionMode): Promise<void> {
    if (this.isGone || (await this.open(this.id!, mode)) !== undefined) return;
    this.id = undefined;
    this.#hasGone();
  }

  /**
   * Deletes the row and the cookie, and the cookies of the option `logoutCookies`. A row in which there was nothing stays, and the cookies
   * with it.
   *
   * @returns `false` if the request has no row at all
   */
  async destroy(): Promise<boolean> {
    this.#nextId = undefined;
    if (this.#unlocked !== undefined) this.#lease = await this.#unlocked.lock();
    const lease = this.#lease;
    if (lease === undefined) {
      this.#removeLogoutCookies();
      return false;
    }
    this.#unlocked = undefined;
    this.columns = noColumns;
    const begun = startOf(signals.commit);
    let outcome: 'destroyed' | 'gone' = 'gone';
    if (!lease.writable || !isEmptySession(lease.data ?? empty, this.#settings)) {
      try {
        outcome = await lease.destroy(this.#settings.emptySession);
      } finally {
        await this.release();
      }
      publishCommit(begun, outcome, 0, false);
      this.id = undefined;
    } else if (this.#cookie !== undefined) {
      this.id = this.#storedId!;
      await lease.rename(this.id); // the id that it was about to give up
      this.#keepsOld = false;
      this.#cookie = undefined;
    }
    if (outcome === 'destroyed' && this.#canSetCookie) this.#setCookie(removeCookie(this.#settings));
    if (outcome === 'gone' && !this.wasEmpty) this.#hasGone();
    this.wasEmpty = true;
    // An empty row may be what a login has left of this id: its cookies stay.
    if (lease.data === undefined || outcome === 'destroyed' || this.isGone) this.#removeLogoutCookies();
    return true;
  }

  /** @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`: PHP's side would log the visitor in again */
  #removeLogoutCookies(): void {
    const { logoutCookies } = this.#settings;
    if (logoutCookies.length > 0) this.#mustSetCookie();
    for (const name of logoutCookies) this.#answerCookies.set(name, removeCookie({ ...this.#settings, name }));
  }

  /** Frees the lock; what was not saved is dropped, a new id too. */
  async release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (this.#cookie !== undefined) this.id = this.#storedId;
    this.#cookie = undefined;
    this.#keepsOld = false;
    await lease?.release();
  }

  async #create(data: Uint8Array): Promise<Stored> {
    this.#mustSetCookie();
    await mustFitNeighbours(this.#settings);
    // A second try is for an id that another visitor has just got, which will not happen in the life of this universe.
    for (let tries = 2; tries > 0; tries--) {
      const id = this.nextId;
      const cookie = setCookie(this.#settings, id); // it may fail, and then no row is made
      this.#nextId = undefined;
      const lease = await this.#settings.store.open(id, { fresh: true, visitor: this.#answer });
      this.#lease = lease;
      if (this.id === undefined) this.#gc();
      if (lease.writable && lease.data === undefined && (await lease.commit({ data })) !== 'gone') {
        this.id = id;
        this.#setCookie(cookie);
        return 'created';
      }
      await this.release();
    }
    throw new PhpSessionError('ERR_SESSION_ID', 'The store takes no new id: is its column as long as sidLength says?');
  }

  async #update(lease: SessionLease, data: Uint8Array): Promise<Stored> {
    if (lease.data === undefined) await mustFitNeighbours(this.#settings);
    if (this.#cookie !== undefined) this.#mustSetCookie();
    const moved = moveClock(data, lease.data, this.#settings);
    if (this.#keepsOld) return this.#createBeside(lease, moved);
    const isChanged = !isEqual(moved, lease.data ?? empty) || !this.#settings.lazyWrite;
    const outcome = await lease.commit(isChanged ? { data: moved } : {});
    if (outcome === 'gone') return this.#hasGone();
    if (this.#cookie !== undefined) this.#setCookie(this.#cookie);
    else if (this.#refreshes(lease)) this.#setCookie(setCookie(this.#settings, this.id!));
    this.#cookie = undefined;
    if (lease.data === undefined) return 'created';
    return isChanged ? 'written' : 'unchanged';
  }

  /** Leaves the row as it was read, and stores the session under its new id. */
  async #createBeside(lease: SessionLease, data: Uint8Array): Promise<Stored> {
    if (lease.data !== undefined && (await lease.commit({})) === 'gone') return this.#hasGone();
    this.#nextId = this.id;
    await this.release();
    return this.#create(data);
  }

  /** Whether the cookie is sent again. A login by another request may have left an empty row, and its own cookie. */
  #refreshes({ data = empty }: SessionLease): boolean {
    return this.#settings.cookieRefresh && this.#canSetCookie && !isEmptySession(data, this.#settings);
  }

  async #leaveAsItIs(data: Uint8Array): Promise<Stored | undefined> {
    const outcome = await this.#unlocked?.touch();
    if (outcome === 'gone') this.#hasGone();
    if (isSame(data, this.#unlocked?.base ?? empty, this.#settings)) return outcome;
    throw changedReadonly();
  }

  async #merge(unlocked: OptimisticSession, mine: Uint8Array): Promise<Stored | undefined> {
    const moved = moveClock(mine, unlocked.base, this.#settings);
    const isUnchanged = isSame(moved, unlocked.base, this.#settings);
    if (!isUnchanged && !unlocked.exists) await mustFitNeighbours(this.#settings);
    const outcome = isUnchanged ? await unlocked.touch() : await unlocked.save(mine, moved);
    if (outcome === 'gone') return this.#hasGone();
    return outcome === 'refused' ? this.#create(mine) : outcome;
  }

  #newId(prefix: string = this.#prefix): string {
    return createPrefixedId(prefix, this.#settings);
  }

  #gc(): void {
    gcByChance(this.#settings, (error) => this.#listener.onError(error));
  }

  #hasGone(): 'gone' {
    this.isGone = true;
    this.#listener.onGone();
    if (signals.gone.hasSubscribers) signals.gone.publish({});
    return 'gone';
  }

  #setCookie(header: string): void {
    this.isGone = false; // what has a cookie now is another session
    this.#answerCookies.set(this.#settings.name, header);
  }

  get #canSetCookie(): boolean {
    return !this.headersLeft && !this.#answer.headersSent;
  }

  #mustSetCookie(): void {
    if (this.#canSetCookie) return;
    throw new PhpSessionError(
      'ERR_SESSION_HEADERS_SENT',
      'The headers are sent: no cookie can be set for a new session id',
    );
  }
}

export function changedReadonly(): PhpSessionError {
  return new PhpSessionError(
    'ERR_SESSION_READONLY',
    'The session was changed in the mode readonly; that is not saved. Call lock() before the change',
  );
}

/** @param begun `undefined`: nobody listens */
function publishCommit(begun: number | undefined, outcome: Stored | undefined, bytes: number, moved: boolean): void {
  if (begun === undefined || outcome === undefined || outcome === 'gone') return;
  signals.commit.publish({ outcome, bytes, duration: performance.now() - begun, moved });
}

/** Whether nothing was changed. An empty session has two forms: what was stored and deleted again is no change. */
function isSame(a: Uint8Array, b: Uint8Array, settings: Settings): boolean {
  return isEqual(a, b) || (isEmptySession(a, settings) && isEmptySession(b, settings));
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
