import type { SessionData } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import type { RowColumns } from '../stores/store.ts';
import { cacheHeaders } from './cache-limiter.ts';
import { readCookie } from './cookie.ts';
import { idOf } from './cookie-encoding.ts';
import { isLate, toHttp } from './http-error.ts';
import type { Application, HttpExchange } from './http-exchange.ts';
import { createPrefixedId } from './id.ts';
import { IdInLinks } from './id-in-links.ts';
import { enter } from './mounted.ts';
import { modeOf, type RequestMode, type Settings } from './options.ts';
import { RequestSession } from './request-session.ts';
import { SessionCookies } from './session-cookies.ts';
import type { RegenerateOptions } from './session-row.ts';

/** What an application can do with its session, apart from the data. */
export interface PhpSessionControl {
  /** The session id; `undefined` as long as nothing is to be stored. It is a secret. */
  readonly id: string | undefined;
  /** What else is in the row, as it was read: the columns that the option `row.read` of `mysqlStore()` names. None where there is no row. */
  readonly columns: RowColumns;
  /**
   * Makes the mode of this request `exclusive`: waits for the lock, and puts its changes on what is stored then. Look at
   * the session again afterwards: it is another object if another request has changed the session.
   */
  lock(): Promise<void>;
  /** Gives the session a new id and leaves nothing under the old one, at a login (PHP's session_regenerate_id(true)). */
  regenerate(options?: RegenerateOptions): Promise<void>;
  /** Deletes the session and its cookie now: a logout (PHP's session_destroy()). Where there was nothing in it, it stays. */
  destroy(): Promise<void>;
  /** Saves and frees the lock, before something that takes long (PHP's session_write_close()). Later changes are not saved. */
  close(): Promise<void>;
  /** Drops what changed, and frees the lock (PHP's session_abort()). Later changes are not saved. */
  abort(): Promise<void>;
  /**
   * Drops what changed, and goes on with what was read (PHP's session_reset()). Look at the session again afterwards: it is another object.
   */
  reset(): Promise<void>;
  /**
   * Opens the session again after `close()` or `abort()`, with what is stored now (a second session_start()). Look at the session again
   * afterwards: it is another object.
   */
  start(): Promise<void>;
  /**
   * A new id, as PHP's session_create_id() makes them. The session keeps its own: `regenerate({ prefix })` changes it.
   *
   * @throws TypeError for a prefix that PHP refuses
   */
  createId(prefix?: string): string;
  /**
   * A link with the id in it, for browsers without cookies. It stays as it is if the browser sends cookies, or if it leads to another host,
   * and always with the option `useOnlyCookies`, which is the default.
   *
   * @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`
   */
  url(link: string): string;
  /**
   * The same for a form: a hidden field in HTML, or `''`.
   *
   * @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`
   */
  hiddenField(): string;
}

/** How the session of a request is saved. */
export interface Saving {
  /** Saves and frees the lock, when the handler has ended. It must not fail without having freed the lock. */
  commit(): Promise<void>;
  /** Stores what the browser gets a cookie for, when the headers go out before that. */
  reserve(): Promise<void>;
}

/**
 * The session of one request over HTTP, whatever the framework: opened before the handler, saved after it, its lock freed in any
 * case. `serve()` does all of it; an adapter only says how its framework's request, answer and application are reached.
 */
export class HttpSession<T extends object = SessionData> {
  /** Changes with `leave()`. */
  session: RequestSession<T>;
  readonly settings: Settings;
  readonly #mode: RequestMode;
  /** Private, as an adapter may put this object where the framework's own are printed. */
  readonly #cookie: string | undefined;
  readonly #answerCookies: SessionCookies;
  readonly #links: IdInLinks | undefined;
  readonly #http: HttpExchange;
  readonly #application: Application;
  /** How it is saved, if not by `session` itself. */
  #saving: Saving | undefined;
  /** Whether it is noticed when the headers go out. */
  #awaitsHeaders = false;
  /** `serveUntilAnswer()`: the session is saved when the headers go out. */
  #savesAtHeaders = false;
  /** The handler has failed: the framework may drop the headers that were set, as its answer is another one. */
  #hasFailed = false;
  /** Whether the answer depends on the session. */
  #isUsed: boolean;
  /** Set when the handler has ended: an answer that begins while the session is being saved waits for that. */
  #saved: Promise<void> | undefined;
  /** The session was saved, or that failed. */
  #hasEnded = false;
  #control: PhpSessionControl | undefined;
  /**
   * What an adapter has made of it for the application. It is kept here and not in a WeakMap: its value would lead back to its key, and then V8
   * frees neither before a major garbage collection, with all that belongs to the request.
   */
  shown: object | undefined;
  /** What calls of the application failed with. */
  readonly #failures: Set<unknown> = new Set();

  /** @throws TypeError if the option `mode` is a function that returns no mode */
  constructor(settings: Settings, http: HttpExchange, application: Application) {
    this.#http = http;
    this.#application = application;
    const cookie = idOf(settings, readCookie(http.cookieHeader, settings.name));
    if (!settings.useOnlyCookies) this.#links = new IdInLinks(settings, http, cookie !== undefined);
    this.#cookie = cookie ?? this.#links?.id;
    // The id of a link may be an attacker's.
    this.settings = this.#links?.brought(this.#cookie) ? { ...settings, cookieRefresh: false } : settings;
    this.#answerCookies = new SessionCookies(http);
    this.#mode = modeOf(settings, application.context);
    this.session = this.#sessionOf(this.#mode === 'none' ? undefined : this.#cookie);
    this.#isUsed = this.session.isExpected;
  }

  /** The id in the cookie that the browser sent; with `useOnlyCookies: false`, the id that it sent in another way. */
  get cookie(): string | undefined {
    return this.#cookie;
  }

  /** The session, for the application: from here on the answer depends on it. */
  use(): RequestSession<T> {
    this.#mustHaveOne();
    // As session_start() does; what the application sets afterwards stays.
    if (!this.#isUsed) this.#limitCaches(true);
    this.#isUsed = true;
    if (this.session.isNew) this.#awaitHeaders();
    if (this.#savesAtHeaders && !this.#awaitsHeaders) this.#hasEnded = true; // nobody used it before the headers went out
    // After the end of the request, in a timer or where an `await` is missing: what is changed now is not saved.
    if (this.#hasEnded) setImmediate(() => this.#reportLateChange());
    // A listener that writes the log, for example: nothing would catch what it throws, and that would end the process.
    if (this.#hasEnded && this.#http.headersSent && !this.session.isReadable)
      this.report(this.session.takeUnreadable());
    return this.session;
  }

  #mustHaveOne(): RequestSession<T> {
    if (this.#mode !== 'none') return this.session;
    throw new PhpSessionError('ERR_SESSION_CLOSED', "This request has no session: its mode is 'none'");
  }

  /** `$_SESSION`, for the application. Setting it replaces all of it; `null` is a logout when the request ends. */
  get data(): T {
    return this.use().data;
  }

  set data(content: T | null) {
    if (content !== null) {
      this.use().replace(content);
      return;
    }
    try {
      this.use().destroyAtCommit();
      this.#awaitHeaders();
    } catch (error) {
      // In a timer nothing would catch it, and it would end the process.
      if (!this.#hasEnded) throw error;
      this.report(error);
    }
  }

  /** What the application can do with the session. */
  get control(): PhpSessionControl {
    this.#control ??= this.#createControl();
    return this.#control;
  }

  #createControl(): PhpSessionControl {
    const request = this;
    const { settings } = this;
    return {
      get id() {
        return request.session.id;
      },
      get columns() {
        return request.session.columns;
      },
      lock: () => this.watch(this.#mustHaveOne().lock()),
      regenerate: (options) => this.watch(this.regenerate(options)),
      destroy: () => {
        this.#awaitHeaders();
        return this.watch(this.#mustHaveOne().destroy());
      },
      close: () => this.watch(this.#mustHaveOne().close()),
      abort: () => this.watch(this.#mustHaveOne().abort()),
      reset: () => this.watch(this.#mustHaveOne().reset()),
      start: () => this.watch(this.#start()),
      createId: (prefix = '') => createPrefixedId(prefix, settings),
      url: (link) => this.#links?.url(link, this.use().id) ?? link,
      hiddenField: () => this.#links?.hiddenField(this.use().id) ?? '',
    };
  }

  /** As `session.regenerate()`. The browser gets its new cookie also if the headers go out before the handler has ended. */
  regenerate(options?: RegenerateOptions): Promise<void> {
    this.#awaitHeaders();
    return this.#mustHaveOne().regenerate(options);
  }

  async #start(): Promise<void> {
    const session = this.use();
    if (!this.#hasEnded && this.#saved === undefined) return session.start();
    throw new PhpSessionError(
      'ERR_SESSION_CLOSED',
      'The request has ended: what a session has then would not be saved',
    );
  }

  /**
   * A failure of a call that the application does not wait for must neither end the process nor be lost: it is reported in the end. Where
   * it waits, and leaves the error to the framework, that knows the answer.
   */
  watch(call: Promise<void>): Promise<void> {
    call.catch((error) => {
      toHttp(error);
      if (this.#hasEnded) this.report(error);
      else this.#failures.add(error);
    });
    return call;
  }

  /** Goes on as if the browser had sent no cookie. The session stays as it is stored. */
  async leave(): Promise<void> {
    await this.session.discard();
    this.session = this.#sessionOf(undefined);
  }

  /**
   * Sends a cookie in the place of the one that was set for the session before, if the headers have not gone out. The id of a link gets
   * none.
   */
  sendCookie(header: string): void {
    if (!this.#http.headersSent && !this.#links?.brought(this.session.id))
      this.#answerCookies.set(this.settings.name, header);
  }

  /** Reports an error that changes nothing in the answer to the application. */
  report(error: unknown): void {
    this.#application.onError(error);
  }

  /**
   * Opens the session, runs `handle`, and saves. It does not run if the client has gone meanwhile.
   *
   * @param saving default: the session itself
   * @throws what `handle` throws; PhpSessionError with the `status` and `headers` of the answer
   */
  async serve(handle: () => Promise<unknown>, saving?: Saving): Promise<void> {
    this.#saving = saving;
    const leave = this.#enter();
    if (this.#links !== undefined) this.#awaitHeaders();
    try {
      await this.#serve(handle);
    } finally {
      leave();
    }
  }

  /**
   * As `serve()`, in a framework that does not wait for its handlers, such as Express. A handler has ended when the headers of its answer
   * go out: they wait until the session was saved. If that fails, the error is the answer, and `onError()` gets it.
   *
   * @param handle begins with the handler; it is not called if the client has gone meanwhile
   * @throws PhpSessionError with the `status` and `headers` of the answer, if the session cannot be opened
   */
  async serveUntilAnswer(handle: () => void): Promise<void> {
    const leave = this.#enter();
    try {
      if (this.#isUsed && !(await this.#hasOpened())) return;
      this.#savesAtHeaders = true;
      if (this.#isUsed) this.#limitCaches(true);
      if (this.#isUsed || this.#links !== undefined) this.#awaitHeaders();
    } catch (error) {
      leave();
      throw error;
    }
    handle();
  }

  #enter(): () => void {
    try {
      return enter(this.#http.request, this.settings.name);
    } catch (error) {
      throw toHttp(error);
    }
  }

  async #serve(handle: () => Promise<unknown>): Promise<void> {
    if (this.#isUsed && !(await this.#hasOpened())) return;
    try {
      if (this.#isUsed) this.#limitCaches(true);
      await handle();
    } catch (error) {
      if (this.settings.discardOnError) await this.session.discard();
      else await this.#save().catch((failure) => this.report(failure));
      this.#end(error);
      this.#hasFailed = true;
      this.#awaitHeaders();
      throw toHttp(error);
    }
    try {
      await this.#save();
    } finally {
      this.#end();
    }
  }

  /** @returns false: the client waits no longer, as it has gone, or has got an answer from other middleware */
  async #hasOpened(): Promise<boolean> {
    const signal = this.#http.clientGone();
    const arriving = this.session.needsLock ? this.#http.bodyArrives?.() : undefined;
    const body = arriving === undefined ? 'whole' : await arriving;
    if (body === 'gone') return false;
    try {
      await this.session.open(signal, body === 'more' ? 'merge' : undefined);
      if (!this.#http.isAnswered) return true;
      await this.session.discard();
      return false;
    } catch (error) {
      if (signal.aborted) return false;
      throw toHttp(error);
    }
  }

  #save(): Promise<void> {
    this.#saved = this.#commit();
    return this.#saved;
  }

  async #commit(): Promise<void> {
    try {
      await (this.#saving ?? this.session).commit();
    } catch (error) {
      if (!isLate(error)) throw toHttp(error);
      this.report(error);
    }
  }

  /** @param thrown is reported by the framework */
  #end(thrown?: unknown): void {
    this.#hasEnded = true;
    for (const failure of this.#failures) if (failure !== thrown) this.report(failure);
    // The answer goes on without the handler, and what makes it may have the session in its hands.
    if (this.#isUsed) this.#application.afterAnswer?.(() => this.#reportLateChange());
  }

  /** Asks for `#beforeHeaders()`, which costs something: so it is done when there may be something to do. */
  #awaitHeaders(): void {
    if (this.#awaitsHeaders || this.#http.headersSent) return;
    this.#awaitsHeaders = true;
    this.#http.beforeHeaders(
      () => this.#beforeHeaders(),
      (error) => this.report(error),
    );
    if (this.#savesAtHeaders) this.#application.afterAnswer?.(() => this.#saveIfMissed());
  }

  /**
   * As in `res.end(await page())`, where the page begins a session: `res.end` was looked up before that, so the headers went out unnoticed.
   * What the session holds must not be lost in silence. Or the client has gone, and the handler goes on.
   */
  #saveIfMissed(): void {
    if (this.#saved !== undefined || this.#hasEnded) return;
    if (this.#http.headersSent)
      this.#saveAtHeaders().catch(() => undefined); // it was reported
    else this.#http.beginAtPipe?.();
  }

  #beforeHeaders(): Promise<void> | undefined {
    // `writeHead()` replaces it by cookies of others. For an error the framework drops it; it would take headers from the error, but an
    // error may be shared by requests, and a session's cookie must not.
    this.#answerCookies.restore();
    this.#links?.protect();
    if (this.#savesAtHeaders) return this.#saveAtHeaders();
    if (!this.#hasEnded) return this.#saved ?? (this.session.needsCookie ? this.#reserve() : undefined);
    if (!this.#hasFailed) return undefined;
    if (this.#isUsed) this.#limitCaches(false);
    return undefined;
  }

  async #saveAtHeaders(): Promise<void> {
    try {
      if (this.settings.discardOnError && this.#application.hasFailed?.()) await this.session.discard();
      else await this.#save();
    } catch (error) {
      this.report(error);
      throw error;
    } finally {
      this.#end();
    }
  }

  async #reserve(): Promise<void> {
    try {
      await (this.#saving ?? this.session).reserve();
    } catch (error) {
      this.report(toHttp(error));
      throw error;
    }
  }

  /** The session is closed, so that this saves nothing: it fails with `ERR_SESSION_CLOSED` if something was changed since. */
  #reportLateChange(): void {
    this.session.commit().catch((error) => this.report(error));
  }

  #sessionOf(cookie: string | undefined): RequestSession<T> {
    const mode = this.#mode === 'none' ? 'readonly' : this.#mode;
    const { idleCookie: second } = this.settings;
    const idleCookie = second && readCookie(this.#http.cookieHeader, second.name);
    return new RequestSession(
      this.settings,
      { cookie, mode, idleCookie },
      this.#http,
      this.#answerCookies,
      this.#application,
    );
  }

  #limitCaches(replace: boolean): void {
    if (this.#http.headersSent) return;
    const { cacheLimiter, cacheExpire } = this.settings;
    for (const [name, value] of Object.entries(cacheHeaders(cacheLimiter, cacheExpire))) {
      if (replace || !this.#http.hasHeader(name)) this.#http.setHeader(name, value);
    }
    this.#links?.protect();
  }
}
