import { formatChoice, isFormat } from '../codec/formats/index.ts';
import {
  decodeSession,
  encodeSession,
  type PhpVersion,
  type SessionDecodeOptions,
  type SessionEncodeOptions,
  type SessionFormat,
  type SessionFormatName,
} from '../codec/index.ts';
import {
  anyFunction,
  checkedLater,
  flag,
  type OptionRules,
  oneOf,
  optional,
  readByRules,
  wholeNumber,
} from '../option-rules.ts';
import type { SessionStore } from '../stores/store.ts';
import type { CacheLimiter } from './cache-limiter.ts';
import { type CookieOptions, refusedByBrowsers } from './cookie.ts';
import type { CookieEncoding } from './cookie-encoding.ts';
import type { IdleCookie } from './idle-cookie.ts';
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
 * - `none`: the request has no session. Nothing is read, and it is answered also when the database is away.
 */
export type RequestMode = SessionMode | 'none';
/** The mode of a request that has a session. */
export type SessionMode = 'exclusive' | 'merge' | 'readonly';

/** Names and defaults are those of `session.*` in php.ini: give the values that your PHP has. */
export interface SessionOptions
  extends Partial<CookieOptions>,
    Pick<SessionDecodeOptions, 'maxBytes' | 'maxDepth' | 'maxElements' | 'excerpts'>,
    Pick<SessionEncodeOptions, 'serializePrecision' | 'classes'> {
  /** Where sessions are: `mysqlStore()` of `php-session-bridge/mysql`, or a store of your own. */
  store: SessionStore;
  /**
   * The format of the sessions: the name of one of PHP's own, or the value of another one. php.ini: `session.serialize_handler`.
   * Default `'php'`. See docs/values.md#formats
   */
  serializeHandler?: SessionFormatName | SessionFormat;
  /**
   * The lowest PHP that shares these sessions, `'7.2'` to `'8.6'`. Default `'8.5'`. Data are written so that it can read them, as
   * `decodeSession()` and `encodeSession()` say. From `'8.6'` on the defaults of `useStrictMode`, `cookieHttponly` and `cookieSamesite`
   * are true, true and `'Lax'`, as they are in that PHP (php-src #21938). If a php.ini sets these, or PHP 8.6 stands beside an older
   * one, give what they have.
   */
  phpVersion?: PhpVersion;
  /**
   * Whether an id that the store does not know is replaced by a new one. php.ini: `session.use_strict_mode`. Default false, from
   * `phpVersion` 8.6 on true. PHP's manual recommends true, on all servers.
   */
  useStrictMode?: boolean;
  /**
   * Whether each request that uses a session sends its cookie again, so that `cookieLifetime` begins anew. Default false, as in PHP, which
   * sends a cookie for a new id only. It needs `cookieLifetime`.
   *
   * It is sent with the lock only: in the mode `exclusive`, and after `lock()`. Without it nobody knows whether a login has just replaced the
   * id, and the old cookie would undo that login. So do not use it with `regenerate({ deleteOld: false })`, which leaves no sign of that.
   */
  cookieRefresh?: boolean;
  /**
   * How PHP's side packs the id in its cookie, such as `laravelCookie()` of `php-session-bridge/presets`. Default: not at all. What cannot
   * be decoded is as no cookie. It needs `useOnlyCookies`. See docs/applications.md#cookies-that-are-packed
   */
  cookieEncoding?: CookieEncoding;
  /**
   * The names of cookies that a logout removes beside the session's: those by which PHP's side would log the visitor in again. They have the
   * path and the domain of the session's. Default none. `destroy()` removes them also where the session itself has gone.
   */
  logoutCookies?: readonly string[];
  /**
   * Moves the time of the last request that PHP's side keeps inside the session. Without it PHP logs out a visitor who stays on pages of
   * Node. It is called when a session is saved, in each mode but `readonly`, and not for a new one. It gets the session and the Unix time in
   * seconds. Default: nothing is moved. See docs/applications.md#clocks-inside-a-session
   */
  // biome-ignore lint/suspicious/noExplicitAny: PHP's side decides what is in a session
  idleClock?: (data: Record<string, any>, now: number) => void;
  /**
   * A second cookie that PHP's side sends anew as time passes, such as Roundcube's. Without it PHP logs out a visitor who stays on pages of
   * Node. It is looked at when a session is opened that was there before, in each mode but `readonly`. Default: none. See
   * docs/applications.md#a-second-cookie
   */
  idleCookie?: IdleCookie;
  /**
   * Whether an id comes in cookies only. php.ini: `session.use_only_cookies`. Default true. With false, an id is taken from the URL or from
   * a form when the request has no such cookie, and `phpSession.url()` and `phpSession.hiddenField()` put it there: for phones without cookies. It
   * needs `useStrictMode`. See docs/php-life-cycle.md#ids-in-links-and-forms
   */
  useOnlyCookies?: boolean;
  /** Whether a session that did not change only has its time set. php.ini: `session.lazy_write`. Default true. */
  lazyWrite?: boolean;
  /** Characters of a new id. php.ini: `session.sid_length`. Default 32. */
  sidLength?: number;
  /** Bits of randomness in each of them. php.ini: `session.sid_bits_per_character`. Default 4. */
  sidBitsPerCharacter?: 4 | 5 | 6;
  /**
   * How requests use the session: `exclusive` takes PHP's lock, `merge` lets requests of one visitor run at once, `readonly` is PHP's
   * `read_and_close`, and with `none` it has none. Or a function that gets the framework's context and returns one of these. Default: what the store says, which is
   * `exclusive` for tables that PHP locks too, and `merge` for others. See docs/locking.md#the-mode-of-a-request
   */
  // biome-ignore lint/suspicious/noExplicitAny: the framework's context, as the application has typed it
  mode?: RequestMode | ((ctx: any) => RequestMode);
  /**
   * What `merge` does with a value that another request has changed too. It is the same for `lock()`. Default `'mine'`: the last
   * write wins, as in PHP without locks, but for this value only. See docs/locking.md#how-changes-are-merged
   */
  onConflict?: ConflictRule;
  /**
   * What happens with a row that cannot be read as a session. Default `'error'`. See docs/errors.md#rows-that-cannot-be-read
   *
   * - `error`: `ctx.session` throws, and the row stays. Its visitor can log out.
   * - `new`: as if the browser had sent no cookie. The visitor has lost his session, and gets a new id when something is stored. PHP
   *   destroys such a row; here it stays, until it is collected.
   * - a function that gets the bytes and the error, and returns one of these two: to look at them, to keep them, to decide by them.
   *   The bytes are a visitor's data.
   */
  onUnreadable?: UnreadableRule;
  /** Which cache headers go out. php.ini: `session.cache_limiter`. Default `'nocache'`. */
  cacheLimiter?: CacheLimiter;
  /** Minutes for which caches may keep a page, with `public` and `private`. php.ini: `session.cache_expire`. Default 180. */
  cacheExpire?: number;
  /**
   * How many of `gcDivisor` requests with a session delete old ones, as PHP's gc does. php.ini: `session.gc_probability`. Default 0: never. PHP's own
   * default is 1, but a gc with a shorter `gcMaxlifetime` than PHP's would end PHP's sessions. So it needs `gcMaxlifetime` of the store. It is
   * chance; `gcInterval` of `mysqlStore()` is a clock.
   */
  gcProbability?: number;
  /** See `gcProbability`. php.ini: `session.gc_divisor`. Default 100. */
  gcDivisor?: number;
  /** Whether changes are dropped when the handler throws. Default false: they are saved, as in PHP. See docs/koa.md#when-a-handler-throws */
  discardOnError?: boolean;
}

/** These mean nothing when they are left out. */
type WithoutDefault = 'cookieEncoding' | 'idleClock' | 'idleCookie';

export type Settings = Required<Omit<SessionOptions, WithoutDefault>> & {
  readonly [Name in WithoutDefault]: SessionOptions[Name] | undefined;
} & {
  readonly codec: Codec;
  /** What `serializeHandler` makes of a session with nothing in it. */
  readonly emptySession: Uint8Array;
};
type Codec = SessionDecodeOptions & SessionEncodeOptions;

/** 68 years. What comes later is no date that everybody could read. */
const maxSeconds = 2 ** 31 - 1;
const maxMinutes = Math.floor(maxSeconds / 60);

const attribute = { accepts: isAttribute, mustBe: 'ASCII text without ";" and control characters' };
const since86 = ({ phpVersion = '8.5' }: SessionOptions): boolean => phpVersion >= '8.6';

export const sessionRules: OptionRules<SessionOptions> = {
  store: {
    accepts: (store) => typeof store?.open === 'function',
    mustBe: 'a session store: mysqlStore({ connection }), and not the function itself',
  },
  name: {
    ini: 'session.name',
    default: 'PHPSESSID',
    accepts: isCookieName,
    mustBe: 'a name for a cookie that PHP accepts',
  },
  serializeHandler: {
    ini: 'session.serialize_handler',
    default: 'php',
    accepts: isFormat,
    mustBe: formatChoice,
  },
  phpVersion: { default: '8.5', ...checkedLater },
  cookieLifetime: { ini: 'session.cookie_lifetime', default: 0, ...wholeNumber(0, maxSeconds, 'seconds') },
  cookiePath: { ini: 'session.cookie_path', default: '/', ...attribute },
  cookieDomain: { ini: 'session.cookie_domain', default: '', ...attribute },
  cookieSecure: { ini: 'session.cookie_secure', default: false, ...flag },
  cookieHttponly: { ini: 'session.cookie_httponly', defaultFor: since86, ...flag },
  cookieSamesite: {
    ini: 'session.cookie_samesite',
    defaultFor: (given) => (since86(given) ? 'Lax' : ''),
    ...oneOf(['', 'Lax', 'Strict', 'None']),
  },
  cookiePartitioned: { ini: 'session.cookie_partitioned', default: false, ...flag },
  cookieRefresh: { default: false, ...flag },
  cookieEncoding: optional(
    (packing) => typeof packing?.decode === 'function' && typeof packing.encode === 'function',
    'an object with decode() and encode()',
  ),
  logoutCookies: {
    default: [],
    accepts: (names) => Array.isArray(names) && names.every(isCookieName),
    mustBe: 'a list of names for cookies that PHP accepts',
  },
  idleClock: optional((clock) => anyFunction.accepts(clock), anyFunction.mustBe),
  idleCookie: optional(
    (cookie) => isCookieName(cookie?.name) && typeof cookie.renew === 'function',
    'an object with the name of a cookie that PHP accepts, and renew()',
  ),
  useOnlyCookies: { ini: 'session.use_only_cookies', default: true, ...flag },
  useStrictMode: { ini: 'session.use_strict_mode', defaultFor: since86, ...flag },
  lazyWrite: { ini: 'session.lazy_write', default: true, ...flag },
  sidLength: { ini: 'session.sid_length', default: 32, ...wholeNumber(22, 256) },
  sidBitsPerCharacter: { ini: 'session.sid_bits_per_character', default: 4, ...oneOf([4, 5, 6]) },
  cacheLimiter: {
    ini: 'session.cache_limiter',
    default: 'nocache',
    ...oneOf(['nocache', 'public', 'private', 'private_no_expire', '']),
  },
  cacheExpire: { ini: 'session.cache_expire', default: 180, ...wholeNumber(0, maxMinutes, 'minutes') },
  gcProbability: { ini: 'session.gc_probability', default: 0, ...wholeNumber(0, maxSeconds) },
  gcDivisor: { ini: 'session.gc_divisor', default: 100, ...wholeNumber(1, maxSeconds) },
  mode: {
    defaultFor: ({ store }) => store.defaultMode ?? 'exclusive',
    ...oneOf(['exclusive', 'merge', 'readonly', 'none'], 'a function'),
  },
  onConflict: { default: 'mine', ...oneOf(['mine', 'theirs', 'error'], 'a function') },
  onUnreadable: { default: 'error', ...oneOf(['error', 'new'], 'a function') },
  discardOnError: { default: false, ...flag },
  classes: {
    default: [],
    accepts: (classes) => typeof classes?.[Symbol.iterator] === 'function' && typeof classes !== 'string',
    mustBe: 'a list of names and mappings',
  },
  serializePrecision: { ini: 'serialize_precision', ...checkedLater },
  maxBytes: checkedLater,
  maxDepth: checkedLater,
  maxElements: checkedLater,
  excerpts: checkedLater,
};

/**
 * @param owner what has the options, for messages
 * @throws TypeError that names the option
 */
export function settings(options: SessionOptions, owner: string = 'phpSession()'): Settings {
  check(typeof options === 'object' && options !== null, 'phpSession() needs options: phpSession({ store })');
  check(!('open' in options), 'A store is an option: phpSession({ store })');
  check(!('req' in options), 'phpSession() is to be called: app.use(phpSession({ store }))');
  const values = readByRules(sessionRules, options, owner) as Required<SessionOptions>;
  const {
    serializeHandler: format,
    phpVersion,
    serializePrecision,
    maxBytes,
    maxDepth,
    maxElements,
    excerpts,
  } = values;
  const refused = refusedByBrowsers(values);
  check(refused === undefined, `Browsers would throw the cookie away: ${refused}`);
  check(
    !values.cookiePartitioned || phpVersion >= '8.5',
    `cookiePartitioned needs phpVersion '8.5': an older PHP sends another cookie, and browsers keep both`,
  );
  check(
    !values.cookieRefresh || values.cookieLifetime > 0,
    'cookieRefresh needs cookieLifetime: without one nothing ends',
  );
  check(
    values.useOnlyCookies || values.useStrictMode,
    'useOnlyCookies: false needs useStrictMode: true: otherwise a link could choose the id of a visitor',
  );
  check(
    values.useOnlyCookies || values.cookieEncoding === undefined,
    'useOnlyCookies: false cannot be with cookieEncoding: an id in a link is not packed',
  );
  check(
    values.gcProbability === 0 || values.store.gcMaxlifetime !== undefined,
    'gcProbability needs gcMaxlifetime of the store: how long PHP keeps its sessions',
  );
  const classes = Object.freeze([...values.classes]);
  const codec: Codec = { format, phpVersion, serializePrecision, maxBytes, maxDepth, maxElements, excerpts, classes };
  decodeSession(new Uint8Array(), codec); // they check their options
  const emptySession = encodeSession({}, codec);
  return { ...values, codec, emptySession };
}

/** @throws TypeError */
export function modeOf({ mode }: Settings, ctx: unknown): RequestMode {
  if (typeof mode !== 'function') return mode;
  const chosen = mode(ctx);
  check(
    ['exclusive', 'merge', 'readonly', 'none'].includes(chosen),
    "mode() must return 'exclusive', 'merge', 'readonly' or 'none'",
  );
  return chosen;
}

/** What PHP 8.3 takes in session_name(), as far as Node takes it in a header. */
function isCookieName(name: string): boolean {
  return typeof name === 'string' && /^[!-~]+$/.test(name) && !/[=,;.[]|^\d+$/.test(name);
}

function isAttribute(text: string): boolean {
  return typeof text === 'string' && /^[ -~]*$/.test(text) && !text.includes(';');
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new TypeError(message);
}
