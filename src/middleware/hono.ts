/**
 * PHP's `$_SESSION` in Hono applications: `import { phpSession } from 'php-session-bridge/hono'`.
 */
import '../node-version.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { SessionData } from '../codec/index.ts';
import { HttpSession, type PhpSessionControl } from '../session/http-session.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { CallbackApplication, type Callbacks, callbacks } from './callback-application.ts';
import { SessionView } from './session-view.ts';
import { type Connection, WebExchange } from './web-exchange.ts';

export type { Callbacks } from './callback-application.ts';
export * from './public.ts';

/** What `phpSession()` adds to Hono's context: `new Hono<{ Variables: PhpSessionVariables<MySession> }>()`. */
export interface PhpSessionVariables<T extends object = SessionData> {
  /**
   * PHP's `$_SESSION`: its keys are yours alone. `c.set('session', content)` replaces all of it when the handler has ended, and
   * `c.set('session', null)` is a logout then.
   */
  session: T;
  /** What can be done with the session, apart from its data. */
  phpSession: PhpSessionControl;
}

/** `onError` prints by default. An error before the handler, and one of saving, goes to `app.onError()`. */
export interface HonoSessionOptions extends SessionOptions, Partial<Callbacks<Context>> {
  /**
   * The client's address, for stores that keep it. Default: that of the connection, with @hono/node-server; on other servers it is not
   * known. `(c) => getConnInfo(c).remote.address` is Hono's own.
   */
  address?: (c: Context) => string | undefined;
}

/**
 * Middleware that opens PHP's session before the handler and saves it after that, under the same lock as PHP. The answer goes out when the
 * session was saved, a stream begins then. What is changed later is not saved, and reported.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * app.use(phpSession({ store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) }));
 * app.get('/', (c) => {
 *   c.var.session.count = (c.var.session.count ?? 0) + 1;
 *   return c.text(`Visit ${c.var.session.count}`);
 * });
 */
export function phpSession<T extends object = SessionData>(
  options: HonoSessionOptions,
): MiddlewareHandler<{ Variables: PhpSessionVariables<T> }> {
  const { onError, onGone, onConflictDecided, address, ...others } = options ?? {};
  const config = settings(others as SessionOptions);
  const told = callbacks<Context>({ onError, onGone, onConflictDecided }, (error) => console.error(error));
  return async function phpSession(c, next) {
    const outer = { session: c.get('session'), phpSession: c.get('phpSession') };
    if (outer.session !== undefined && !given.has(outer.session)) {
      throw new TypeError("c.get('session') exists already: another session middleware is in front of phpSession()");
    }
    const node = nodeOf(c);
    const exchange = new HonoExchange(c, { node, address: address && (() => address(c)) });
    const http = new HttpSession<T>(config, exchange, new CallbackApplication<Context>(c, node?.res, told));
    let hasRun = false;
    try {
      await http.serve(async () => {
        hasRun = true;
        const session = give(c, http);
        await next();
        const content = c.get('session') as T | null;
        if (content !== session) http.data = content;
        if (c.error !== undefined) throw c.error; // so that serve() knows; Hono has its answer already
      });
    } catch (error) {
      if (error !== c.error) {
        c.res = undefined; // Hono would put its headers on the answer of this error
        throw error;
      }
    } finally {
      // What comes after this one belongs to the outer session again.
      if (outer.session !== undefined) {
        c.set('session', outer.session);
        c.set('phpSession', outer.phpSession);
      }
    }
    if (!hasRun) return c.finalized ? undefined : new Response(null, { status: 499 }); // the client has gone
    const answer = exchange.complete(c.res);
    if (answer !== c.res) {
      c.res = undefined;
      c.res = answer;
    }
    return undefined;
  };
}

class HonoExchange extends WebExchange {
  readonly #c: Context;

  constructor(c: Context, connection: Connection) {
    super(c.req.raw, connection);
    this.#c = c;
  }

  override get isAnswered(): boolean {
    return this.#c.finalized || super.isAnswered;
  }

  /** `c.text()` and the like take them from the context: then no second answer has to be made of the first one. */
  override setHeader(name: string, value: string, isFinal?: boolean): void {
    super.setHeader(name, value, isFinal);
    if (!this.#c.finalized) this.#c.header(name, value);
  }
}

/** The sessions that are ours. A second one, by another name, takes the place of the first for what comes after it. */
const given = new WeakSet<object>();

/** @returns what `c.get('session')` is from here on */
function give<T extends object>(c: Context, http: HttpSession<T>): T {
  const session = new SessionView(http).toObject() as T;
  given.add(session);
  c.set('session', session);
  c.set('phpSession', http.control);
  return session;
}

/** What @hono/node-server gives to applications. */
function nodeOf({ env }: Context): Connection['node'] {
  const { incoming, outgoing } = (env ?? {}) as { incoming?: IncomingMessage; outgoing?: ServerResponse };
  return incoming && outgoing && { req: incoming, res: outgoing };
}
