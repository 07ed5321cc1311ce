/**
 * PHP's `$_SESSION` in applications of koa-session 7: `import { phpKoaSession } from 'php-session-bridge/koa-session'`.
 */
import '../node-version.ts';
import type { SessionData } from '../codec/index.ts';
import type { PhpSessionControl } from '../session/http-session.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import type { KoaContext } from './koa-application.ts';
import type { KoaSessionProxy } from './koa-session-model.ts';
import { KoaSessionRequest, type SaveOptions } from './koa-session-request.ts';

export type { KoaContext } from './koa-application.ts';
export type { KoaSession, KoaSessionProxy } from './koa-session-model.ts';
export type { SaveOptions } from './koa-session-request.ts';
export * from './public.ts';

/** The options of `phpSession()`, and those of koa-session that have a meaning with PHP. */
export interface PhpKoaSessionOptions<T extends object = SessionData> extends SessionOptions, Partial<SaveOptions<T>> {
  /** Whether the session may be used. If not, it stays as it is, and the request goes on as if it had no cookie. */
  // biome-ignore lint/suspicious/noExplicitAny: Koa's context, as the application has typed it; koa-session has any here
  valid?: (ctx: any, session: T) => boolean;
}

/** What koa-session and this middleware add to Koa's context: `new Koa<DefaultState, PhpKoaSessionContext<MySession>>()`. */
export interface PhpKoaSessionContext<T extends object = SessionData> {
  /** koa-session's object, whose data are PHP's `$_SESSION`. Setting it to `null` is a logout; it is `null` then. */
  get session(): KoaSessionProxy<T> | null;
  set session(content: (T & { maxAge?: number | 'session' }) | null);
  /** What can be done with the session, and all of its data. */
  readonly phpSession: PhpSessionControl & {
    /** `$_SESSION`, with the keys that `ctx.session` has another use for. */
    readonly data: T;
  };
}

/** What `phpKoaSession()` gives: Koa's middleware, from whose last line TypeScript learns what it adds to the context. */
export interface PhpKoaSessionMiddleware<T extends object = SessionData> {
  (ctx: KoaContext, next: () => Promise<unknown>): Promise<void>;
  (ctx: KoaContext & PhpKoaSessionContext<T>, next: () => Promise<unknown>): Promise<void>;
}

/** koa-session's function: `import session from 'koa-session'`. */
type CreateSession = (options: object, app: never) => Middleware;
type Middleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;
interface App {
  readonly context: object;
  readonly use: unknown;
}

/** koa-session's names for what PHP has names of its own for. */
const renamed: Record<string, string> = {
  key: 'name',
  maxAge: 'cookieLifetime (in seconds)',
  path: 'cookiePath',
  domain: 'cookieDomain',
  secure: 'cookieSecure',
  httpOnly: 'cookieHttponly',
  sameSite: 'cookieSamesite',
};

/**
 * koa-session on PHP's session: middleware to be used where `session(options, app)` of koa-session was.
 *
 * koa-session gives `ctx.session` its object, its hooks and its events. The data are PHP's, and so are id, cookie, lock, and when
 * and how the session is saved; see `phpSession()`, whose options these are, and whose events are emitted too.
 *
 * @param session koa-session 7: `import session from 'koa-session'`
 * @param app the application, as koa-session extends its context
 * @throws TypeError for a wrong option, and if there is a `ctx.session` already, at once
 * @example
 * app.use(phpKoaSession(session, { store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) }, app));
 * app.use((ctx) => {
 *   ctx.session.views = (ctx.session.views ?? 0) + 1;
 * });
 */
export function phpKoaSession<T extends object = SessionData>(
  session: CreateSession,
  options: PhpKoaSessionOptions<T>,
  app: App,
): PhpKoaSessionMiddleware<T> {
  const { valid, rolling = false, autoCommit = true, beforeSave, ...others } = checked(options ?? {});
  check(typeof session === 'function', 'phpKoaSession() needs koa-session: phpKoaSession(session, options, app)');
  check(typeof app?.use === 'function', 'phpKoaSession() needs the application: phpKoaSession(session, options, app)');
  check(!('session' in app.context), 'The application has a ctx.session already');
  const config = settings(others, 'phpKoaSession()');

  /** The request of a context that koa-session hands over. */
  const requests = new WeakMap<object, KoaSessionRequest<T>>();
  const unused = async () => {};
  const find = async (_id: string, _maxAge: unknown, { ctx }: { ctx: object }) => requests.get(ctx)!.find();
  const koaSessionOptions = {
    key: config.name,
    maxAge: config.cookieLifetime > 0 ? config.cookieLifetime * 1000 : 'session',
    signed: false,
    // It saves nothing by itself, nor sends a cookie: it would leave keys out, and compare JSON, which has no bigint.
    autoCommit: false,
    store: { get: find, set: unused, destroy: unused },
    externalKey: { get: (ctx: object) => requests.get(ctx)!.http.cookie ?? '', set: () => {} },
    genid: () => '', // PHP's id comes when something is stored
    ...(valid && { valid: (ctx: object) => requests.get(ctx)!.isValid(valid) }),
  };
  const koaSession = session(koaSessionOptions, app as never);
  const property = Object.getOwnPropertyDescriptor(app.context, 'session')!;
  Object.defineProperty(app.context, 'session', {
    configurable: true,
    get(this: object) {
      const request = requests.get(this);
      return request === undefined ? property.get!.call(this) : request.shown();
    },
    set(this: object, content: unknown) {
      const request = requests.get(this);
      if (request === undefined) property.set!.call(this, content);
      else request.assign(content);
    },
  });

  return async function phpKoaSession(ctx, next) {
    const request = new KoaSessionRequest<T>(ctx, config, property, { beforeSave, rolling, autoCommit });
    await request.serve(() => {
      requests.set(ctx, request);
      Object.defineProperty(ctx, 'phpSession', { configurable: true, value: request.control });
      return koaSession(ctx, () => request.handle(next));
    });
  };
}

function checked<T extends object>(options: PhpKoaSessionOptions<T>): PhpKoaSessionOptions<T> {
  check(!('open' in options), 'A store is an option: phpKoaSession(session, { store }, app)');
  for (const [theirs, ours] of Object.entries(renamed)) check(!(theirs in options), `${theirs} is ${ours} here`);
  const { valid, beforeSave, rolling, autoCommit } = options;
  for (const [name, hook] of Object.entries({ valid, beforeSave })) {
    check(['undefined', 'function'].includes(typeof hook), `${name} must be a function`);
  }
  for (const [name, value] of Object.entries({ rolling, autoCommit })) {
    check(['undefined', 'boolean'].includes(typeof value), `${name} must be true or false`);
  }
  return options;
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new TypeError(message);
}
