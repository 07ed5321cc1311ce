import { decodeSession, encodeSession, type SessionData } from '../codec/index.ts';
import { isPlainObject } from '../codec/stamps.ts';
import { PhpSessionError } from '../errors.ts';
import { isSessionId } from '../stores/session-id.ts';
import type { SessionLease } from '../stores/store.ts';
import { removeCookie, setCookie } from './cookie.ts';
import { isEmptySession } from './empty-session.ts';
import { createId } from './id.ts';
import { mustFitNeighbours } from './neighbours.ts';
import type { RequestMode, Settings } from './options.ts';
import { Unlocked } from './unlocked.ts';
import { countsAsNone, explain } from './unreadable.ts';

/** What a request's session needs from the HTTP side. */
export interface Exchange {
  /** The cookie that the browser sent. */
  readonly cookie: string | undefined;
  readonly mode: RequestMode;
  /** Whether a cookie can still be set. */
  canSetCookie(): boolean;
  /** Replaces what was set before for this cookie. */
  setCookie(header: string): void;
  /** The row has gone while the request ran: somebody logged out. Nothing that this request read is stored. */
  onGone(): void;
  /** Others have changed the same parts of the session, and the option `onConflict` has decided. */
  onConflict(paths: readonly (readonly string[])[]): void;
}

/** What a store has read. */
type Row = Pick<SessionLease, 'data' | 'unreadable'>;

const empty = new Uint8Array();

/**
 * The session of one request, from opening to commit: PHP's session_start() to session_write_close(), in the order of
 * php-src's ext/session/session.c. It knows nothing of a framework.
 */
export class RequestSession<T extends object = SessionData> {
  /** The id of the session, or `undefined` as long as there is none: it gets one when something is stored. */
  id: string | undefined;
  /**
   * Whether there was nothing under the browser's id. The session that it was given for may go on under another id by now, in a
   * cookie that must not be replaced.
   */
  wasEmpty = false;
  readonly #settings: Settings;
  readonly #exchange: Exchange;
  #data: T;
  /** Why the row cannot be read. It stays as it is, unless it is destroyed. */
  #unreadable: unknown;
  /** The lock, while it is held. */
  #lease: SessionLease | undefined;
  /** What was read without the lock, as long as there is none. */
  #unlocked: Unlocked | undefined;
  #isReadonly: boolean;
  /** Nothing is stored any more: it was saved, or that failed, or it was discarded. */
  #isClosed = false;
  /** What was there when it was saved. Later changes are lost, and that is reported, once. */
  #saved: Uint8Array | undefined;
  #destroyAtCommit = false;
  /** The browser learns of a new id when it is committed. */
  #cookie: string | undefined;
  /** The end of the last call. The next one waits for it, also where the application forgot an `await`. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, exchange: Exchange) {
    this.#settings = settings;
    this.#exchange = exchange;
    this.#isReadonly = exchange.mode === 'readonly';
    this.#data = this.#decode(empty);
  }

  /**
   * `$_SESSION`
   *
   * @throws PhpSessionError what `decodeSession` says of a row that it cannot read
   */
  get data(): T {
    this.#mustBeReadable();
    return this.#data;
  }

  /** Whether `data` can be had. */
  get isReadable(): boolean {
    return this.#unreadable === undefined;
  }

  /** Shows the row as an empty session from here on, when nothing is stored any more. @returns why it cannot be read */
  takeUnreadable(): unknown {
    const error = this.#unreadable;
    if (this.#isClosed) this.#unreadable = undefined;
    return error;
  }

  /** Whether the request has a session cookie, so that there is something to open. */
  get isExpected(): boolean {
    const { cookie } = this.#exchange;
    const { store } = this.#settings;
    return cookie !== undefined && (store.isId?.(cookie) ?? isSessionId(cookie));
  }

  /** Whether `open()` takes the lock. */
  get needsLock(): boolean {
    return this.#exchange.mode === 'exclusive' && this.isExpected;
  }

  /**
   * Waits for the lock, if the mode is `exclusive`, and reads, if the browser sent an id. Without one there is nothing to do. A row
   * that cannot be decoded is no failure here, so that its visitor can still log out: `data` throws then.
   *
   * @param mode `merge` where a request must not hold the lock from its beginning on; default: its own
   * @throws PhpSessionError what the store throws
   */
  async open(signal?: AbortSignal, mode: RequestMode = this.#exchange.mode): Promise<void> {
    if (!this.isExpected) return;
    const id = this.#exchange.cookie!;
    if (mode !== 'exclusive') return this.#read(id, signal);
    const create = !this.#settings.useStrictMode;
    const lease = await this.#settings.store.open(id, { create, ...(signal && { signal }) });
    if (!lease.writable) return lease.release(); // unknown, and not to be adopted: as if there were no cookie
    this.#lease = lease;
    await this.#beginOrForget(id, lease);
  }

  async #read(id: string, signal?: AbortSignal): Promise<void> {
    const snapshot = await this.#settings.store.read(id, signal && { signal });
    if (snapshot.data === undefined && this.#settings.useStrictMode) return; // as if there were no cookie
    this.#unlocked = new Unlocked(this.#settings, id, snapshot, (paths) => this.#exchange.onConflict(paths));
    await this.#beginOrForget(id, snapshot);
  }

  async #beginOrForget(id: string, row: Row): Promise<void> {
    let isKept = false;
    try {
      isKept = this.#begin(id, row);
    } finally {
      if (!isKept) await this.#forget();
    }
  }

  /** @returns `false` when the row cannot be read, and is to count as none */
  #begin(id: string, { data = empty, unreadable }: Row): boolean {
    this.id = id;
    this.wasEmpty = isEmptySession(data, this.#settings);
    try {
      if (unreadable !== undefined) throw unreadable;
      this.#data = this.#decode(data);
      return true;
    } catch (error) {
      const { codec, onUnreadable } = this.#settings;
      this.#unreadable = unreadable ?? explain(data, codec, error);
      return !countsAsNone(data, onUnreadable, this.#unreadable);
    }
  }

  /** As if the browser had sent no cookie. */
  async #forget(): Promise<void> {
    this.id = undefined;
    this.#unreadable = undefined;
    this.#unlocked = undefined;
    await this.#release();
  }

  /**
   * Makes the mode `exclusive`: waits for the lock, and puts what was changed until now on what the session is by then. If somebody
   * has logged out meanwhile, there is no session any more.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`, `ERR_SESSION_CONFLICT` by the rule `error`, or what the store throws, or `data`
   */
  lock(): Promise<void> {
    return this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#mustBeReadable();
      await this.#lock();
      this.#isReadonly = false;
    });
  }

  /**
   * Saves what changed, and frees the lock. Nothing is stored for a session that is new and empty, none that has gone in the
   * meantime comes back, and a row that cannot be read stays as it is.
   *
   * @throws PhpSessionError what `encodeSession` and the store throw; the row is as it was then. `ERR_SESSION_CLOSED` if
   *   something was changed after `close()`
   */
  commit(): Promise<void> {
    return this.#inTurn(async () => (this.#isClosed ? this.#reportLateChange() : this.#save()));
  }

  /**
   * Makes this the content of `$_SESSION`; what it shares with the present one keeps its place and its PHP types.
   *
   * @throws TypeError if it is no plain object
   */
  replace(content: object): void {
    if (typeof content !== 'object' || content === null || !isPlainObject(content)) {
      throw new TypeError('A session is a plain object');
    }
    const data = this.data as SessionData;
    for (const key of Object.keys(data)) if (!Object.hasOwn(content, key)) delete data[key];
    Object.assign(data, content);
  }

  /** Frees the lock, instead of `commit()`: what changed is dropped. */
  discard(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isClosed = true;
      await this.#release();
    });
  }

  /**
   * Saves now and frees the lock, while the request goes on (PHP's session_write_close()). Later changes are not saved.
   *
   * @throws PhpSessionError as `commit()`
   */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#isClosed) await this.#save();
    });
  }

  /**
   * Gives the session a new id, and leaves nothing under the old one (PHP's session_regenerate_id(true)). To be called at a login.
   *
   * @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`, `ERR_SESSION_CLOSED`, or what the store throws, or `data`;
   *   `ERR_SESSION_CONFLICT` when somebody has logged out since it was read without the lock, and something was changed until now
   */
  async regenerate(): Promise<void> {
    await this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#mustBeReadable();
      const isChanged = this.#unlocked !== undefined && !isEqual(this.#encode(), this.#unlocked.base);
      const isKept = await this.#lock();
      this.#isReadonly = false;
      if (!isKept && isChanged) throw lostWithRow();
      if (this.#lease === undefined) return; // it will get a new id anyway
      this.#mustSetCookie();
      const id = this.#newId();
      await this.#lease.rename(id);
      this.id = id;
      this.#cookie = setCookie(this.#settings, id);
    });
  }

  /**
   * Deletes the session now: a logout. `$_SESSION` is empty afterwards; what is then stored in it begins a new session. One in
   * which there was nothing keeps its id: there is no login to be ended, and the browser may have the cookie of another one by now.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`, or what the store throws
   */
  async destroy(): Promise<void> {
    this.destroyAtCommit();
    await this.#inTurn(async () => {
      this.#mustBeOpen();
      try {
        await this.#drop();
      } catch (error) {
        this.#isClosed = true; // the row stays as it was: it must not become empty when the request ends
        throw error;
      }
    });
  }

  /**
   * As `destroy()`, when the request ends.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`
   */
  destroyAtCommit(): void {
    this.#mustBeOpen();
    this.#destroyAtCommit = true;
    this.#unreadable = undefined;
    this.#data = this.#decode(empty);
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #save(): Promise<void> {
    // Also if this fails: without the lease, a second try would take the session for a new one, and store under another id
    // what may have been deleted by then.
    this.#isClosed = true;
    try {
      if (this.#destroyAtCommit) await this.#drop();
      if (this.isReadable) await this.#store();
    } finally {
      await this.#release();
    }
  }

  async #store(): Promise<void> {
    const data = this.#encode();
    if (this.#lease !== undefined) await this.#update(this.#lease, data);
    else if (this.#isReadonly) await this.#leaveAsItIs(data);
    else if (this.#unlocked !== undefined) await this.#merge(this.#unlocked, data);
    else await this.#create(data);
    this.#saved = data;
  }

  async #create(data: Uint8Array): Promise<void> {
    if (isEmptySession(data, this.#settings)) return;
    this.#mustSetCookie();
    await mustFitNeighbours(this.#settings);
    // A second try is for an id that somebody else has just made, which will not happen in the life of this universe.
    for (let tries = 2; tries > 0; tries--) {
      const id = this.#newId();
      const lease = await this.#settings.store.open(id, { fresh: true });
      this.#lease = lease;
      if (lease.writable && lease.data === undefined && (await lease.commit({ data })) !== 'gone') {
        this.id = id;
        return this.#exchange.setCookie(setCookie(this.#settings, id));
      }
      await this.#release();
    }
    throw new PhpSessionError('ERR_SESSION_ID', 'The store takes no new id: is its column as long as sidLength says?');
  }

  async #update(lease: SessionLease, data: Uint8Array): Promise<void> {
    if (lease.data === undefined) {
      if (isEmptySession(data, this.#settings)) return;
      await mustFitNeighbours(this.#settings);
    }
    if (this.#cookie !== undefined) this.#mustSetCookie();
    const isChanged = !isEqual(data, lease.data ?? empty) || !this.#settings.lazyWrite;
    const outcome = await lease.commit(isChanged ? { data } : {});
    if (outcome === 'gone') return this.#exchange.onGone();
    if (this.#cookie !== undefined) this.#exchange.setCookie(this.#cookie);
  }

  /** Without the lock, nothing but the time is written. */
  async #leaveAsItIs(data: Uint8Array): Promise<void> {
    if ((await this.#unlocked?.touch()) === 'gone') this.#exchange.onGone();
    if (this.#isSame(data, this.#unlocked?.base ?? empty)) return;
    throw new PhpSessionError(
      'ERR_SESSION_READONLY',
      'The session was changed in the mode readonly; that is not saved. Call lock() before the change',
    );
  }

  async #merge(unlocked: Unlocked, mine: Uint8Array): Promise<void> {
    const isUnchanged = this.#isSame(mine, unlocked.base);
    if (!isUnchanged && !unlocked.exists) await mustFitNeighbours(this.#settings);
    const outcome = isUnchanged ? await unlocked.touch() : await unlocked.save(mine);
    if (outcome === 'gone') this.#exchange.onGone();
    if (outcome === 'refused') await this.#create(mine);
  }

  /** From here on as in the mode `exclusive`. @returns `false` if what was changed until now is lost, as somebody has logged out */
  async #lock(): Promise<boolean> {
    const unlocked = this.#unlocked;
    if (unlocked === undefined) return true;
    const lease = await unlocked.lock();
    try {
      if (lease.writable) this.#rebase(unlocked, lease);
    } catch (error) {
      await lease.release();
      throw error;
    }
    this.#unlocked = undefined;
    if (lease.writable) {
      this.#lease = lease;
      if (lease.isOther) this.#exchange.onGone();
      return !lease.isOther;
    }
    this.id = undefined;
    if (!unlocked.exists) return true; // as without a cookie: nothing was there that could be lost, and what is stored gets a new id
    this.#data = this.#decode(empty);
    this.#exchange.onGone();
    return false;
  }

  #rebase(unlocked: Unlocked, lease: SessionLease): void {
    const { base } = unlocked;
    const { data: theirs = base } = lease;
    // What is there now is deleted with the rest, and must not become a part of what comes after the logout.
    if (this.#destroyAtCommit) return;
    if (lease.isOther) {
      this.#begin(unlocked.id, lease);
      return;
    }
    if (isEqual(base, theirs)) return;
    const mine = this.#encode();
    this.#data = this.#decode(isEqual(mine, base) ? theirs : unlocked.rebase(mine, lease));
  }

  async #drop(): Promise<void> {
    this.#destroyAtCommit = false;
    if (this.#unlocked !== undefined) this.#lease = await this.#unlocked.lock();
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#unlocked = undefined;
    this.#isReadonly = false; // what is stored from here on is a session of its own
    let outcome: 'destroyed' | 'gone' = 'gone';
    if (!lease.writable || !isEmptySession(lease.data ?? empty, this.#settings)) {
      try {
        outcome = await lease.destroy(this.#settings.emptySession);
      } finally {
        await this.#release();
      }
      this.id = undefined;
    } else if (this.#cookie !== undefined) {
      this.id = this.#exchange.cookie!;
      await lease.rename(this.id); // the id that it was about to give up
    }
    this.#cookie = undefined;
    if (outcome === 'destroyed' && this.#exchange.canSetCookie()) {
      this.#exchange.setCookie(removeCookie(this.#settings));
    }
    if (outcome === 'gone' && !this.wasEmpty) this.#exchange.onGone();
    this.wasEmpty = true;
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.release();
  }

  #decode(bytes: Uint8Array): T {
    return decodeSession<T>(bytes, this.#settings.codec);
  }

  #encode(): Uint8Array {
    return encodeSession(this.#data, this.#settings.codec);
  }

  /** Whether nothing was changed. An empty session has two forms: what was stored and deleted again is no change. */
  #isSame(a: Uint8Array, b: Uint8Array): boolean {
    return isEqual(a, b) || (isEmptySession(a, this.#settings) && isEmptySession(b, this.#settings));
  }

  #newId(): string {
    return createId(this.#settings.sidLength, this.#settings.sidBitsPerCharacter);
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new PhpSessionError('ERR_SESSION_CLOSED', 'The session was closed already');
  }

  #mustBeReadable(): void {
    if (this.#unreadable !== undefined) throw this.#unreadable;
  }

  #mustSetCookie(): void {
    if (this.#exchange.canSetCookie()) return;
    throw new PhpSessionError(
      'ERR_SESSION_HEADERS_SENT',
      'The headers are sent: no cookie can be set for a new session id',
    );
  }

  #reportLateChange(): void {
    if (this.#saved === undefined || this.#is(this.#saved)) return; // that it was not saved has been told
    this.#saved = undefined;
    throw new PhpSessionError('ERR_SESSION_CLOSED', 'The session was changed after it was closed; that is not saved');
  }

  #is(saved: Uint8Array): boolean {
    try {
      return isEqual(this.#encode(), saved);
    } catch {
      return false; // what cannot be stored is a change too
    }
  }
}

/** A login whose user was stored before `regenerate()`: without this, the page would be answered as if it had been done. */
function lostWithRow(): PhpSessionError {
  return new PhpSessionError(
    'ERR_SESSION_CONFLICT',
    'somebody has logged out since the session was read, and what was changed in it until regenerate() is gone with it',
  );
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
