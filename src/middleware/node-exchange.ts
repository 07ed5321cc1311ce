import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival, HttpExchange } from '../session/http-exchange.ts';
import { bodyArrives } from './body.ts';
import { clientGone } from './client-gone.ts';
import { HeldAnswer, setHeader } from './held-answer.ts';

/** A request and its answer as `node:http` and `node:http2` have them, and so all frameworks on them. */
export class NodeExchange implements HttpExchange {
  readonly request: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #addressOf: () => string | undefined;
  readonly #formOf: () => unknown;
  #held: HeldAnswer | undefined;

  /**
   * @param addressOf the client's address by the framework's setting for trusted proxies; default: that of the connection
   * @param formOf what the framework's body parser has made of the body; default: nothing
   */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    addressOf: () => string | undefined = () => req.socket.remoteAddress,
    formOf: () => unknown = () => undefined,
  ) {
    this.request = req;
    this.#res = res;
    this.#addressOf = addressOf;
    this.#formOf = formOf;
    // Node's `end()` of HTTP/2 calls `write()` and `writeHead()` as an application does. If it was looked up before they are replaced,
    // they would hold back what it goes on without.
    if (req.httpVersionMajor >= 2) this.hold();
  }

  /**
   * Has the answer in its hands from now on, and not only when the session is used. So it also waits in `res.end(page(req))`, which looks
   * up `res.end` before `page()` uses the session.
   */
  hold(): HeldAnswer {
    this.#held ??= new HeldAnswer(this.#res);
    return this.#held;
  }

  get address(): string | undefined {
    return remoteAddress(this.#addressOf());
  }

  get userAgent(): string | undefined {
    return this.request.headers['user-agent'];
  }

  get cookieHeader(): string | undefined {
    return this.request.headers.cookie;
  }

  get url(): string | undefined {
    return this.request.url;
  }

  get form(): unknown {
    return this.#formOf();
  }

  get headersSent(): boolean {
    return this.#held === undefined ? this.#res.headersSent : this.#held.headersSent;
  }

  get isAnswered(): boolean {
    return this.#res.writableEnded;
  }

  hasHeader(name: string): boolean {
    return this.#res.hasHeader(name);
  }

  setHeader(name: string, value: string): void {
    setHeader(this.#res, name, value);
  }

  cookies(): string[] {
    return [this.#res.getHeader('Set-Cookie') ?? []].flat().map(String);
  }

  setCookies(values: readonly string[]): void {
    setHeader(this.#res, 'Set-Cookie', values);
  }

  beforeHeaders(work: () => Promise<void> | undefined, report: (error: unknown) => void): void {
    this.hold().before(work, report);
  }

  beginAtPipe(): void {
    this.hold().beginAtPipe();
  }

  clientGone(): AbortSignal {
    return clientGone(this.request, this.#res);
  }

  bodyArrives(): Promise<Arrival> | undefined {
    return bodyArrives(this.request, this.#res);
  }
}

/** As PHP has it in REMOTE_ADDR: a server that listens on IPv6 too has `::ffff:` in front of an IPv4 address. */
export function remoteAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=[\d.]+$)/i, '');
}
