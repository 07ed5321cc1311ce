/**
 * PHP's `$_SESSION` in Koa applications: `import { phpSession } from 'php-session-bridge/koa'`.
 */
import type { SessionData } from '../codec/index.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { type Context, KoaRequest, type PhpSessionControl } from './koa-request.ts';

export type { SessionData } from '../codec/index.ts';
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export type { CacheLimiter } from '../session/cache-limiter.ts';
export type { CookieOptions } from '../session/cookie.ts';
export type { ConflictRule, MergeConflict } from '../session/merge.ts';
export type { RequestMode, SessionOptions } from '../session/options.ts';
export type { OpenOptions, SessionLease, SessionSnapshot, SessionStore } from '../stores/store.ts';
export type { PhpSessionControl } from './koa-request.ts';

/** What `phpSession()` adds to Koa's context: `new Koa<DefaultState, PhpSessionContext<MySession>>()`. */
export interface PhpSessionContext<T extends object = SessionData> {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it to `null` is a logout, as with koa-session. */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

/**
 * Middleware that opens PHP's session before the next one and saves it after that, under the same lock as PHP.
 *
 * A request without a session cookie costs nothing, and gets a cookie only when something is stored. Changes are saved also when
 * the handler throws, as in PHP. The lock is held until the handler has ended, also if the client has gone.
 *
 * It belongs after the body parser. A body that is still to come is waited for before the lock is taken, if it fits into the
 * request's buffer (`readableHighWaterMark` bytes); with a larger one the request has the mode `merge` until `lock()`.
 *
 * On `app` it emits `'session:gone'` (ctx) when somebody logged out while the request ran, `'session:conflict'` (ctx, paths) when
 * `onConflict` has decided about values that others have changed too, and `'error'` for a change in the mode `readonly`, and for
 * one after `close()` or after the handler has ended.
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

  const key = Symbol('the request of phpSession()');
  interface ContextWithSession extends Context {
    [key]: KoaRequest<T>;
  }
  const properties: PropertyDescriptorMap & ThisType<ContextWithSession> = {
    session: {
      configurable: true,
      get() {
        return this[key].use().data;
      },
      set(content: T | null) {
        if (content === null) this[key].destroyAtCommit();
        else this[key].use().replace(content);
      },
    },
    phpSession: {
      configurable: true,
      get() {
        return this[key].control;
      },
    },
  };
  /** What contexts inherit these from, by what that inherits from in its turn: `app.context`. */
  const prototypes = new WeakMap<object, object>();

  /** To define them on each context costs ten times as much. */
  function give(ctx: Context, request: KoaRequest<T>): void {
    Object.defineProperty(ctx, key, { value: request, configurable: true }); // not enumerable, as the id is in it
    if (Object.hasOwn(ctx, 'session') || Object.hasOwn(ctx, 'phpSession')) {
      Object.defineProperties(ctx, properties);
      return;
    }
    const parent = Object.getPrototypeOf(ctx) as object;
    let prototype = prototypes.get(parent);
    if (prototype === undefined) {
      prototype = Object.create(parent, properties) as object;
      prototypes.set(parent, prototype);
    }
    Object.setPrototypeOf(ctx, prototype);
  }

  return async function phpSession(ctx, next) {
    const request = new KoaRequest<T>(ctx, config);
    await request.serve(() => {
      give(ctx, request);
      return next();
    });
  };
}
