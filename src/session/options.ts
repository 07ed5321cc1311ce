import {
  decodeSession,
  encodeSession,
  type PhpVersion,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
  type SessionFormatName,
} from '../codec/index.ts';
import type { SessionStore } from '../stores/store.ts';
import type { CacheLimiter } from './cache-limiter.ts';
import type { CookieOptions } from './cookie.ts';
import type { ConflictRule } from './merge.ts';
import type { UnreadableRule } from './unreadable.ts';

/**
 * What a request needs of its session:
 *
 * - `exclusive`: the lock from the beginning to the end, as PHP has it, once the request's body is there. Requests of one visitor follow
 *   each other. With a body that does not fit into the request's buffer it is `merge` until `lock()`.
 * - `merge`: it is read without the lock. At the end its changes are put on what others have stored meanwhile, under a short lock:
 *   three ways, down through maps whose keys are all strings. Requests of one visitor run at the same time.
 * - `readonly`: it is read without the lock and never written, but for its time (PHP's `read_and_close`).
 */
export type RequestMode = 'exclusive' | 'merge' | 'readonly';

/** Names and defaults are those of `session.*` in php.ini: give the values that your PHP has. */
export interface SessionOptions
  extends Partial<CookieOptions>,
    Pick<SessionDecodeOptions, 'maxBytes' | 'maxDepth' | 'maxElements' | 'excerpts'>,
    Pick<SessionEncodeOptions, 'serializePrecision' | 'classes'> {
  /** Where sessions are; `mysqlStore()` from `php-session-bridge/mysql`. */
  store: SessionStore;
  /** `session.serialize_handler`; default `php`. */
  serializeHandler?: SessionFormatName;
  /**
   * The lowest PHP that shares these sessions, `'7.2'` to `'8.6'`; default `'8.5'`. Data are written so that it can read them, as
   * `decodeSession()` and `encodeSession()` say. From `'8.6'` on the defaults of `useStrictMode`, `cookieHttponly` and `cookieSamesite`
   * are true, true and `'Lax'`, as they are in that PHP (php-src #21938); what is given as an option holds. If a php.ini sets these,
   * or PHP 8.6 stands beside an older one, give what they have.
   */
  phpVersion?: PhpVersion;
  /**
   * `session.use_strict_mode`; default false, from `phpVersion` 8.6 on true. Whether an id that the store does not know is replaced by a new one. PHP's manual
   * recommends true, on all servers.
   */
  useStrictMode?: boolean;
  /** `session.lazy_write`; default true. Whether a session that did not change is only touched. */
  lazyWrite?: boolean;
  /** `session.sid_length`; default 32. */
  sidLength?: number;
  /** `session.sid_bits_per_character`; default 4. */
  sidBitsPerCharacter?: 4 | 5 | 6;
  /**
   * What requests need of the session, or a function that tells it by the framework's context. Default: what the store says, which is
   * `exclusive` for tables that PHP locks too, and `merge` for others.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the framework's context, as the application has typed it
  mode?: RequestMode | ((ctx: any) => RequestMode);
  /**
   * In the mode `merge`, and for `lock()`: what becomes of a value that another request has changed as well. Default `mine`: who
   * writes last wins, as in PHP without locks, but only there.
   */
  onConflict?: ConflictRule;
  /**
   * What becomes of a row that cannot be read as a session:
   *
   * - `error` (default): `ctx.session` throws, and the row stays. Its visitor can log out.
   * - `new`: as if the browser had sent no cookie. The visitor has lost his session, and gets a new id when something is stored. PHP
   *   destroys such a row; here it stays, until it is collected.
   * - a function that gets the bytes and the error, and returns one of these two: to look at them, to keep them, to decide by them.
   *   The bytes are somebody's data.
   */
  onUnreadable?: UnreadableRule;
  /** `session.cache_limiter`; default `nocache`. */
  cacheLimiter?: CacheLimiter;
  /** `session.cache_expire`, minutes; default 180. */
  cacheExpire?: number;
  /** Whether changes are dropped when the handler throws; default false: they are saved, as in PHP. */
  discardOnError?: boolean;
}

export type Settings = Required<Omit<SessionOptions, keyof Codec>> & { readonly codec: Codec };
type Codec = SessionDecodeOptions & SessionEncodeOptions;

/** 68 years. What comes later is no date that everybody could read. */
const maxSeconds = 2 ** 31 - 1;
const maxMinutes = Math.floor(maxSeconds / 60);

/** @throws TypeError that names the option */
export function settings(options: SessionOptions): Settings {
  check(typeof options === 'object' && options !== null, 'phpSession() needs options: phpSession({ store })');
  check(!('open' in options), 'A store is an option: phpSession({ store })');
  check(!('req' in options), 'phpSession() is to be called: app.use(phpSession({ store }))');
  const {
    store,
    serializeHandler = 'php',
    phpVersion = '8.5',
    name = 'PHPSESSID',
    cookieLifetime = 0,
    cookiePath = '/',
    cookieDomain = '',
    cookieSecure = false,
    cookieHttponly = phpVersion >= '8.6',
    cookieSamesite = phpVersion >= '8.6' ? 'Lax' : '',
    useStrictMode = phpVersion >= '8.6',
    lazyWrite = true,
    sidLength = 32,
    sidBitsPerCharacter = 4,
    mode = store?.defaultMode ?? 'exclusive',
    onConflict = 'mine',
    onUnreadable = 'error',
    cacheLimiter = 'nocache',
    cacheExpire = 180,
    discardOnError = false,
    classes = [],
    ...limits
  } = options;
  check(
    typeof store !== 'function',
    'store must be a session store: mysqlStore({ connection }), and not the function itself',
  );
  check(typeof store?.open === 'function', 'store must be a session store, such as mysqlStore() makes');
  const handlers = ['php', 'php_binary', 'php_serialize'];
  check(handlers.includes(serializeHandler), `serializeHandler must be '${handlers.join("', '")}'`);
  check(isCookieName(name), 'name must be a name for a cookie that PHP accepts');
  check(isCount(cookieLifetime, maxSeconds), `cookieLifetime must be seconds, 0 to ${maxSeconds}`);
  check(isAttribute(cookiePath), 'cookiePath must be ASCII text without ";" and control characters');
  check(isAttribute(cookieDomain), 'cookieDomain must be ASCII text without ";" and control characters');
  const switches = { cookieSecure, cookieHttponly, useStrictMode, lazyWrite, discardOnError };
  for (const [option, value] of Object.entries(switches)) {
    check(typeof value === 'boolean', `${option} must be true or false`);
  }
  check(['', 'Lax', 'Strict', 'None'].includes(cookieSamesite), "cookieSamesite must be 'Lax', 'Strict' or 'None'");
  check(isCount(sidLength, 256) && sidLength >= 22, 'sidLength must be 22 to 256');
  check([4, 5, 6].includes(sidBitsPerCharacter), 'sidBitsPerCharacter must be 4, 5 or 6');
  check(typeof mode === 'function' || isMode(mode), "mode must be 'exclusive', 'merge', 'readonly' or a function");
  check(
    typeof onConflict === 'function' || ['mine', 'theirs', 'error'].includes(onConflict),
    "onConflict must be 'mine', 'theirs', 'error' or a function",
  );
  check(
    typeof onUnreadable === 'function' || ['error', 'new'].includes(onUnreadable),
    "onUnreadable must be 'error', 'new' or a function",
  );
  const limiters = ['nocache', 'public', 'private', 'private_no_expire', ''];
  check(limiters.includes(cacheLimiter), `cacheLimiter must be one of '${limiters.join("', '")}'`);
  check(isCount(cacheExpire, maxMinutes), `cacheExpire must be minutes, 0 to ${maxMinutes}`);
  check(
    typeof classes?.[Symbol.iterator] === 'function' && typeof classes !== 'string',
    'classes must be a list of names and mappings',
  );
  const known = ['maxBytes', 'maxDepth', 'maxElements', 'excerpts', 'serializePrecision'];
  for (const option of Object.keys(limits)) check(known.includes(option), `there is no option ${option}`);
  const codec: Codec = { ...limits, classes: Object.freeze([...classes]), format: serializeHandler, phpVersion };
  encodeSession(decodeSession(new Uint8Array(), codec), codec); // they check their options
  return {
    store,
    serializeHandler,
    name,
    cookieLifetime,
    cookiePath,
    cookieDomain,
    cookieSecure,
    cookieHttponly,
    cookieSamesite,
    useStrictMode,
    lazyWrite,
    sidLength,
    sidBitsPerCharacter,
    mode,
    onConflict,
    onUnreadable,
    cacheLimiter,
    cacheExpire,
    discardOnError,
    codec,
  };
}

/** @throws TypeError */
export function modeOf({ mode }: Settings, ctx: unknown): RequestMode {
  const chosen = typeof mode === 'function' ? mode(ctx) : mode;
  check(isMode(chosen), "mode() must return 'exclusive', 'merge' or 'readonly'");
  return chosen;
}

function isMode(mode: unknown): boolean {
  return mode === 'exclusive' || mode === 'merge' || mode === 'readonly';
}

/** What PHP 8.3 takes in session_name(), as far as Node takes it in a header. */
function isCookieName(name: string): boolean {
  return typeof name === 'string' && /^[!-~]+$/.test(name) && !/[=,;.[]|^\d+$/.test(name);
}

function isAttribute(text: string): boolean {
  return typeof text === 'string' && /^[ -~]*$/.test(text) && !text.includes(';');
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new TypeError(message);
}
