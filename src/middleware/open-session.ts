import type { SessionData } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import { cacheHeaders } from '../session/cache-limiter.ts';
import { cookieAttributes } from '../session/cookie.ts';
import { toHttp } from '../session/http-error.ts';
import type { PhpSessionControl } from '../session/http-session.ts';
import { createPrefixedId } from '../session/id.ts';
import { optionsOf } from '../session/idle-cookie.ts';
import type { RequestMode, Settings } from '../session/options.ts';
import { RequestSession } from '../session/request-session.ts';
import { changedReadonly, type Listener, type RegenerateOptions } from '../session/session-row.ts';
import type { RowColumns, Visitor } from '../stores/store.ts';
import type { CookieJar } from './session-source.ts';

/** What an opened session is made of. */
export interface Opening {
  readonly settings: Settings;
  readonly mode: RequestMode;
  /** The id that the browser sent. */
  readonly cookie: string | undefined;
  /** The value of the cookie that the option `idleCookie` names. */
  readonly idleCookie: string | undefined;
  readonly visitor: Visitor;
  /** Where the cookie is set, besides the headers. */
  readonly jar: Pick<CookieJar, 'set'> | undefined;
  readonly listener: Listener;
  /** Gets what no caller can catch. */
  readonly report: (error: unknown) => void;
  /** Seconds. */
  readonly commitWithin: number;
}

/** Milliseconds after which a session is looked at that can only be read. They are short, as it may never be committed, and needs memory. */
const lookWithin = 1000;

/** A session that was opened by hand. It ends with `commit()` or `discard()`. */
export class OpenSession<T extends object = SessionData>
  implements Omit<PhpSessionControl, 'url' | 'hiddenField'>, AsyncDisposable
{
  readonly #opening: Opening;
  readonly #session: RequestSession<T>;
  /** The cookies that the browser is to get, by their names. */
  readonly #cookies: Map<string, string> = new Map();
  /** Whether the answer depends on the session. */
  #isUsed: boolean;
  /** The end of the last call, also where the application forgot an `await`. */
  #lastCall: Promise<unknown> = Promise.resolve();
  /** What a call failed with: from then on nothing is saved. */
  #failure: unknown;
  #isReadonly: boolean;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  /** Opens nothing: `sessionOpener()` does. */
  constructor(opening: Opening) {
    const { settings, mode, visitor, listener, cookie, idleCookie } = opening;
    this.#opening = opening;
    const request = mode === 'none' ? ({ cookie: undefined, mode: 'readonly' } as const) : { cookie, mode, idleCookie };
    const answer = { headersSent: false, ...visitor };
    this.#session = new RequestSession(settings, request, answer, this.#cookies, listener);
    this.#isReadonly = mode === 'readonly';
    this.#isUsed = this.#session.isExpected;
  }

  /** For `sessionOpener()`. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    await this.#session.open(signal);
    if (this.#opening.mode !== 'none') this.#startTimer();
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    if (this.#isReadonly) this.#timer = setTimeout(() => this.#session.isChanged && this.#reportLoss(true), lookWithin);
    else this.#timer = setTimeout(() => this.#giveUp(true), this.#opening.commitWithin * 1000);
  }

  /**
   * `$_SESSION`. Change it in place.
   *
   * @throws PhpSessionError what `decodeSession` says of a row that it cannot read; `ERR_SESSION_CLOSED` in the mode `none`
   */
  get data(): T {
    this.#isUsed = true;
    // It may be read after the end. What is changed then is not saved.
    if (this.#hasEnded) setImmediate(() => this.#reportLateChange());
    try {
      return this.#mustHaveOne().data;
    } catch (error) {
      throw toHttp(error);
    }
  }

  get id(): string | undefined {
    return this.#session.id;
  }

  get columns(): RowColumns {
    return this.#session.columns;
  }

  lock(): Promise<void> {
    return this.#write((session) => session.lock());
  }

  regenerate(options?: RegenerateOptions): Promise<void> {
    return this.#write((session) => session.regenerate(options));
  }

  destroy(): Promise<void> {
    return this.#write((session) => session.destroy());
  }

  close(): Promise<void> {
    return this.#release((session) => session.close());
  }

  abort(): Promise<void> {
    return this.#release((session) => session.abort());
  }

  #release(call: (session: RequestSession<T>) => Promise<void>): Promise<void> {
    return this.#watch(async (session) => {
      await call(session);
      if (this.#cookies.size > 0 || this.#hasEnded) return;
      // There is nothing left to do for commit(), so it may never come.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#reportLateChange(), lookWithin);
    });
  }

  reset(): Promise<void> {
    return this.#watch((session) => session.reset());
  }

  start(): Promise<void> {
    return this.#watch(async (session) => {
      if (this.#hasEnded) throw new PhpSessionError('ERR_SESSION_CLOSED', 'The session has ended: open another one');
      await session.start();
      this.#isReadonly = this.#opening.mode === 'readonly';
      this.#startTimer();
    });
  }

  createId(prefix: string = ''): string {
    return createPrefixedId(prefix, this.#opening.settings);
  }

  /**
   * Saves, frees the lock, and gives the headers of the answer: the cookie, if the session has a new id, and those that keep caches off.
   * Nothing is stored for a session that is new and empty. In the mode `readonly` only the time of the last use is set.
   *
   * @param headers get them too; default: new ones
   * @throws PhpSessionError with `status` and `headers` of the answer: what the store and `encodeSession` throw, and what a call before it
   *   failed with; nothing is saved then. `ERR_SESSION_READONLY` after a change in that mode, `ERR_SESSION_CLOSED` after a change since
   *   `close()` or the last `commit()`, or after `discard()`; `ERR_SESSION_NOT_COMMITTED` when it comes too late
   */
  async commit(headers: Headers = new Headers()): Promise<Headers> {
    await this.#lastCall;
    this.#end();
    if (this.#failure !== undefined) await this.#session.discard();
    else await this.#session.commit().catch((error) => this.#fail(error));
    if (this.#failure !== undefined) throw this.#failure;
    this.#answer(headers);
    return headers;
  }

  /** Frees the lock and saves nothing, instead of `commit()`. The time of the last use stays as it was. */
  async discard(): Promise<void> {
    this.#end();
    this.#fail(new PhpSessionError('ERR_SESSION_CLOSED', 'The session was discarded: it cannot be committed'));
    await this.#session.discard();
  }

  /** Discards the session if it was not committed. A change that is lost by that is reported to `onError`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastCall; // as `commit()`: one that was called before goes on, as in `return session.commit()`
    await (this.#hasEnded ? this.#reportLateChange() : this.#giveUp(false));
  }

  #end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #fail(error: unknown): void {
    this.#failure ??= toHttp(error);
  }

  /** @param isForgotten it was open for so long that others may wait for its lock */
  #giveUp(isForgotten: boolean): Promise<void> {
    this.#end();
    const end = this.#lastCall.then(async () => {
      if (this.#failure !== undefined) this.#opening.report(this.#failure); // perhaps nobody has waited for it
      const isLost = this.#session.isChanged || this.#cookies.size > 0;
      if (isLost || isForgotten) this.#reportLoss(isLost);
      await this.discard();
      await this.#reportLateChange(); // since close()
    });
    this.#lastCall = end;
    return end;
  }

  #reportLoss(isChanged: boolean): void {
    const error = this.#isReadonly ? changedReadonly() : notCommitted(isChanged);
    this.#fail(error);
    this.#opening.report(error);
  }

  /** The session is closed, so that this saves nothing: it fails with `ERR_SESSION_CLOSED` if something was changed since. */
  #reportLateChange(): Promise<void> {
    return this.#session.commit().catch((error) => this.#opening.report(error));
  }

  #mustHaveOne(): RequestSession<T> {
    if (this.#opening.mode !== 'none') return this.#session;
    throw new PhpSessionError('ERR_SESSION_CLOSED', "This request has no session: its mode is 'none'");
  }

  /** A call from which on there is something to commit, also in the mode `readonly`. */
  #write(call: (session: RequestSession<T>) => Promise<void>): Promise<void> {
    if (this.#isReadonly && !this.#hasEnded) {
      this.#isReadonly = false;
      this.#startTimer();
    }
    return this.#watch(call);
  }

  /** A failure of a call that the application does not wait for must neither end the process nor be lost: `commit()` throws it. */
  #watch(call: (session: RequestSession<T>) => Promise<void>): Promise<void> {
    const result = this.#call(call);
    this.#lastCall = result.catch((error) => {
      if (this.#hasEnded) this.#opening.report(error);
      else this.#fail(error);
    });
    return result;
  }

  async #call(call: (session: RequestSession<T>) => Promise<void>): Promise<void> {
    try {
      const session = this.#mustHaveOne();
      this.#isUsed = true;
      await call(session);
    } catch (error) {
      throw toHttp(error);
    }
  }

  #answer(headers: Headers): void {
    const { settings, jar } = this.#opening;
    if (this.#isUsed) {
      const { cacheLimiter, cacheExpire } = settings;
      for (const [name, value] of Object.entries(cacheHeaders(cacheLimiter, cacheExpire))) headers.set(name, value);
    }
    for (const [name, header] of this.#cookies) {
      headers.append('Set-Cookie', header);
      const isRemoved = header.includes('; Max-Age=0');
      const value = decodeURIComponent(header.slice(name.length + 1).replace(/;.*/, ''));
      const { idleCookie } = settings;
      const options = name === idleCookie?.name ? optionsOf(idleCookie, settings) : settings;
      jar?.set?.(name, value, cookieAttributes(options, isRemoved));
    }
  }
}

function notCommitted(isChanged: boolean): PhpSessionError {
  return new PhpSessionError(
    'ERR_SESSION_NOT_COMMITTED',
    `A session was opened, and neither committed nor discarded. ${
      isChanged ? 'What was changed in it, or its new cookie, is lost' : 'Its lock is free now'
    }. Call commit() before the answer goes out`,
  );
}
