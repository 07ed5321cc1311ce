import type { PhpVersion } from '../codec/index.ts';
import { cookieValue, type PackedCookie } from './cookie-encoding.ts';

/** php.ini's `session.cookie_*`, with PHP's names and defaults. */
export interface CookieOptions {
  /** The cookie's name. php.ini: `session.name`. Default `'PHPSESSID'`. */
  name: string;
  /** Seconds that the browser keeps the cookie; 0 is until it is closed. php.ini: `session.cookie_lifetime`. Default 0. */
  cookieLifetime: number;
  /** The cookie's Path. php.ini: `session.cookie_path`. Default `'/'`. */
  cookiePath: string;
  /** The cookie's Domain. php.ini: `session.cookie_domain`. Default `''`: the host that answers. */
  cookieDomain: string;
  /** Whether the cookie is for https alone. php.ini: `session.cookie_secure`. Default false. Turn it on where all is https. */
  cookieSecure: boolean;
  /**
   * Whether scripts in the browser cannot see the cookie. php.ini: `session.cookie_httponly`. Default false, from `phpVersion` 8.6 on
   * true, as in PHP. Turn it on unless a script needs the id.
   */
  cookieHttponly: boolean;
  /**
   * The cookie's SameSite. php.ini: `session.cookie_samesite`. Default `''`: none, from `phpVersion` 8.6 on `'Lax'`, as in PHP.
   */
  cookieSamesite: '' | 'Lax' | 'Strict' | 'None';
  /**
   * Whether the browser keeps a cookie for each site that has this one in a frame (CHIPS). php.ini: `session.cookie_partitioned`, which
   * PHP has from 8.5 on. Default false. It needs `cookieSecure`.
   */
  cookiePartitioned: boolean;
}

/** How PHP writes a cookie depends on its version. */
type Dated = CookieOptions & { readonly phpVersion?: PhpVersion };

/**
 * The value of a cookie in a `Cookie` header, as in PHP's `$_COOKIE` (php-src: `php_default_treat_data`, `php_register_variable_ex`):
 *
 * - Of two with one name the first counts. One without "=" is empty. Spaces count, except before the name.
 * - PHP writes "." and " " in a name as "_", and each "[" if none is closed: so `php.sid` is the cookie `php_sid` too.
 * - `name[x]` makes an array of it, which is no id.
 * - What becomes `__Host-sid` only in this way, as `_.Host-sid` does, is dropped: browsers took it without the rules of that name.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  let found: string | undefined;
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    const key = (equals < 0 ? pair : pair.slice(0, equals)).replace(/^[ \t-\r]+/, '');
    if (key === name) {
      found ??= percentDecoded(equals < 0 ? '' : pair.slice(equals + 1));
    } else if (/[ .[]/.test(key)) {
      const { name: variable, isArray } = variableOf(key);
      if (variable !== name || (promises.test(name) && !promises.test(key))) continue;
      if (isArray) return undefined; // also after a value, whose place it takes
      found ??= percentDecoded(equals < 0 ? '' : pair.slice(equals + 1));
    }
  }
  return found;
}

/** How a name begins for which browsers have rules. They compare without case. */
const promises = /^__(?:Host|Secure|Http)-/i;

/** Which variable PHP makes of a name. */
function variableOf(key: string): { name: string; isArray: boolean } {
  const open = key.indexOf('[');
  const isArray = open >= 0 && key.includes(']', open);
  return { name: (isArray ? key.slice(0, open) : key).replace(/[ .[]/g, '_'), isArray };
}

/** As `rawurldecode()`: what is no code stays. Each code is one byte, as Node has headers as Latin-1. */
function percentDecoded(text: string): string {
  return text.includes('%')
    ? text.replace(/%([\da-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    : text;
}

/** The attributes of a cookie, by the names that frameworks share (npm's `cookie`). */
export interface CookieAttributes {
  path: string;
  secure: boolean;
  httpOnly: boolean;
  sameSite: 'lax' | 'strict' | 'none' | undefined;
  domain: string | undefined;
  maxAge: number | undefined;
  expires: Date | undefined;
  partitioned: boolean;
}

/** What `setCookie()` and `removeCookie()` say, for a framework that makes the header itself. */
export function cookieAttributes(options: CookieOptions, isRemoved: boolean, now: Date = new Date()): CookieAttributes {
  const seconds = isRemoved ? 0 : options.cookieLifetime || undefined;
  return {
    path: options.cookiePath,
    secure: options.cookieSecure,
    httpOnly: options.cookieHttponly,
    sameSite: (options.cookieSamesite.toLowerCase() as 'lax' | 'strict' | 'none' | '') || undefined,
    domain: options.cookieDomain || undefined,
    partitioned: options.cookiePartitioned,
    maxAge: seconds,
    expires: seconds === undefined ? undefined : isRemoved ? new Date(1000) : new Date(now.getTime() + seconds * 1000),
  };
}

/** The `Set-Cookie` header that PHP sends for a new id (php-src: `php_session_send_cookie`). */
export function setCookie(options: Dated & PackedCookie, id: string, now: Date = new Date()): string {
  let header = `${options.name}=${encodeURIComponent(cookieValue(options, id))}`;
  if (options.cookieLifetime > 0) {
    const expires = new Date(now.getTime() + options.cookieLifetime * 1000);
    header += `; expires=${dateOf(options, expires)}; Max-Age=${options.cookieLifetime}`;
  }
  return header + attributes(options);
}

const longAgo = new Date(1_000);

/** The `Set-Cookie` header that PHP sends for `setcookie($name, '', …)` with a date in the past: it removes the cookie. */
export function removeCookie(options: Dated): string {
  return `${options.name}=deleted; expires=${dateOf(options, longAgo)}; Max-Age=0${attributes(options)}`;
}

/** Before 8.2, PHP has hyphens in the dates of cookies. */
function dateOf({ phpVersion = '8.5' }: Dated, date: Date): string {
  const text = date.toUTCString();
  return phpVersion < '8.2' ? text.replace(/(\d\d) (\w{3}) (\d+)/, '$1-$2-$3') : text;
}

function attributes(options: CookieOptions): string {
  let text = '';
  if (options.cookiePath !== '') text += `; path=${options.cookiePath}`;
  if (options.cookieDomain !== '') text += `; domain=${options.cookieDomain}`;
  if (options.cookieSecure) text += '; secure';
  if (options.cookiePartitioned) text += '; Partitioned';
  if (options.cookieHttponly) text += '; HttpOnly';
  if (options.cookieSamesite !== '') text += `; SameSite=${options.cookieSamesite}`;
  return text;
}

/**
 * What browsers demand of a cookie beside its own words; otherwise they throw it away without a word, and each request begins a new session.
 * (RFC 6265bis, "Cookie Name Prefixes"; they compare without case.)
 *
 * @returns what is missing, for a message; `undefined` if nothing is
 */
export function refusedByBrowsers(options: CookieOptions): string | undefined {
  const { name, cookieSecure, cookiePath, cookieDomain, cookieHttponly, cookiePartitioned } = options;
  const [prefix] = /^__(Host-Http|Host|Http|Secure)-/i.exec(name) ?? [];
  if (prefix === undefined) {
    return cookiePartitioned && !cookieSecure ? 'cookiePartitioned needs cookieSecure: true' : undefined;
  }
  const isHost = /^__Host-/i.test(prefix);
  const rules: [boolean, string][] = [
    [cookieSecure, 'cookieSecure: true'],
    [!isHost || cookiePath === '/', "cookiePath: '/'"],
    [!isHost || cookieDomain === '', 'no cookieDomain'],
    [!/Http-$/i.test(prefix) || cookieHttponly, 'cookieHttponly: true'],
  ];
  const missing = rules.find(([isMet]) => !isMet);
  return missing && `a name that begins with ${prefix} needs ${missing[1]}`;
}
