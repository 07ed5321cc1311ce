import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { SessionOptions } from '../../session/options.ts';
import { Rows } from './rows.ts';
import type { MiddlewareUnderTest, SiteOptions, Visit } from './under-test.ts';

export type Handler = (visit: Visit) => unknown;

/** What a visitor gets. */
export interface Page {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly cookies: readonly string[];
  /** What `Set-Cookie` says of the session; `undefined` if it does not. */
  readonly id: string | undefined;
  readonly body: string;
}

/** An application of the framework under test, in which each request brings its own handler. */
export class Site {
  readonly rows: Rows = new Rows();
  /** What was reported to the application. */
  readonly errors: unknown[] = [];
  gone = 0;
  #between: (outer: Visit) => void = () => undefined;
  readonly #handlers: Handler[] = [];
  #server!: Server;

  /**
   * Runs a test, and looks afterwards whether all locks are free.
   *
   * @param sessions options of each mounted session; default: one with PHP's defaults
   */
  static async with(
    { make }: MiddlewareUnderTest,
    test: (site: Site) => Promise<unknown>,
    sessions: readonly Partial<SessionOptions>[] = [{}],
  ): Promise<void> {
    const site = new Site();
    const listener = await make(site.#options(sessions));
    site.#server = createServer(listener).listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    try {
      await test(site);
      await until(() => site.rows.held === 0, 'a lock is held after the request has ended');
    } finally {
      site.#server.close();
      site.#server.closeAllConnections();
    }
  }

  #options(sessions: readonly Partial<SessionOptions>[]): SiteOptions {
    return {
      sessions: sessions.map((options) => ({ store: this.rows, ...options })),
      between: (outer) => this.#between(outer),
      handle: async (visit) => {
        const body = (await this.#handlers.shift()?.(visit)) ?? 'done';
        if (visit.res?.headersSent) return undefined;
        return body instanceof Readable ? body : String(body);
      },
      onError: (error) => this.errors.push(error),
      onGone: () => this.gone++,
    };
  }

  /** What comes between two mounted sessions. */
  set between(work: (outer: Visit) => void) {
    this.#between = work;
  }

  /** The codes of the errors that were reported to the application, or the errors themselves. */
  get codes(): unknown[] {
    return this.errors.map((error) => (error as { code?: unknown }).code ?? error);
  }

  /** Waits until the server gets a request. */
  nextRequest(): Promise<unknown> {
    return once(this.#server, 'request');
  }

  /** Begins a request, which the caller ends. */
  begin(handler: Handler, cookie?: string, method = 'GET'): ClientRequest {
    this.#handlers.push(handler);
    const { port } = this.#server.address() as AddressInfo;
    const headers = cookie === undefined ? {} : { cookie };
    return request({ host: '127.0.0.1', port, method, headers, agent: false }).on('error', () => undefined);
  }

  ask(handler: Handler = () => undefined, id?: string): Promise<Page> {
    const page = read(this.begin(handler, id && `PHPSESSID=${id}`).end());
    page.catch(() => undefined); // a test that has failed already does not wait for it
    return page;
  }
}

/** Milliseconds in which an answer begins, and ends. */
const PATIENCE = 3_000;

/** Waits for the whole answer. */
export async function read(sent: ClientRequest): Promise<Page> {
  return readBody(await begun(sent));
}

/** Waits for the headers of an answer. */
export async function begun(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response', { signal: AbortSignal.timeout(PATIENCE) })) as [IncomingMessage];
  return response;
}

export async function readBody(response: IncomingMessage): Promise<Page> {
  response.setTimeout(PATIENCE, () => response.destroy(new Error('The answer does not end')));
  const body = await text(response);
  const { headers, statusCode } = response;
  const cookies = [...(headers['set-cookie'] ?? [])]; // arrays of Node's are not those of Jest
  const [, id] = /^PHPSESSID=([^;]*)/.exec(cookies.find((cookie) => cookie.startsWith('PHPSESSID=')) ?? '') ?? [];
  return { status: statusCode!, headers, cookies, id: id && decodeURIComponent(id), body };
}

/** Waits for something that does not tell when it has happened. */
export async function until(condition: () => boolean, otherwise: string): Promise<void> {
  const end = performance.now() + 2_000;
  while (!condition()) {
    assert.ok(performance.now() < end, otherwise);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Something that a test lets happen when it wants. */
export function signal(): { happen: () => void; happened: Promise<void> } {
  let happen!: () => void;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happen, happened };
}
