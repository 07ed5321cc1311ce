import type { SessionDecodeOptions, SessionEncodeOptions } from '../codec/index.ts';
import type { SessionStore } from '../stores/store.ts';
import type { CacheLimiter } from './cache-limiter.ts';
import type { CookieOptions } from './cookie.ts';

/** Names and defaults are those of `session.*` in php.ini: give the values that your PHP has. */
export interface SessionOptions
  extends Partial<CookieOptions>,
    Pick<SessionDecodeOptions, 'maxBytes' | 'maxDepth' | 'maxElements'>,
    Pick<SessionEncodeOptions, 'serializePrecision' | 'classes'> {
  /** Where sessions are; `mysqlStore()` from `php-session-bridge/mysql`. */
  store: SessionStore;
  /** `session.serialize_handler`; default `php`. */
  serializeHandler?: 'php';
  /**
   * `session.use_strict_mode`; default false. Whether an id that the store does not know is replaced by a new one. PHP's manual
   * recommends true, on all servers.
   */
  useStrictMode?: boolean;
  /** `session.lazy_write`; default true. Whether a session that did not change is only touched. */
  lazyWrite?: boolean;
  /** `session.sid_length`; default 32. */
  sidLength?: number;
  /** `session.sid_bits_per_character`; default 4. */
  sidBitsPerCharacter?: 4 | 5 | 6;
  /** `session.cache_limiter`; default `nocache`. */
  cacheLimiter?: CacheLimiter;
  /** `session.cache_expire`, minutes; default 180. */
  cacheExpire?: number;
  /** Whether changes are dropped when the handler throws; default false: they are saved, as in PHP. */
  discardOnError?: boolean;
}

export type Settings = Required<Omit<SessionOptions, keyof Codec>> & { readonly codec: Codec };
type Codec = SessionDecodeOptions & SessionEncodeOptions;

/** @throws TypeError that names the option */
export function settings(options: SessionOptions): Settings {
  const {
    store,
    serializeHandler = 'php',
    name = 'PHPSESSID',
    cookieLifetime = 0,
    cookiePath = '/',
    cookieDomain = '',
    cookieSecure = false,
    cookieHttponly = false,
    cookieSamesite = '',
    useStrictMode = false,
    lazyWrite = true,
    sidLength = 32,
    sidBitsPerCharacter = 4,
    cacheLimiter = 'nocache',
    cacheExpire = 180,
    discardOnError = false,
    ...codec
  } = options;
  check(typeof store?.open === 'function', 'store must be a session store, such as mysqlStore() makes');
  check(serializeHandler === 'php', "serializeHandler must be 'php'");
  // What PHP 8.3 refuses in session_name().
  check(/^[^=,;.[\0\s]+$/.test(name) && !/^\d+$/.test(name), 'name must be a name for a cookie that PHP accepts');
  check(Number.isInteger(cookieLifetime) && cookieLifetime >= 0, 'cookieLifetime must be seconds, 0 or more');
  check(isAttribute(cookiePath), 'cookiePath must not have ";" or control characters');
  check(isAttribute(cookieDomain), 'cookieDomain must not have ";" or control characters');
  check(['', 'Lax', 'Strict', 'None'].includes(cookieSamesite), "cookieSamesite must be 'Lax', 'Strict' or 'None'");
  check(Number.isInteger(sidLength) && sidLength >= 22 && sidLength <= 256, 'sidLength must be 22 to 256');
  check([4, 5, 6].includes(sidBitsPerCharacter), 'sidBitsPerCharacter must be 4, 5 or 6');
  const limiters = ['nocache', 'public', 'private', 'private_no_expire', ''];
  check(limiters.includes(cacheLimiter), `cacheLimiter must be one of '${limiters.join("', '")}'`);
  check(Number.isInteger(cacheExpire) && cacheExpire >= 0, 'cacheExpire must be minutes, 0 or more');
  const known = ['maxBytes', 'maxDepth', 'maxElements', 'serializePrecision', 'classes'];
  for (const option of Object.keys(codec)) check(known.includes(option), `there is no option ${option}`);
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
    cacheLimiter,
    cacheExpire,
    discardOnError,
    codec: { ...codec, format: serializeHandler },
  };
}

function isAttribute(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into a header
  return typeof text === 'string' && !/[;\0-\x1f\x7f]/.test(text);
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new TypeError(message);
}
