/**
 * PHP's `$_SESSION` in Koa applications: `import { phpSession } from 'php-session-bridge/koa'`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
import { cacheHeaders } from '../session/cache-limiter.ts';
import { readCookie } from '../session/cookie.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { type Exchange, RequestSession } from '../session/request-session.ts';

export type { SessionData } from '../codec/index.ts';
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export type { CacheLimiter } from '../session/cache-limiter.ts';
export type { CookieOptions } from '../session/cookie.ts';
export type { SessionOptions } from '../session/options.ts';
export type { OpenOptions, SessionLease, SessionStore } from '../stores/store.ts';

/** What `phpSession()` adds to Koa's context: `new Koa<DefaultState, PhpSessionContext<MySession>>()`. */
export interface PhpSessionContext<T extends object = SessionData> {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it to `null` is a logout, as with koa-session. */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

export interface PhpSessionControl {
  /** The session id; `undefined` as long as nothing was stored. It is a secret. */
  readonly id: string | undefined;
  /** Gives the session a new id and removes the old one, at a login (PHP's session_regenerate_id(true)). */
  regenerate(): Promise<void>;
  /** Deletes the session and its cookie now: a logout (PHP's session_destroy()). */
  destroy(): Promise<void>;
  /** Saves and frees the lock, before something that takes long (PHP's session_write_close()). Later changes are not saved. */
  close(): Promise<void>;
}

/** What is used of Koa's context; any Koa from 2 on has it. */
interface Context {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headerSent: boolean;
  readonly app: { emit(event: string, ...args: unknown[]): boolean };
}

/** Answers with 503 and Retry-After: the session is safe, but it could not be had or saved now. */
const retryLater: ReadonlySet<PhpSessionErrorCode> = new Set<PhpSessionErrorCode>([
  'ERR_SESSION_LOCK_TIMEOUT',
  'ERR_SESSION_BUSY',
  'ERR_SESSION_UNAVAILABLE',
  'ERR_SESSION_CONFLICT',
  'ERR_SESSION_OUTCOME_UNKNOWN',
]);

/**
 * Middleware that opens PHP's session before the next one and saves it behind it, under the same lock as PHP.
 *
 * A request without a session cookie costs nothing, and gets a cookie only when something is stored. Changes are saved also when
 * the handler throws, as in PHP. The lock is held until the handler has ended, also if the client has gone.
 *
 * On `app` it emits `'session:gone'` (ctx) when somebody logged out while the request ran, and `'error'` for a change
 * after `close()`.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * app.use(phpSession({ store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) }));
 * app.use((ctx) => {
 *   ctx.session.count = (ctx.session.count ?? 0) + 1;
 * });
 */
export function phpSession<T extends object = SessionData>(
  options: SessionOptions,
): (ctx: Context, next: () => Promise<unknown>) => Promise<void> {
  const config = settings(options);

  return async function phpSession(ctx, next) {
    const { res } = ctx;
    const session = new RequestSession<T>(config, exchange(ctx, config.name));
    const limitCaches = (replace: boolean) => {
      if (ctx.headerSent) return;
      for (const [name, value] of Object.entries(cacheHeaders(config.cacheLimiter, config.cacheExpire))) {
        if (replace || !res.hasHeader(name)) res.setHeader(name, value);
      }
    };

    let isUsed = session.isExpected;
    if (isUsed && !(await hasOpened(session, res))) return;
    try {
      if (isUsed) limitCaches(true);
      const use = () => {
        // Without a cookie, the answer depends on the session from here on.
        if (!isUsed) limitCaches(false);
        isUsed = true;
      };
      Object.defineProperties(ctx, {
        session: {
          configurable: true,
          get: () => {
            use();
            return session.data;
          },
          set: (content: T | null) => {
            use();
            if (content === null) session.destroyAtCommit();
            else session.replace(content);
          },
        },
        phpSession: { configurable: true, value: control(session) },
      });
      await next();
    } catch (error) {
      if (config.discardOnError) await session.discard();
      else await save(ctx, session).catch((failure) => ctx.app.emit('error', failure, ctx));
      const cookie = cookies(res).find(isOf(config.name));
      beforeHeaders(res, () => {
        if (cookie !== undefined && !cookies(res).some(isOf(config.name))) res.appendHeader('Set-Cookie', cookie);
        if (isUsed) limitCaches(false);
      });
      throw toHttp(error);
    }
    await save(ctx, session);
  };
}

/** @returns false: the client has gone, so nobody waits for an answer any more */
async function hasOpened(session: RequestSession<object>, res: ServerResponse): Promise<boolean> {
  const gone = new AbortController();
  const abort = () => gone.abort();
  res.once('close', abort);
  if (res.destroyed) abort();
  try {
    await session.open(gone.signal);
    return true;
  } catch (error) {
    if (gone.signal.aborted) return false;
    throw toHttp(error);
  } finally {
    res.off('close', abort);
  }
}

async function save(ctx: Context, session: RequestSession<object>): Promise<void> {
  try {
    await session.commit();
  } catch (error) {
    if (!(error instanceof PhpSessionError) || error.code !== 'ERR_SESSION_CLOSED') throw toHttp(error);
    ctx.app.emit('error', error, ctx);
  }
}

function exchange(ctx: Context, name: string): Exchange {
  const { req, res } = ctx;
  return {
    cookie: readCookie(req.headers.cookie, name),
    canSetCookie: () => !ctx.headerSent,
    setCookie(header) {
      const others = cookies(res).filter((cookie) => !isOf(name)(cookie));
      res.setHeader('Set-Cookie', [...others, header]);
    },
    onGone: () => void ctx.app.emit('session:gone', ctx),
  };
}

function control(session: RequestSession<object>): PhpSessionControl {
  return {
    get id() {
      return session.id;
    },
    regenerate: () => session.regenerate(),
    destroy: () => session.destroy(),
    close: () => session.close(),
  };
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

const isOf = (name: string) => (cookie: string) => cookie.startsWith(`${name}=`);

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
