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
}

/**
 * The value of a cookie in a `Cookie` header, as in PHP's `$_COOKIE` (php-src: `php_default_treat_data`): of two with one name
 * the first, one without "=" is empty, and spaces count except before the name.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    const end = equals < 0 ? pair.length : equals;
    if (pair.slice(0, end).trimStart() === name) return percentDecoded(pair.slice(end + 1));
  }
  return undefined;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
    maxAge: seconds,
    expires: seconds === undefined ? undefined : isRemoved ? new Date(1000) : new Date(now.getTime() + seconds * 1000),
  };
}

/** The `Set-Cookie` header that PHP sends for a new id (php-src: `php_session_send_cookie`; dates as from 8.2 on). */
export function setCookie(options: CookieOptions, id: string, now: Date = new Date()): string {
  let header = `${options.name}=${encodeURIComponent(id)}`;
  if (options.cookieLifetime > 0) {
    const expires = new Date(now.getTime() + options.cookieLifetime * 1000);
    header += `; expires=${expires.toUTCString()}; Max-Age=${options.cookieLifetime}`;
  }
  return header + attributes(options);
}

/** The `Set-Cookie` header that PHP sends for `setcookie($name, '', …)` with a date in the past: it removes the cookie. */
export function removeCookie(options: CookieOptions): string {
  return `${options.name}=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0${attributes(options)}`;
}

function attributes(options: CookieOptions): string {
  let text = '';
  if (options.cookiePath !== '') text += `; path=${options.cookiePath}`;
  if (options.cookieDomain !== '') text += `; domain=${options.cookieDomain}`;
  if (options.cookieSecure) text += '; secure';
  if (options.cookieHttponly) text += '; HttpOnly';
  if (options.cookieSamesite !== '') text += `; SameSite=${options.cookieSamesite}`;
  return text;
}
