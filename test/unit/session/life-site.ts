import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../../src/middleware/koa.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

export interface Session {
  user?: string;
  [key: string]: unknown;
}
export type Context = Koa.ParameterizedContext<Koa.DefaultState, PhpSessionContext<Session>> & {
  request: { body?: unknown };
};
export type Handler = (ctx: Context) => unknown;

export interface Question {
  cookie?: string;
  path?: string;
  form?: object;
}

/** Koa with sessions in memory, on a port. Each request brings its own handler. */
export class LifeSite {
  readonly sessions = new Map<string, MemorySession>();
  readonly errors: unknown[] = [];
  gone = 0;
  readonly #app = new Koa<Koa.DefaultState, PhpSessionContext<Session>>();
  #handler: Handler = () => undefined;
  #form: object | undefined;
  #server: Server | undefined;

  constructor(options: Partial<SessionOptions> = {}) {
    this.#app.on('error', (error) => this.errors.push(error)).on('session:gone', () => this.gone++);
    this.#app.use((ctx, next) => {
      if (this.#form !== undefined) Object.assign(ctx.request, { body: this.#form });
      return next();
    });
    this.#app.use(phpSession<Session>({ store: memoryStore({ sessions: this.sessions }), ...options }));
    this.#app.use(async (ctx) => {
      ctx.body = JSON.stringify((await this.#handler(ctx as Context)) ?? null);
    });
  }

  get codes(): unknown[] {
    return this.errors.map((error) => (error as { code?: unknown }).code ?? error);
  }

  put(id: string, data: string): void {
    this.sessions.set(id, { data: Buffer.from(data), usedAt: Date.now(), logouts: 0 });
  }

  row(id: string | undefined): string | undefined {
    const data = this.sessions.get(id ?? '')?.data;
    return data && Buffer.from(data).toString();
  }

  /** Ids of all rows. */
  get ids(): string[] {
    return [...this.sessions].filter(([, { data }]) => data !== undefined).map(([id]) => id);
  }

  async ask(handler: Handler, { cookie, path = '/', form }: Question = {}) {
    if (this.#server === undefined) {
      this.#server = this.#app.listen(0, '127.0.0.1');
      await once(this.#server, 'listening');
    }
    this.#handler = handler;
    this.#form = form;
    const { port } = this.#server.address() as AddressInfo;
    const headers = cookie === undefined ? {} : { cookie };
    const [response] = await once(request({ host: '127.0.0.1', port, path, agent: false, headers }).end(), 'response');
    const body = await text(response);
    const cookies: string[] = response.headers['set-cookie'] ?? [];
    const status: number = response.statusCode;
    return {
      status,
      value: status === 200 ? JSON.parse(body) : undefined,
      cookies,
      headers: response.headers as Record<string, string | undefined>,
      /** The id of the session's cookie. */
      id: /^PHPSESSID=([^;]*)/.exec(cookies.find((one) => one.startsWith('PHPSESSID=')) ?? '')?.[1],
    };
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}
