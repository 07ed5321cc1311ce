import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival, HttpExchange } from '../session/http-exchange.ts';
import { bodyArrives } from './body.ts';
import { clientGone } from './client-gone.ts';

/** A request and its answer as `node:http` and `node:http2` have them, and so all frameworks on them. */
export class NodeExchange implements HttpExchange {
  readonly request: IncomingMessage;
  readonly #res: ServerResponse;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.request = req;
    this.#res = res;
  }

  get cookieHeader(): string | undefined {
    return this.request.headers.cookie;
  }

  get headersSent(): boolean {
    return this.#res.headersSent;
  }

  get isAnswered(): boolean {
    return this.#res.writableEnded;
  }

  hasHeader(name: string): boolean {
    return this.#res.hasHeader(name);
  }

  setHeader(name: string, value: string): void {
    this.#res.setHeader(name, value);
  }

  cookies(): string[] {
    return [this.#res.getHeader('Set-Cookie') ?? []].flat().map(String);
  }

  setCookies(values: readonly string[]): void {
    this.#res.setHeader('Set-Cookie', values);
  }

  beforeHeaders(work: () => Promise<void> | undefined): void {
    const res = this.#res;
    const { writeHead } = res;
    res.writeHead = (...args: unknown[]) => {
      if (!res.headersSent) void work();
      return writeHead.apply(res, args as never);
    };
  }

  clientGone(): AbortSignal {
    return clientGone(this.request, this.#res);
  }

  bodyArrives(): Promise<Arrival> | undefined {
    return bodyArrives(this.request, this.#res);
  }
}
