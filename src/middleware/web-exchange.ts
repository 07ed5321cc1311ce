import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival, HttpExchange } from '../session/http-exchange.ts';
import { bodyArrives } from './body.ts';
import { clientGone } from './client-gone.ts';
import { remoteAddress } from './node-exchange.ts';

/** What a server knows of a request, and a `Request` does not say. */
export interface Connection {
  /** Node's request and answer, where the server is one of Node's. They know when the client goes, and whether the body is there. */
  readonly node?: { readonly req: IncomingMessage; readonly res: ServerResponse } | undefined;
  /** The client's address. Default: that of Node's connection; on other servers it is not known. */
  readonly address?: (() => string | undefined) | undefined;
}

/**
 * A request and its answer where handlers return a `Response`, so that all of it goes out after the session was saved. What the session
 * sets is kept here until then. `complete()` puts it on the answer, whose ever that is in the end: the handler's, or that of an error.
 */
export class WebExchange implements HttpExchange {
  readonly request: object;
  readonly #request: Request;
  readonly #connection: Connection;
  readonly #headers = new Map<string, string>();
  /** Those that count also where the application sets them. */
  readonly #final = new Set<string>();
  #cookies: readonly string[] = [];
  #isComplete = false;

  constructor(request: Request, connection: Connection = {}) {
    this.request = connection.node?.req ?? request; // other middleware may replace the `Request`
    this.#request = request;
    this.#connection = connection;
  }

  get address(): string | undefined {
    const { address, node } = this.#connection;
    return remoteAddress(address === undefined ? node?.req.socket.remoteAddress : address());
  }

  get userAgent(): string | undefined {
    return this.#request.headers.get('user-agent') ?? undefined;
  }

  get cookieHeader(): string | undefined {
    return this.#request.headers.get('cookie') ?? undefined;
  }

  get url(): string {
    return this.#request.url;
  }

  get headersSent(): boolean {
    return this.#isComplete || (this.#connection.node?.res.headersSent ?? false);
  }

  get isAnswered(): boolean {
    return this.#connection.node?.res.writableEnded ?? false;
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name);
  }

  setHeader(name: string, value: string, isFinal = false): void {
    this.#headers.set(name, value);
    if (isFinal) this.#final.add(name);
  }

  cookies(): readonly string[] {
    return this.#cookies;
  }

  setCookies(values: readonly string[]): void {
    this.#cookies = values;
  }

  /** There is nothing to wait for: the answer goes out after the session was saved. */
  beforeHeaders(): void {}

  clientGone(): AbortSignal {
    const { node } = this.#connection;
    return node === undefined ? this.#request.signal : clientGone(node.req, node.res);
  }

  bodyArrives(): Promise<Arrival> | undefined {
    const { node } = this.#connection;
    return node && bodyArrives(node.req, node.res);
  }

  /**
   * Puts what the session has set on the answer. What the application has set there stays, but for a cookie of the session's name, and for
   * what keeps an id in the address from others. From here on the headers count as sent.
   *
   * @returns a new answer with the same body, or `response` itself if nothing is missing there. It is never changed: an application may
   *   send one and the same to several visitors
   */
  complete(response: Response): Response {
    if (!this.#addsTo(response)) {
      this.#isComplete = true;
      return response;
    }
    const complete = new Response(response.body, response);
    this.addTo(complete.headers);
    return complete;
  }

  #addsTo({ headers }: Response): boolean {
    return this.#cookies.length > 0 || [...this.#headers.keys()].some((name) => this.#isWanted(name, headers));
  }

  #isWanted(name: string, headers: Headers): boolean {
    return this.#final.has(name) || !headers.has(name);
  }

  /**
   * As `complete()`, for headers that are put on the answer later.
   *
   * @param own what the answer itself has already
   */
  addTo(headers: Headers, own: Headers = headers): void {
    this.#isComplete = true;
    for (const [name, value] of this.#headers)
      if (this.#isWanted(name, headers) && this.#isWanted(name, own)) headers.set(name, value);
    if (this.#cookies.length === 0) return;
    const names = this.#cookies.map((cookie) => cookie.slice(0, cookie.indexOf('=') + 1));
    const others = headers.getSetCookie().filter((cookie) => !names.some((name) => cookie.startsWith(name)));
    headers.delete('set-cookie');
    for (const cookie of [...others, ...this.#cookies]) headers.append('set-cookie', cookie);
  }
}
