/** What the entry of each framework exports besides its own. */
export type { SessionData } from '../codec/index.ts';
export { PhpSessionError, type PhpSessionErrorCode } from '../errors.ts';
export type { CacheLimiter } from '../session/cache-limiter.ts';
export type { CookieOptions } from '../session/cookie.ts';
export type { CookieEncoding } from '../session/cookie-encoding.ts';
export type { PhpSessionControl } from '../session/http-session.ts';
export type { ConflictRule, MergeConflict } from '../session/merge.ts';
export type { RequestMode, SessionOptions } from '../session/options.ts';
export type { RegenerateOptions } from '../session/session-row.ts';
export type {
  ColumnValue,
  OpenOptions,
  RowColumns,
  SessionLease,
  SessionSnapshot,
  SessionStore,
} from '../stores/store.ts';
