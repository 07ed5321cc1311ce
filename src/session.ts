/**
 * Sessions without a middleware: `import { sessionOpener } from 'php-session-bridge/session'`; and what a middleware is made of:
 * `HttpSession`, `NodeExchange`, `settings`.
 */
import './node-version.ts';

export type { SessionData } from './codec/index.ts';
export { PhpSessionError, type PhpSessionErrorCode } from './errors.ts';
export type * from './login/login-rules.ts';
export type { Callbacks } from './middleware/callback-application.ts';
export { NodeExchange } from './middleware/node-exchange.ts';
export type { OpenSession } from './middleware/open-session.ts';
export {
  type OpenHow,
  type SessionOpener,
  type SessionOpenerOptions,
  sessionOpener,
} from './middleware/session-opener.ts';
export type { CookieJar, RequestWithHeaders, SessionSource, WebHeaders } from './middleware/session-source.ts';
export { type Connection, WebExchange } from './middleware/web-exchange.ts';
export { type WhoHow, whoIsLoggedIn } from './middleware/who-is-logged-in.ts';
export type { CacheLimiter } from './session/cache-limiter.ts';
export type { CookieAttributes, CookieOptions } from './session/cookie.ts';
export type { CookieEncoding } from './session/cookie-encoding.ts';
export type { HttpError } from './session/http-error.ts';
export type { Application, Arrival, HttpExchange } from './session/http-exchange.ts';
export { HttpSession, type PhpSessionControl, type Saving } from './session/http-session.ts';
export type { ConflictRule, MergeConflict } from './session/merge.ts';
export { type RequestMode, type SessionOptions, type Settings, settings } from './session/options.ts';
export type { RequestSession } from './session/request-session.ts';
export type { RegenerateOptions } from './session/session-row.ts';
export type {
  ColumnValue,
  OpenOptions,
  RowColumns,
  SessionLease,
  SessionSnapshot,
  SessionStore,
  Visitor,
} from './stores/store.ts';
