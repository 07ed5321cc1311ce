import { randomBytes } from 'node:crypto';
import { isEqual } from '../login/same-secret.ts';
import { laravelCookie } from '../presets/laravel-cookie.ts';
import type { LaravelKeys } from '../presets/laravel-encrypter.ts';
import { elementOf, isArray } from './arrays.ts';

/** What is looked at of a request: `req` of Express and `ctx.request` of Koa are one. */
export interface FormRequest {
  /** The form or JSON, as a body parser gives it. */
  body?: unknown;
  query?: unknown;
  /** Names in lower case, as Node has them, or a `Headers`. */
  headers: Readonly<Record<string, string | string[] | undefined>> | Headers;
}

/** The cookie that Laravel makes for JavaScript, and the header in which Axios and Angular send it back. */
const COOKIE = 'XSRF-TOKEN';

/** `Str::random(40)`: letters and digits. */
export function randomToken(): string {
  let text = '';
  while (text.length < 40)
    text += randomBytes(40)
      .toString('base64')
      .replace(/[^A-Za-z0-9]/g, '');
  return text.slice(0, 40);
}

/** The cookie's value. @throws TypeError for a wrong key, without its value */
export function xsrfCookie(token: string, keys: LaravelKeys): string {
  return laravelCookie(keys).encode(token, COOKIE);
}

/**
 * Whether the request has the token of the session, where Laravel looks for it (`VerifyCsrfToken::getTokenFromRequest()`): the first of
 * the field `_token`, the header `X-CSRF-TOKEN` and the header `X-XSRF-TOKEN`. Two empty ones are not the same.
 *
 * @param token of the session, whatever is there
 * @param keys without them a header `X-XSRF-TOKEN` is wrong
 */
export function hasToken(request: FormRequest, token: unknown, keys: LaravelKeys | undefined): boolean {
  const given = tokenIn(request, keys);
  return typeof token === 'string' && token !== '' && typeof given === 'string' && isEqual(token, given);
}

function tokenIn(request: FormRequest, keys: LaravelKeys | undefined): unknown {
  const { body, query, headers } = request;
  const field = (input: unknown) => (isArray(input) ? elementOf(input, '_token') : undefined);
  const header = (name: string) => (headers instanceof Headers ? headers.get(name) : elementOf(headers, name));
  const token = field(body) ?? field(query);
  if (isGiven(token)) return token; // an array as well: then no header counts
  const plain = header('x-csrf-token');
  if (isGiven(plain)) return plain;
  const encrypted = header('x-xsrf-token');
  return typeof encrypted === 'string' && keys !== undefined
    ? laravelCookie(keys).decode(encrypted, COOKIE)
    : undefined;
}

/** What PHP's `?:` takes for something. */
function isGiven(value: unknown): boolean {
  return Boolean(value) && value !== '0';
}
