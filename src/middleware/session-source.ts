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
  /** The value of a cookie. */
  cookie(name: string): string | undefined;
  /** The header `X-Forwarded-For`. */
  readonly forwardedFor: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** The source itself, if it is one. */
  readonly jar: CookieJar | undefined;
}

/** @throws TypeError for what is none */
export function readSource(source: SessionSource): SourceFacts {
  if (typeof source === 'string') return factsOf((name) => readCookie(source, name));
  if (isObject(source)) {
    if ('headers' in source && isObject(source.headers)) {
      const { headers, signal, socket } = source;
      const read = isWebHeaders(headers) ? headerReader(headers) : (key: string) => headers[key]?.toString();
      return factsOf((name) => readCookie(read('cookie'), name), {
        ...headersOf(read),
        address: remoteAddress(socket?.remoteAddress),
        signal,
      });
    }
    if (isWebHeaders(source)) {
      const read = headerReader(source);
      return factsOf((name) => readCookie(read('cookie'), name), headersOf(read));
    }
    if ('get' in source && typeof source.get === 'function') {
      const textOf = (cookie: ReturnType<CookieJar['get']>) => (typeof cookie === 'string' ? cookie : cookie?.value);
      return factsOf((name) => textOf(source.get(name)), { jar: source });
    }
  }
  throw new TypeError(
    'openSession() needs the request, its headers or its cookies, or the text of its header Cookie. What is a promise has to be awaited',
  );
}

function factsOf(cookie: SourceFacts['cookie'], others: Partial<SourceFacts> = {}): SourceFacts {
  return { cookie, forwardedFor: undefined, signal: undefined, jar: undefined, ...others };
}

function headersOf(read: (name: string) => string | undefined): Pick<SourceFacts, 'userAgent' | 'forwardedFor'> {
  return { userAgent: read('user-agent'), forwardedFor: read('x-forwarded-for') };
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
