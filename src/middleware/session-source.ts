import type { IncomingHttpHeaders } from 'node:http';
import { type CookieAttributes, readCookie } from '../session/cookie.ts';
import type { Visitor } from '../stores/store.ts';
import { remoteAddress } from './node-exchange.ts';

/**
 * Where the session's cookie is read: the request of `node:http` or of the web, anything else with its `headers` (a handshake of
 * socket.io), the web's `Headers` (Next.js's `await headers()`), cookies that a framework has parsed (Next.js's `await cookies()`,
 * SvelteKit's `event.cookies`), or the text of the header `Cookie`.
 */
export type SessionSource = string | RequestWithHeaders | WebHeaders | CookieJar;

/** What is used of a request. */
export interface RequestWithHeaders {
  readonly headers: IncomingHttpHeaders | WebHeaders;
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal;
  readonly socket?: { readonly remoteAddress?: string | undefined };
}

/** What is used of the web's `Headers`. */
export interface WebHeaders {
  get(name: string): string | null;
  append(name: string, value: string): void;
}

/** Cookies that a framework has parsed. Where a cookie can be set by `set()`, `commit()` does so. */
export interface CookieJar {
  /** The value of a cookie, decoded; alone, or in an object. */
  get(name: string): string | { readonly value: string } | undefined;
  set?(name: string, value: string, attributes: CookieAttributes): unknown;
}

/** What a source says. */
export interface SourceFacts extends Visitor {
  readonly cookie: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** The source itself, if it is one. */
  readonly jar: CookieJar | undefined;
}

/**
 * @param name of the session's cookie
 * @throws TypeError for what is none
 */
export function readSource(source: SessionSource, name: string): SourceFacts {
  if (typeof source === 'string') return factsOf(readCookie(source, name));
  if (isObject(source)) {
    if ('headers' in source && isObject(source.headers)) {
      const { headers, signal, socket } = source;
      const read = isWebHeaders(headers) ? headerReader(headers) : (key: 'cookie' | 'user-agent') => headers[key];
      return factsOf(readCookie(read('cookie'), name), {
        userAgent: read('user-agent'),
        address: remoteAddress(socket?.remoteAddress),
        signal,
      });
    }
    if (isWebHeaders(source)) {
      const read = headerReader(source);
      return factsOf(readCookie(read('cookie'), name), { userAgent: read('user-agent') });
    }
    if ('get' in source && typeof source.get === 'function') {
      const cookie = source.get(name);
      return factsOf(typeof cookie === 'string' ? cookie : cookie?.value, { jar: source });
    }
  }
  throw new TypeError(
    'openSession() needs the request, its headers or its cookies, or the text of its header Cookie. What is a promise has to be awaited',
  );
}

function factsOf(cookie: string | undefined, others: Partial<SourceFacts> = {}): SourceFacts {
  return { cookie, signal: undefined, jar: undefined, ...others };
}

function headerReader(headers: WebHeaders): (name: string) => string | undefined {
  return (name) => headers.get(name) ?? undefined;
}

/** Jars have `get()` too. */
function isWebHeaders(value: object): value is WebHeaders {
  return typeof (value as Partial<WebHeaders>).get === 'function' && 'append' in value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
