import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
import { cacheHeaders } from '../session/cache-limiter.ts';
import { readCookie } from '../session/cookie.ts';
import { modeOf, type Settings } from '../session/options.ts';
import { type Exchange, RequestSession } from '../session/request-session.ts';
import { bodyArrives } from './body.ts';
import { clientGone } from './client-gone.ts';
import { enter } from './mounted.ts';
import { passportSession } from './passport-session.ts';

/** What the middleware adds to Koa's context beside `ctx.session`. */
export interface PhpSessionControl {
  /** The session id; `undefined` as long as nothing was stored. It is a secret. */
  readonly id: string | undefined;
  /**
   * Makes the mode of this request `exclusive`: waits for the lock, and puts its changes on what is stored by then. Look at
   * `ctx.session` again afterwards: it is another object if somebody else has changed the session.
   */
  lock(): Promise<void>;
  /** Gives the session a new id and leaves nothing under the old one, at a login (PHP's session_regenerate_id(true)). */
  regenerate(): Promise<void>;
  /** Deletes the session and its cookie now: a logout (PHP's session_destroy()). Where there was nothing in it, it stays. */
  destroy(): Promise<void>;
  /** Saves and frees the lock, before something that takes long (PHP's session_write_close()). Later changes are not saved. */
  close(): Promise<void>;
}

/** What is used of Koa's context; any Koa from 2 on has it. */
export interface Context {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headerSent: boolean;
  /** The answer; a stream is still being made when the handler has ended. */
  readonly body?: unknown;
  /** `false`: the application answers by itself, perhaps later. */
  readonly respond?: boolean;
  readonly app: { emit(event: string, ...args: unknown[]): boolean };
  /** Koa's request, whose `ctx` is this context. */
  readonly request?: object;
}

/** Answers with 503 and Retry-After: the session is safe, but it could not be had or saved now. */
const retryLater: ReadonlySet<PhpSessionErrorCode> = new Set<PhpSessionErrorCode>([
  'ERR_SESSION_LOCK_TIMEOUT',
  'ERR_SESSION_BUSY',
  'ERR_SESSION_UNAVAILABLE',
  'ERR_SESSION_CONFLICT',
  'ERR_SESSION_OUTCOME_UNKNOWN',
]);

/** Told to the application only: what is stored is right, and the answer is what it would be without the change. */
const isLate: ReadonlySet<PhpSessionErrorCode> = new Set<PhpSessionErrorCode>([
  'ERR_SESSION_CLOSED',
  'ERR_SESSION_READONLY',
]);

/** The session of one request under Koa: opened before the handler, saved after it, its lock freed in any case. */
export class KoaRequest<T extends object = SessionData> {
  /** The cookie that the browser sent. */
  readonly cookie: string | undefined;
  /** Whether somebody logged out while the request ran, so that nothing was saved. */
  isGone = false;
  /** Changes with `leave()`. */
  session: RequestSession<T>;
  protected readonly ctx: Context;
  protected readonly config: Settings;
  /** Whether the answer depends on the session. */
  #isUsed: boolean;
  /** The session was saved, or that failed. */
  #hasEnded = false;
  #control: PhpSessionControl | undefined;
  #passport: object | undefined;
  /** What calls of `control` failed with. */
  readonly #failures: Set<unknown> = new Set();

  constructor(ctx: Context, config: Settings) {
    this.ctx = ctx;
    this.config = config;
    this.cookie = readCookie(ctx.req.headers.cookie, config.name);
    this.session = new RequestSession(config, this.#exchange(this.cookie));
    this.#isUsed = this.session.isExpected;
  }

  /** The session, for the application: from here on the answer depends on it. */
  use(): RequestSession<T> {
    // As session_start() does; what the application sets afterwards stays.
    if (!this.#isUsed) this.#limitCaches(true);
    this.#isUsed = true;
    // Behind the end of the request, in a timer or where an `await` is missing: what is changed now is not saved.
    if (this.#hasEnded) setImmediate(() => this.#tellLateChange());
    // A listener that writes the log, for example: nobody would catch what it throws, and that would end the process.
    if (this.#hasEnded && this.ctx.headerSent && !this.session.isReadable) this.#tell(this.session.takeUnreadable());
    return this.session;
  }

  /** `ctx.session = null`: a logout when the request ends. */
  destroyAtCommit(): void {
    try {
      this.use().destroyAtCommit();
    } catch (error) {
      // Nobody would catch it in a timer, and it would end the process.
      if (!this.#hasEnded) throw error;
      this.#tell(error);
    }
  }

  /** `ctx.phpSession`. */
  get control(): PhpSessionControl {
    this.#control ??= this.createControl();
    return this.#control;
  }

  /** `req.session` of passport; another one after each of its `regenerate()`. */
  get passport(): object {
    const request = this;
    this.#passport ??= passportSession(
      {
        get data() {
          return request.use().data;
        },
        regenerate: () => this.control.regenerate(),
        destroy: () => this.control.destroy(),
      },
      () => {
        this.#passport = undefined;
      },
    );
    return this.#passport;
  }

  /** The calls that go to whatever session there is then. */
  protected createControl(): PhpSessionControl {
    const request = this;
    return {
      get id() {
        return request.session.id;
      },
      lock: () => request.watch(request.session.lock()),
      regenerate: () => request.watch(request.regenerate()),
      destroy: () => request.watch(request.destroy()),
      close: () => request.watch(request.close()),
    };
  }

  protected regenerate(): Promise<void> {
    return this.session.regenerate();
  }

  protected destroy(): Promise<void> {
    return this.session.destroy();
  }

  protected close(): Promise<void> {
    return this.session.close();
  }

  /** A failure that nobody waits for must not end the process, and must not be lost: it is told when the request ends, or at once. */
  protected watch(call: Promise<void>): Promise<void> {
    call.catch((error) => (this.#hasEnded ? this.#tell(error) : this.#failures.add(error)));
    return call;
  }

  /** Goes on as if the browser had sent no cookie. The session stays as it is stored. */
  async leave(): Promise<void> {
    await this.session.discard();
    this.session = new RequestSession(this.config, this.#exchange(undefined));
  }

  /**
   * Opens the session, runs `handle`, and saves.
   *
   * @throws what `handle` throws; PhpSessionError with the `status` and `headers` of the answer
   */
  async serve(handle: () => Promise<unknown>): Promise<void> {
    const leave = this.#enter();
    try {
      await this.#serve(handle);
    } finally {
      leave();
    }
  }

  #enter(): () => void {
    try {
      return enter(this.ctx.req, this.config.name);
    } catch (error) {
      throw toHttp(error);
    }
  }

  async #serve(handle: () => Promise<unknown>): Promise<void> {
    const { res } = this.ctx;
    if (this.#isUsed && !(await this.#hasOpened())) return;
    try {
      if (this.#isUsed) this.#limitCaches(true);
      await handle();
    } catch (error) {
      if (this.config.discardOnError) await this.session.discard();
      else await this.#end().catch((failure) => this.#tell(failure));
      this.#tellFailures(error);
      const cookie = cookies(res).find(this.#isOurs);
      beforeHeaders(res, () => {
        if (cookie !== undefined && !cookies(res).some(this.#isOurs)) res.appendHeader('Set-Cookie', cookie);
        if (this.#isUsed) this.#limitCaches(false);
      });
      throw toHttp(error);
    }
    try {
      await this.#end();
    } finally {
      this.#tellFailures();
    }
  }

  /** @param thrown is told by Koa */
  #tellFailures(thrown?: unknown): void {
    this.#hasEnded = true;
    for (const failure of this.#failures) if (failure !== thrown) this.#tell(failure);
    const { body, respond, res } = this.ctx;
    // The answer goes on without the handler, and what makes it may have the session in its hands.
    if (this.#isUsed && (respond === false || typeof (body as { pipe?: unknown } | null)?.pipe === 'function')) {
      res.once('close', () => this.#tellLateChange());
    }
  }

  #tell(error: unknown): void {
    this.ctx.app.emit('error', error, this.ctx);
  }

  /** The session is closed, so that this saves nothing: it fails with `ERR_SESSION_CLOSED` if something was changed since. */
  #tellLateChange(): void {
    this.session.commit().catch((error) => this.#tell(error));
  }

  /** Saves and frees the lock when the handler has ended. It must not fail without having freed the lock. */
  protected save(): Promise<void> {
    return this.session.commit();
  }

  /** Replaces what was set before for the session's cookie. */
  protected setCookie(header: string): void {
    this.isGone = false; // what has a cookie now is another session
    const { res } = this.ctx;
    const others = cookies(res).filter((cookie) => !this.#isOurs(cookie));
    res.setHeader('Set-Cookie', [...others, header]);
  }

  /** @returns false: nobody waits for an answer any more, as the client has gone, or has got one from an outer middleware */
  async #hasOpened(): Promise<boolean> {
    const { req, res } = this.ctx;
    const signal = clientGone(req, res);
    const arriving = this.session.needsLock ? bodyArrives(req, res) : undefined;
    const body = arriving === undefined ? 'whole' : await arriving;
    if (body === 'gone') return false;
    try {
      await this.session.open(signal, body === 'more' ? 'merge' : undefined);
      if (!res.writableEnded) return true;
      await this.session.discard();
      return false;
    } catch (error) {
      if (signal.aborted) return false;
      throw toHttp(error);
    }
  }

  async #end(): Promise<void> {
    try {
      await this.save();
    } catch (error) {
      if (!(error instanceof PhpSessionError) || !isLate.has(error.code)) throw toHttp(error);
      this.#tell(error);
    }
  }

  #exchange(cookie: string | undefined): Exchange {
    return {
      cookie,
      mode: modeOf(this.config, this.ctx),
      canSetCookie: () => !this.ctx.headerSent,
      setCookie: (header) => this.setCookie(header),
      onGone: () => {
        this.isGone = true;
        this.ctx.app.emit('session:gone', this.ctx);
      },
      onConflict: (paths) => {
        this.ctx.app.emit('session:conflict', this.ctx, paths);
      },
    };
  }

  #limitCaches(replace: boolean): void {
    const { headerSent, res } = this.ctx;
    if (headerSent) return;
    for (const [name, value] of Object.entries(cacheHeaders(this.config.cacheLimiter, this.config.cacheExpire))) {
      if (replace || !res.hasHeader(name)) res.setHeader(name, value);
    }
  }

  readonly #isOurs = (cookie: string): boolean => cookie.startsWith(`${this.config.name}=`);
}

/** Koa takes `status` and `headers` from an error, and shows the message of one with `expose` only. */
function toHttp(error: unknown): unknown {
  if (!(error instanceof PhpSessionError)) return error;
  const status = retryLater.has(error.code) ? 503 : 500;
  const headers = status === 503 ? { 'Retry-After': '1' } : {};
  return Object.assign(error, { status, headers, expose: false });
}

function cookies(res: ServerResponse): string[] {
  return [res.getHeader('Set-Cookie') ?? []].flat().map(String);
}

/**
 * Runs `work` when the headers go out. For an error Koa drops all headers, and with them the cookie of a session that was saved
 * all the same. It would take headers from the error, but an error may be shared by requests, and a session's cookie must not.
 */
function beforeHeaders(res: ServerResponse, work: () => void): void {
  const { writeHead } = res;
  res.writeHead = (...args: unknown[]) => {
    if (!res.headersSent) work();
    return writeHead.apply(res, args as never);
  };
}
