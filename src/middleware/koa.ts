/**
 * PHP's `$_SESSION` in Koa applications: `import { phpSession } from 'php-session-bridge/koa'`.
 */
import '../node-version.ts';
import type { SessionData } from '../codec/index.ts';
import type { HttpSession, PhpSessionControl } from '../session/http-session.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { type KoaContext, sessionOf } from './koa-application.ts';
import { passportSession } from './passport-session.ts';

export type { LoginOptions } from '../login/login-options.ts';
export type * from '../login/login-rules.ts';
export type { KoaContext } from './koa-application.ts';
export { type LoggedInState, type LoginKoaContext, loggedIn } from './koa-logged-in.ts';
export * from './public.ts';

/**
 * What `phpSession()` adds to Koa's context: `new Koa<DefaultState, PhpSessionContext<MySession>>()`, or
 * `(ctx: Context & PhpSessionContext<MySession>) => …` for a middleware of its own.
 */
export interface PhpSessionContext<T extends object = SessionData> {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it to `null` is a logout, as with koa-session. */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

/**
 * What `phpSession()` gives: Koa's middleware. It takes any context, and from the last of the two TypeScript learns what it adds to it:
 * so `app.use(phpSession<MySession>(…)).use((ctx) => …)` knows the type of `ctx.session`.
 */
export interface PhpSessionMiddleware<T extends object = SessionData> {
  (ctx: KoaContext, next: () => Promise<unknown>): Promise<void>;
  (ctx: KoaContext & PhpSessionContext<T>, next: () => Promise<unknown>): Promise<void>;
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
 * On `app` it emits `'session:gone'` (ctx) when the visitor logged out while the request ran, `'session:conflict'` (ctx, paths) when
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
export function phpSession<T extends object = SessionData>(options: SessionOptions): PhpSessionMiddleware<T> {
  const config = settings(options);

  const key = Symbol('the request of phpSession()');
  interface ContextWithSession extends KoaContext {
    [key]: HttpSession<T>;
  }
  const properties: PropertyDescriptorMap & ThisType<ContextWithSession> = {
    session: {
      configurable: true,
      get() {
        return this[key].data;
      },
      set(content: T | null) {
        this[key].data = content;
      },
    },
    phpSession: {
      configurable: true,
      get() {
        return this[key].control;
      },
    },
  };
  /** koa-passport looks for a session in `ctx.request` first, so that what it needs of one does not have to be in `ctx.session`. */
  const requestProperties: PropertyDescriptorMap & ThisType<{ ctx: ContextWithSession }> = {
    session: {
      configurable: true,
      get() {
        return passportSession(this.ctx[key]);
      },
    },
  };
  /** What contexts and their requests inherit these from, by what that inherits from in its turn: `app.context`, `app.request`. */
  const prototypes = new WeakMap<object, object>();

  /** To define them on each context costs ten times as much. */
  function inherit(object: object, given: PropertyDescriptorMap): void {
    if (Object.keys(given).some((name) => Object.hasOwn(object, name))) {
      Object.defineProperties(object, given);
      return;
    }
    const parent = Object.getPrototypeOf(object) as object;
    let prototype = prototypes.get(parent);
    if (prototype === undefined) {
      prototype = Object.create(parent, given) as object;
      prototypes.set(parent, prototype);
    }
    Object.setPrototypeOf(object, prototype);
  }

  function give(ctx: KoaContext, request: HttpSession<T>): void {
    (ctx as ContextWithSession)[key] = request; // to define it takes 5 us
    inherit(ctx, properties);
    if (ctx.request !== undefined) inherit(ctx.request, requestProperties);
  }

  return async function phpSession(ctx: KoaContext, next: () => Promise<unknown>) {
    const request = sessionOf<T>(config, ctx);
    await request.serve(() => {
      give(ctx, request);
      return next();
    });
  };
}
