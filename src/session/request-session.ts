import { decodeSession, encodeSession, type SessionData } from '../codec/index.ts';
import { isPlainObject } from '../codec/source/origins.ts';
import { PhpSessionError } from '../errors.ts';
import { readByRules } from '../option-rules.ts';
import { isSessionId } from '../stores/session-id.ts';
import { nameOfError, signals } from '../stores/signals.ts';
import type { RowColumns, SessionLease } from '../stores/store.ts';
import { renewIdleCookie } from './idle-cookie.ts';
import type { OptimisticSession } from './optimistic-session.ts';
import type { SessionMode, Settings } from './options.ts';
import type { CookieSetter } from './session-cookies.ts';
import {
  type Answer,
  isEqual,
  type Listener,
  noColumns,
  type RegenerateOptions,
  type Row,
  regenerateRules,
  SessionRow,
} from './session-row.ts';
import { countsAsNone, explain } from './unreadable.ts';

/** What a request says of its session. */
export interface SessionRequest {
  /** The id in the cookie that the browser sent. */
  readonly cookie: string | undefined;
  readonly mode: SessionMode;
  /** The value of the cookie that the option `idleCookie` names. */
  readonly idleCookie?: string | undefined;
}

const empty = new Uint8Array();

/**
 * The session of one request, from opening to commit: PHP's session_start() to session_write_close(), in the order of
 * php-src's ext/session/session.c. It knows nothing of a framework.
 */
export class RequestSession<T extends object = SessionData> {
  readonly #settings: Settings;
  readonly #request: SessionRequest;
  readonly #row: SessionRow;
  readonly #answer: Answer;
  readonly #answerCookies: CookieSetter;
  #data: T;
  /** Why the row cannot be read. It stays as it is, unless it is destroyed. */
  #unreadable: unknown;
  #mode: SessionMode;
  /** Nothing is stored any more: it was saved, or that failed, or it was discarded. */
  #isClosed = false;
  /** What was there when it was saved. Later changes are lost, and that is reported, once. */
  #saved: Uint8Array | undefined;
  /** Why it was closed too early, so that later changes are lost. */
  #lost: unknown;
  #destroyAtCommit = false;
  /** The end of the last call. The next one waits for it, also where the application forgot an `await`. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, request: SessionRequest, answer: Answer, cookies: CookieSetter, listener: Listener) {
    this.#settings = settings;
    this.#request = request;
    this.#row = new SessionRow(settings, answer, cookies, listener);
    this.#answer = answer;
    this.#answerCookies = cookies;
    this.#mode = request.mode;
    this.#data = this.#decode(empty);
  }

  /**
   * The id of the session, or `undefined` as long as there is none. A new session has one as soon as something is put into it; its row
   * and its cookie come when it is saved.
   */
  get id(): string | undefined {
    return this.#row.id ?? (this.#begins && !this.#isClosed && !this.#destroyAtCommit ? this.#row.nextId : undefined);
  }

  /** Whether a session that has no row has something in it. */
  get #begins(): boolean {
    if (this.#row.id !== undefined || this.#mode === 'readonly' || this.#row.headersLeft) return false;
    return Object.values(this.#data).some((value) => value !== undefined);
  }

  /** Whether the request has no session that the browser knows, so that one may begin. */
  get isNew(): boolean {
    return this.#row.id === undefined;
  }

  /** Whether the answer has to bring the browser a cookie that is not set: `reserve()` sets it. */
  get needsCookie(): boolean {
    return this.#row.hasNewId || this.#destroyAtCommit || this.#begins;
  }

  /** See `PhpSessionControl.columns`. */
  get columns(): RowColumns {
    return this.#destroyAtCommit ? noColumns : this.#row.columns;
  }

  /** Whether there was nothing under the browser's id. */
  get wasEmpty(): boolean {
    return this.#row.wasEmpty;
  }

  /** Whether the row has gone while the request ran, as the visitor has logged out, and no other session was begun since. */
  get isGone(): boolean {
    return this.#row.isGone;
  }

  /** Whether something that was done until now is lost without `commit()`. */
  get isChanged(): boolean {
    if (this.#isClosed) return false;
    if (this.#destroyAtCommit) return true;
    try {
      return this.isReadable && this.#row.isChangedBy(this.#encode());
    } catch {
      return true; // what cannot be stored is a change too
    }
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
    const { cookie } = this.#request;
    const { store } = this.#settings;
    return cookie !== undefined && (store.isId?.(cookie) ?? isSessionId(cookie));
  }

  /** Whether `open()` takes the lock. */
  get needsLock(): boolean {
    return this.#request.mode === 'exclusive' && this.isExpected;
  }

  /**
   * Waits for the lock, if the mode is `exclusive`, and reads, if the browser sent an id. Without one there is nothing to do. A row
   * that cannot be decoded is no failure here, so that its visitor can still log out: `data` throws then.
   *
   * @param mode `merge` where a request must not hold the lock from its beginning on; default: its own
   * @throws PhpSessionError what the store throws
   */
  async open(signal?: AbortSignal, mode: SessionMode = this.#request.mode): Promise<void> {
    if (this.isExpected) await this.#open(this.#request.cookie!, mode, signal);
  }

  async #open(id: string, mode: SessionMode, signal?: AbortSignal): Promise<void> {
    let row: Row | undefined;
    try {
      row = await this.#row.open(id, mode, signal);
    } catch (error) {
      publishRefusal(error);
      throw error;
    }
    if (row === undefined) return;
    let isKept = false;
    try {
      if (!this.#begin(row)) return;
      if (this.#request.mode !== 'readonly') this.#renewIdleCookie();
      isKept = true;
    } finally {
      if (!isKept) await this.#forget();
    }
  }

  /** @returns `false` when the row cannot be read, and is to count as none */
  #begin({ data = empty, unreadable }: Row): boolean {
    try {
      if (unreadable !== undefined) throw unreadable;
      this.#data = this.#decode(data);
      return true;
    } catch (error) {
      const { codec, onUnreadable } = this.#settings;
      this.#unreadable = unreadable ?? explain(data, codec, error);
      publishRefusal(this.#unreadable);
      return !countsAsNone(data, onUnreadable, this.#unreadable);
    }
  }

  #renewIdleCookie(): void {
    const { idleCookie } = this.#settings;
    if (idleCookie === undefined || !this.isReadable || this.#answer.headersSent || this.#row.headersLeft) return;
    const { address, userAgent } = this.#answer;
    const request = { address, userAgent, columns: this.#row.columns };
    renewIdleCookie(idleCookie, this.#request.idleCookie, this.#data, request, this.#settings, this.#answerCookies);
  }

  /** As if the browser had sent no cookie. */
  async #forget(): Promise<void> {
    this.#unreadable = undefined;
    await this.#row.forget();
  }

  /**
   * Makes the mode `exclusive`: waits for the lock, and puts what was changed until now on what is stored then. After a
   * logout meanwhile, there is no session any more.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`, `ERR_SESSION_CONFLICT` by the rule `error`, or what the store throws, or `data`
   */
  lock(): Promise<void> {
    return this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#mustBeReadable();
      await this.#lock();
      this.#mode = 'exclusive';
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
   * Stores what the browser is to get a cookie for, as the headers go out before `commit()`: a session that begins, a new id, or a
   * logout. The session goes on under the same id, in an `exclusive` request under its lock. If this fails, nothing is saved any more. If
   * only the lock cannot be had again, this does not fail: `commit()` does, if something was changed since.
   *
   * @param stores `false`: only the calls before it are waited for, and no cookie can be set after it
   * @throws PhpSessionError as `commit()`
   */
  reserve(stores = true): Promise<void> {
    return this.#inTurn(async () => {
      try {
        if (stores && !this.#isClosed) await this.#reserve();
      } catch (error) {
        this.#isClosed = true;
        await this.#row.release();
        throw error;
      } finally {
        this.#row.headersLeft = true;
      }
    });
  }

  async #reserve(): Promise<void> {
    // With discardOnError a logout at the end may be discarded.
    if (this.#destroyAtCommit && !this.#settings.discardOnError) await this.#drop();
    if (this.#destroyAtCommit) return;
    const stored = await this.#row.reserve(this.#encode());
    if (stored === undefined) return;
    // What the browser is to know is stored, and so the answer is true, whatever comes now.
    await this.#row.reopen(this.#mode).catch((error) => {
      this.#isClosed = true;
      this.#saved = stored;
      this.#lost = error;
    });
    // There was a logout, and the application knows it. No cookie can be sent for what is left of the session.
    if (this.#row.isGone) this.#isClosed = true;
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
      await this.#row.release();
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
   * Opens the session again after `close()` or `abort()`: a second session_start() in one request. It reads what is stored now, and in the
   * mode `exclusive` waits for the lock. Does nothing while the session is open.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED` if something was changed since it was closed, which would be lost; then it can be called
   *   again. What `open()` throws
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isClosed) return;
      this.#reportLateChange();
      const { id } = this.#row;
      const { mode } = this.#request;
      const [data, unreadable] = [this.#data, this.#unreadable];
      await this.#row.forget();
      this.#unreadable = undefined;
      this.#data = this.#decode(empty);
      try {
        if (id !== undefined) await this.#open(id, mode);
      } catch (error) {
        // It is closed, as it was.
        this.#row.id = id;
        this.#data = data;
        this.#unreadable = unreadable;
        throw error;
      }
      this.#mode = mode;
      this.#isClosed = false;
      this.#saved = undefined;
      this.#lost = undefined;
    });
  }

  /**
   * Frees the lock and drops what changed (PHP's session_abort()). The data stay as they are, until `start()`; what is changed in them is not
   * saved. A logout is not dropped.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`, or for a logout what the store throws
   */
  abort(): Promise<void> {
    return this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#isClosed = true;
      try {
        if (this.#destroyAtCommit) await this.#drop();
      } finally {
        await this.#row.release();
      }
      this.#saved = this.#encodeIfPossible();
    });
  }

  /**
   * Drops what changed in the data, and goes on with what was read (PHP's session_reset()). Look at the session again afterwards: it is
   * another object.
   *
   * @throws PhpSessionError `ERR_SESSION_CLOSED`, or `data`
   */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#mustBeReadable();
      this.#data = this.#decode(this.#destroyAtCommit ? empty : this.#row.stored);
    });
  }

  /**
   * Gives the session a new id, and leaves nothing under the old one (PHP's session_regenerate_id(true)). To be called at a login.
   *
   * @throws TypeError for a wrong option, and for a prefix that PHP refuses
   * @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`, `ERR_SESSION_CLOSED`, or what the store throws, or `data`;
   *   `ERR_SESSION_CONFLICT` when there was a logout after it was read without the lock, and something was changed until now
   */
  async regenerate(options: RegenerateOptions = {}): Promise<void> {
    const how = readByRules(regenerateRules, options, 'regenerate()') as Required<RegenerateOptions>;
    await this.#inTurn(async () => {
      this.#mustBeOpen();
      this.#mustBeReadable();
      const { base } = this.#row;
      const isChanged = base !== undefined && !isEqual(this.#encode(), base);
      const isKept = await this.#lock();
      this.#mode = 'exclusive';
      if (!isKept && isChanged) throw lostWithRow();
      await this.#row.rename(how);
    });
  }

  /**
   * Deletes the session now: a logout. `$_SESSION` is empty afterwards; what is then stored in it begins a new session. One in
   * which there was nothing keeps its id: there is no login to be ended, and the browser may have the cookie of another one already.
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
    this.#turn = result.catch(publishRefusal);
    return result;
  }

  async #save(): Promise<void> {
    // Also if this fails: without the lease, a second try would take the session for a new one, and store under another id
    // what may have been deleted meanwhile.
    this.#isClosed = true;
    try {
      if (this.#destroyAtCommit) await this.#drop();
      if (this.isReadable) await this.#store();
    } finally {
      await this.#row.release();
    }
  }

  async #store(): Promise<void> {
    const data = this.#encode();
    await this.#row.save(data, this.#mode === 'readonly');
    this.#saved = data;
  }

  /** From here on as in the mode `exclusive`. @returns `false` if what was changed until now is lost, as the visitor has logged out */
  async #lock(): Promise<boolean> {
    const found = await this.#row.lock((unlocked, lease) => this.#rebase(unlocked, lease));
    if (found === 'none') this.#data = this.#decode(empty);
    if (found === 'same' && this.#mode === 'readonly') this.#renewIdleCookie();
    return found === 'same';
  }

  #rebase(unlocked: OptimisticSession, lease: SessionLease): void {
    const { base } = unlocked;
    const { data: theirs = base } = lease;
    // What is there now is deleted with the rest, and must not become a part of what comes after the logout.
    if (this.#destroyAtCommit) return;
    if (lease.isOther) {
      this.#row.begin(unlocked.id, lease.data);
      this.#begin(lease);
      return;
    }
    if (isEqual(base, theirs)) return;
    const mine = this.#encode();
    this.#data = this.#decode(isEqual(mine, base) ? theirs : unlocked.rebase(mine, lease));
  }

  async #drop(): Promise<void> {
    this.#destroyAtCommit = false;
    if ((await this.#row.destroy()) && this.#mode === 'readonly') this.#mode = 'merge'; // what comes now is a session of its own
  }

  #decode(bytes: Uint8Array): T {
    return decodeSession<T>(bytes, this.#settings.codec);
  }

  #encode(): Uint8Array {
    return encodeSession(this.#data, this.#settings.codec);
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new PhpSessionError('ERR_SESSION_CLOSED', 'The session was closed already');
  }

  #mustBeReadable(): void {
    if (this.#unreadable !== undefined) throw this.#unreadable;
  }

  #reportLateChange(): void {
    if (this.#saved === undefined || this.#is(this.#saved)) return; // the error was thrown already
    this.#saved = undefined;
    throw (
      this.#lost ??
      new PhpSessionError('ERR_SESSION_CLOSED', 'The session was changed after it was closed; that is not saved')
    );
  }

  #is(saved: Uint8Array): boolean {
    const now = this.#encodeIfPossible();
    return now !== undefined && isEqual(now, saved); // what cannot be stored is a change too
  }

  #encodeIfPossible(): Uint8Array | undefined {
    try {
      return this.#encode();
    } catch {
      return undefined;
    }
  }
}

/** A login whose user was stored before `regenerate()`: without this, the page would be answered as if it had been done. */
function lostWithRow(): PhpSessionError {
  return new PhpSessionError(
    'ERR_SESSION_CONFLICT',
    'the visitor has logged out since the session was read, and what was changed in it before regenerate() is lost',
  );
}

/** Tells operators why a request could not have or store its session. An error of the application is not theirs. */
function publishRefusal(error: unknown): void {
  if (!signals.refuse.hasSubscribers || !(error instanceof PhpSessionError)) return;
  signals.refuse.publish({ code: error.code, cause: nameOfError(error.cause) });
}
