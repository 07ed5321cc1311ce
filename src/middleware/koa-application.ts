import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Application } from '../session/http-exchange.ts';
import { HttpSession } from '../session/http-session.ts';
import type { Settings } from '../session/options.ts';
import { NodeExchange } from './node-exchange.ts';

/** What is used of Koa's context; any Koa from 2 on has it. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The answer; a stream is still being made when the handler has ended. */
  readonly body?: unknown;
  /** `false`: the application answers by itself, perhaps later. */
  readonly respond?: boolean;
  readonly app: { emit(event: string, ...args: unknown[]): boolean };
  /** The client's address, by `app.proxy`. */
  readonly ip?: string;
  /** Koa's request. Its own type knows no `body`, which a body parser in front of us puts there. */
  readonly request?: object;
}

/** The session of one request in Koa. */
export function sessionOf<T extends object>(config: Settings, ctx: KoaContext): HttpSession<T> {
  const body = () => (ctx.request as { readonly body?: unknown } | undefined)?.body;
  const exchange = new NodeExchange(ctx.req, ctx.res, () => ctx.ip, body);
  return new HttpSession(config, exchange, new KoaApplication(ctx));
}

/** Reports what happens to a session to Koa's application, by the events of `app`. */
export class KoaApplication implements Application {
  readonly context: KoaContext;

  constructor(context: KoaContext) {
    this.context = context;
  }

  onGone(): void {
    this.context.app.emit('session:gone', this.context);
  }

  onConflict(paths: readonly (readonly string[])[]): void {
    this.context.app.emit('session:conflict', this.context, paths);
  }

  onError(error: unknown): void {
    this.context.app.emit('error', error, this.context);
  }

  afterAnswer(work: () => void): void {
    const { body, respond, res } = this.context;
    const isStream = typeof (body as { pipe?: unknown } | null)?.pipe === 'function';
    if (respond === false || isStream) res.once('close', work);
  }
}
