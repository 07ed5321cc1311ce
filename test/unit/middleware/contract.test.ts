import type { RequestListener } from 'node:http';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import express from 'express';
// @ts-expect-error: it is the same interface, and there are no types for the name of the copy
import express4 from 'express4';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import Koa from 'koa';
import session from 'koa-session';
import { phpSession as expressSession, type PhpSessionRequest } from '../../../src/middleware/express.ts';
import { phpSession as fastifySession } from '../../../src/middleware/fastify.ts';
import {
  phpSession as h3Session,
  type PhpSession,
  type PhpSessionEvent,
  usePhpSession,
} from '../../../src/middleware/h3.ts';
import { phpSession as honoSession, type PhpSessionVariables } from '../../../src/middleware/hono.ts';
import { phpSession as plainSession } from '../../../src/middleware/http.ts';
import { phpSession } from '../../../src/middleware/koa.ts';
import { phpKoaSession } from '../../../src/middleware/koa-session.ts';
import {
  type Application,
  type HttpExchange,
  HttpSession,
  NodeExchange,
  type SessionData,
  type SessionOptions,
  settings,
} from '../../../src/session.ts';
import {
  type ContractRunner,
  type MiddlewareUnderTest,
  middlewareContract,
  type SiteOptions,
  type Visit,
} from '../../../src/testing/index.ts';

// Their types need those of browsers.
const { getRequestListener } = require('@hono/node-server');
const { H3, toNodeHandler } = require('h3/node');
const h3v1 = require('h3-1');

/** The contract of the session's middleware: what holds it, and whether it notices what does not. */

type KoaMiddleware = (app: Koa, options: SessionOptions) => Koa.Middleware;

function koa(middleware: KoaMiddleware): MiddlewareUnderTest {
  return {
    make({ sessions, between, handle, onError, onGone }) {
      const app = new Koa();
      const visitOf = (ctx: Koa.Context): Visit => ({
        get session() {
          return ctx.session;
        },
        set session(content) {
          ctx.session = content;
        },
        control: ctx.phpSession,
        req: ctx.req,
        res: ctx.res,
      });
      app.on('error', onError).on('session:gone', onGone);
      for (const [i, options] of sessions.entries()) {
        if (i > 0) app.use((ctx, next) => Promise.resolve(between(visitOf(ctx))).then(next));
        app.use(middleware(app, options));
      }
      app.use(async (ctx) => {
        const body = await handle(visitOf(ctx));
        if (body === undefined) ctx.respond = false;
        else ctx.body = body;
      });
      return app.callback();
    },
  };
}

const koaMiddleware = koa((_, options) => phpSession(options) as unknown as Koa.Middleware);
middlewareContract({ describe, test }, 'Koa', koaMiddleware);

// `ctx.session` belongs to koa-session, and there is one of it in an application: so the second is an ordinary phpSession().
const koaSession = koa((app, options) =>
  'session' in app.context
    ? (phpSession(options) as unknown as Koa.Middleware)
    : (phpKoaSession(session, options, app) as unknown as Koa.Middleware),
);
middlewareContract({ describe, test }, 'koa-session', koaSession);

function inExpress(framework: typeof express): MiddlewareUnderTest {
  return {
    make({ sessions, between, handle, onError, onGone }) {
      const app = framework();
      app.set('env', 'production');
      const visitOf = (req: PhpSessionRequest, own: object): Visit =>
        Object.defineProperty({ control: req.phpSession, ...own } as Visit, 'session', {
          get: () => req.session,
          set: (content) => {
            req.session = content;
          },
        });
      for (const [i, options] of sessions.entries()) {
        if (i > 0) {
          app.use((req, res, next) => {
            between(visitOf(req as never, { req, res }));
            next();
          });
        }
        app.use(expressSession({ ...options, onError, onGone }));
      }
      app.use((req, res, next) => {
        handle(visitOf(req as never, { req, res })).then((body) => {
          if (typeof body === 'string') res.send(body);
          else body?.pipe(res);
        }, next);
      });
      const report: express.ErrorRequestHandler = (error, _req, _res, next) => {
        onError(error);
        next(error);
      };
      app.use(report);
      return app;
    },
  };
}
// Express prints errors that the application leaves to it.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterAll(() => {
  jest.restoreAllMocks();
});
middlewareContract({ describe, test }, 'Express 5', inExpress(express));
middlewareContract({ describe, test }, 'Express 4', inExpress(express4));

const inFastify: MiddlewareUnderTest = {
  async make({ sessions, between, handle, onError, onGone }) {
    const app = fastify();
    app.addContentTypeParser('*', (_request, _body, done) => done(null));
    const visitOf = (request: FastifyRequest, reply: FastifyReply): Visit => {
      const { phpSession } = request as unknown as PhpSessionRequest;
      return Object.defineProperty({ control: phpSession, req: request.raw, res: reply.raw } as Visit, 'session', {
        get: () => (request as unknown as PhpSessionRequest).session,
        set: (content) => {
          (request as unknown as PhpSessionRequest).session = content;
        },
      });
    };
    app.addHook('onError', async (_request, _reply, error) => onError(error.cause ?? error));
    for (const [i, options] of sessions.entries()) {
      if (i > 0) app.addHook('onRequest', async (request, reply) => between(visitOf(request, reply)));
      // biome-ignore lint/nursery/noMisusedPromises: Fastify takes both kinds of plugins
      await app.register(fastifySession, { ...options, onError, onGone });
    }
    app.all('/', async (request, reply) => {
      const body = await handle(visitOf(request, reply)).catch((error) => {
        if (reply.raw.headersSent) onError(error); // Fastify itself only logs it
        throw error;
      });
      if (body === undefined) return reply.hijack();
      return reply.send(body);
    });
    await app.ready();
    return app.routing;
  },
};
middlewareContract({ describe, test }, 'Fastify', inFastify);

const inHono: MiddlewareUnderTest = {
  make({ sessions, between, handle, onError, onGone }) {
    type Env = { Variables: PhpSessionVariables };
    const app = new Hono<Env>();
    const visitOf = (c: Context<Env>): Visit =>
      Object.defineProperty({ control: c.var.phpSession } as Visit, 'session', {
        get: () => c.get('session'),
        set: (content) => c.set('session', content),
      });
    app.onError((error, c) => {
      onError(error);
      return 'getResponse' in error ? error.getResponse() : c.text('failed', 500);
    });
    for (const [i, options] of sessions.entries()) {
      if (i > 0) {
        app.use((c, next) => {
          between(visitOf(c));
          return next();
        });
      }
      app.use(honoSession({ ...options, onError, onGone }));
    }
    app.all('/', async (c) => {
      const body = await handle(visitOf(c));
      return c.body(body instanceof Readable ? (Readable.toWeb(body) as ReadableStream) : body!);
    });
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
  answersByHand: false, // handlers return their answer
};
middlewareContract({ describe, test }, 'Hono', inHono);

/** What the contract sees of a session in h3. */
function visitOf(session: PhpSession, event: PhpSessionEvent): Visit {
  return Object.defineProperty({ control: session, ...event.node } as object as Visit, 'session', {
    get: () => session.data,
    set: (content) => {
      session.data = content;
    },
  });
}

const inH3: MiddlewareUnderTest = {
  make({ sessions, between, handle, onError, onGone }) {
    const app = new H3({ onError: (error: Error) => void onError(error.cause ?? error), silent: true });
    for (const [i, options] of sessions.entries()) {
      if (i > 0) {
        app.use(async (event: PhpSessionEvent, next: () => unknown) => {
          between(visitOf(await usePhpSession(event), event));
          return next();
        });
      }
      app.use(h3Session({ ...options, onError, onGone }));
    }
    app.all('/', async (event: PhpSessionEvent) => {
      const body = await handle(visitOf(await usePhpSession(event), event));
      return body instanceof Readable ? Readable.toWeb(body) : body;
    });
    return toNodeHandler(app) as RequestListener;
  },
  answersByHand: false,
};
middlewareContract({ describe, test }, 'h3 2', inH3);

const inH3v1: MiddlewareUnderTest = {
  make({ sessions, between, handle, onError, onGone }) {
    const app = h3v1.createApp({ onError: (error: Error) => onError(error.cause ?? error) });
    for (const [i, options] of sessions.entries()) {
      if (i > 0) {
        app.use(
          h3v1.eventHandler(async (event: PhpSessionEvent) => {
            between(visitOf(await usePhpSession(event), event));
          }),
        );
      }
      app.use(h3Session({ ...options, onError, onGone }));
    }
    app.use(
      h3v1.eventHandler(async (event: PhpSessionEvent & { _handled: boolean }) => {
        const body = await handle(visitOf(await usePhpSession(event), event));
        if (body === undefined) event._handled = true;
        return body;
      }),
    );
    return h3v1.toNodeListener(app);
  },
};
middlewareContract({ describe, test }, 'h3 1', inH3v1);

const inHttp: MiddlewareUnderTest = {
  make({ sessions, between, handle, onError, onGone }) {
    const visitOf = (req: IncomingMessage & PhpSessionRequest, res: ServerResponse): Visit => {
      const { phpSession: control } = req; // it changes with the next session
      return Object.defineProperty({ control, req, res } as object as Visit, 'session', {
        get: () => req.session,
        set: (content) => {
          req.session = content;
        },
      });
    };
    const mount = (i: number): RequestListener =>
      plainSession({ ...sessions[i]!, onError, onGone }, async (req, res) => {
        if (i + 1 < sessions.length) {
          between(visitOf(req, res));
          mount(i + 1)(req, res);
          return;
        }
        const body = await handle(visitOf(req, res));
        if (typeof body === 'string') res.end(body);
        else body?.pipe(res);
      });
    return mount(0);
  },
};
middlewareContract({ describe, test }, 'http', inHttp);

type Exchange = new (req: IncomingMessage, res: ServerResponse) => HttpExchange;

/** A middleware for plain node:http, as others may write one. */
function plain({ sessions, between, handle, onError, onGone }: SiteOptions, Exchange: Exchange): RequestListener {
  const mounted = sessions.map((options) => settings(options));
  return async (req, res) => {
    const application: Application = { context: req, onGone, onConflict: () => undefined, onError };
    const serve = async (i: number) => {
      const http = new HttpSession<SessionData>(mounted[i]!, new Exchange(req, res), application);
      const visit: Visit = Object.defineProperties({ control: http.control, req, res } as Visit, {
        session: { get: () => http.data, set: (content) => Object.assign(http, { data: content }) },
      });
      let body: Awaited<ReturnType<typeof handle>>;
      await http.serve(async () => {
        if (i === mounted.length - 1) body = await handle(visit);
        else await Promise.resolve(between(visit)).then(() => serve(i + 1));
      });
      if (typeof body === 'string') res.end(body);
      else body?.pipe(res);
    };
    await serve(0).catch((error) => {
      onError(error);
      if (res.headersSent) return;
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      const { status = 500, headers = {} } = error;
      res.writeHead(status, headers).end(STATUS_CODES[status]);
    });
  };
}

middlewareContract({ describe, test }, 'a middleware of others', { make: (options) => plain(options, NodeExchange) });

/** Whether this test of the contract fails. */
async function isFoundOut(middleware: MiddlewareUnderTest, name: string): Promise<boolean> {
  const tests = new Map<string, () => Promise<void>>();
  const runner: ContractRunner = { describe: (_, body) => body(), test: (name, body) => tests.set(name, body) };
  middlewareContract(runner, 'a wrong one', middleware);
  return tests.get(name)!().then(
    () => false,
    () => true,
  );
}

const wrong: Record<string, [Exchange, string]> = {
  'forgets the cookie': [
    class extends NodeExchange {
      override setCookies(): void {}
    },
    'what is stored first makes a row and a cookie, whose id the handler knows',
  ],
  'forgets cookies of others': [
    class extends NodeExchange {
      override cookies(): string[] {
        return [];
      }
    },
    'two sessions with two names',
  ],
  'does not wait for the commit before the headers': [
    class extends NodeExchange {
      override beforeHeaders(work: () => Promise<void> | undefined): void {
        super.beforeHeaders(
          () => void work()?.catch(() => undefined),
          () => undefined,
        );
      }
    },
    'the first byte waits for the row',
  ],
  'does not notice the headers': [
    class extends NodeExchange {
      override beforeHeaders(): void {}
    },
    'a handler that throws: what it changed is saved, and the error page brings the cookie',
  ],
  'does not notice that the client has gone': [
    class extends NodeExchange {
      override clientGone(): AbortSignal {
        return new AbortController().signal;
      }
    },
    'a client that goes away while it waits for the lock: its handler does not run',
  ],
  'does not wait for the body': [
    class extends NodeExchange {
      override bodyArrives(): undefined {
        return undefined;
      }
    },
    'a body that is still coming: no lock is held, and the handler waits',
  ],
  'sets no headers for caches': [
    class extends NodeExchange {
      override setHeader(): void {}
    },
    'reading an empty session makes no row and no cookie, but the answer is not to be cached',
  ],
};

describe('a middleware is found out that', () => {
  test.each(Object.entries(wrong))('%s', async (_, [Exchange, name]) => {
    expect(await isFoundOut({ make: (options) => plain(options, Exchange) }, name)).toBe(true);
  });

  const adapters: Record<string, [(options: SiteOptions, req: IncomingMessage, res: ServerResponse) => void, string]> =
    {
      'answers before the session is saved': [
        ({ sessions, handle, onError, onGone }, req, res) => {
          const application = { context: req, onGone, onError, onConflict: () => undefined };
          const http = new HttpSession(settings(sessions[0]!), new NodeExchange(req, res), application);
          const visit = { session: {}, control: http.control } as Visit;
          Object.defineProperty(visit, 'session', { get: () => http.data });
          http.serve(async () => void res.end(await handle(visit))).catch(onError);
        },
        'the session cannot be saved: 503 with Retry-After, and nothing of the answer',
      ],
      'does not free the lock': [
        ({ sessions, handle, onError, onGone }, req, res) => {
          const application = { context: req, onGone, onError, onConflict: () => undefined };
          const http = new HttpSession(settings(sessions[0]!), new NodeExchange(req, res), application);
          const visit = { control: http.control } as Visit;
          Object.defineProperty(visit, 'session', { get: () => http.data });
          const answer = async () => void res.end(await handle(visit));
          http.serve(answer, { commit: async () => undefined, reserve: async () => undefined }).catch(onError);
        },
        '8 requests of one session at once are served one after the other',
      ],
    };
  test.each(Object.entries(adapters))('%s', async (_, [serve, name]) => {
    const make =
      (options: SiteOptions): RequestListener =>
      (req, res) =>
        serve(options, req, res);
    expect(await isFoundOut({ make }, name)).toBe(true);
  });
});
