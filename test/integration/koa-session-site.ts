import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import session from 'koa-session';
import {
  type PhpKoaSessionContext,
  type PhpKoaSessionOptions,
  phpKoaSession,
} from '../../src/middleware/koa-session.ts';
import type { Harness, Table } from '../php/harness.ts';

export type Context = Koa.ParameterizedContext<Koa.DefaultState, PhpKoaSessionContext>;
/** What it returns is the response, as JSON. */
export type Handler = (ctx: Context) => unknown;

export interface Question {
  /** The session cookie. */
  id?: string | undefined;
  /** The whole `Cookie` header, instead. */
  cookie?: string;
  /** The client goes away. */
  signal?: AbortSignal;
}

/** A session that PHP wrote 1,000 seconds ago. */
export async function writtenByPhp(php: Harness, table: Table, code: string): Promise<string> {
  const { result, cookie } = await php.ask({ driver: 'pdo', table }, `$handler->start(); ${code}; return true;`);
  if (result !== true) throw new Error(`PHP: ${result}`);
  await php.sql(`UPDATE ${table.name} SET usetime = usetime - 1000 WHERE id = '${cookie}'`);
  return cookie!;
}

/** An application of koa-session on PHP's session, in which each request brings its own handler. */
export class KoaSessionSite {
  readonly app = new Koa<Koa.DefaultState, PhpKoaSessionContext>();
  /** What came by `app.on('error')`. */
  readonly errors: unknown[] = [];
  readonly #options: PhpKoaSessionOptions;
  readonly #handlers = new Map<string, Handler>();
  #server!: Server;

  private constructor(options: PhpKoaSessionOptions) {
    this.#options = options;
    this.app.on('error', (error) => this.errors.push(error));
  }

  /** @param outer middleware before the session */
  static async start(options: PhpKoaSessionOptions, ...outer: Koa.Middleware[]): Promise<KoaSessionSite> {
    const site = new KoaSessionSite(options);
    for (const one of outer) site.app.use(one as never);
    site.app.use(phpKoaSession(session, options, site.app));
    site.app.use(async (ctx) => {
      const value = await site.#handlers.get(ctx.get('x-handler'))!(ctx);
      if (ctx.respond !== false && ctx.body === undefined) ctx.body = { value };
    });
    site.#server = site.app.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  async ask(handler: Handler = () => undefined, { id, cookie = `PHPSESSID=${id}`, signal }: Question = {}) {
    const number = String(this.#handlers.size);
    this.#handlers.set(number, handler);
    const { port } = this.#server.address() as AddressInfo;
    const hasCookie = id !== undefined || cookie !== 'PHPSESSID=undefined';
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { 'x-handler': number, connection: 'close', ...(hasCookie && { cookie }) },
      ...(signal && { signal }),
    });
    const body = await response.text();
    const cookies = response.headers.getSetCookie();
    return {
      status: response.status,
      headers: response.headers,
      cookies,
      /** What `Set-Cookie` says of the session; undefined if there is none. */
      id: /^PHPSESSID=([^;]*)/.exec(cookies[0] ?? '')?.[1],
      /** What the handler returned. */
      value: response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(body).value : body,
    };
  }

  /** The codes of the errors reported since the last call. */
  codes(): unknown[] {
    return this.errors.splice(0).map((error) => (error as { code?: unknown }).code ?? error);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#options.store.close();
  }
}
