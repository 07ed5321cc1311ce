import type { RowColumns, Visitor } from '../stores/store.ts';
import { setCookie } from './cookie.ts';
import type { CookieSetter } from './session-cookies.ts';

/** What a request says of such a cookie. */
export interface IdleCookieRequest extends Visitor {
  /** What the browser sent. */
  readonly value: string;
  /** Now, in Unix seconds. */
  readonly time: number;
  /** Of the session's row: see the option `row.read` of `mysqlStore()`. */
  readonly columns: RowColumns;
}

/** A cookie beside the session's, which PHP's side takes for a limited time and sends anew to a visitor who is active. */
export interface IdleCookie {
  readonly name: string;
  /**
   * The new value. It must not depend on anything that the browser sent, and a cookie that PHP's side would refuse must get none.
   *
   * @param session `$_SESSION`, which it must not change
   * @returns `undefined`: the browser keeps what it has
   */
  // biome-ignore lint/suspicious/noExplicitAny: PHP's side decides what is in a session
  renew(session: Record<string, any>, request: IdleCookieRequest): string | undefined;
}

/**
 * Sends the cookie anew, if it is time for it: until the browser is closed, with the path and the domain of the session's.
 *
 * @param value what the browser sent; without one there is nothing to renew
 * @throws what `renew()` throws
 */
export function renewIdleCookie(
  cookie: IdleCookie,
  value: string | undefined,
  session: object,
  request: Omit<IdleCookieRequest, 'value' | 'time'>,
  options: Parameters<typeof setCookie>[0],
  cookies: CookieSetter,
): void {
  if (value === undefined) return;
  const next = cookie.renew(session, { ...request, value, time: Math.floor(Date.now() / 1000) });
  if (next !== undefined) cookies.set(cookie.name, setCookie(optionsOf(cookie, options), next));
}

/** What its `Set-Cookie` is made with. */
export function optionsOf<Options extends Parameters<typeof setCookie>[0]>(
  { name }: IdleCookie,
  options: Options,
): Options {
  return { ...options, name, cookieLifetime: 0, cookieEncoding: undefined };
}
