/**
 * PHP's `$_SESSION` in h3 1 and 2, and so in Nitro and Nuxt: `import { phpSession, usePhpSession } from 'php-session-bridge/h3'`.
 */
import '../node-version.ts';
import type { ServerResponse } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import type { HttpError } from '../session/http-error.ts';
import type { HttpExchange } from '../session/http-exchange.ts';
import { HttpSession, type PhpSessionControl } from '../session/http-session.ts';
import { enter } from '../session/mounted.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { CallbackApplication, type Callbacks, callbacks } from './callback-application.ts';
import { Answer, isWebEvent, openUntilAnswer } from './h3-answer.ts';
import { NodeExchange } from './node-exchange.ts';
import { type Connection, WebExchange } from './web-exchange.ts';

export type { Callbacks } from './callback-application.ts';
export * from './public.ts';

/** What is used of h3's event: in h3 1 it has Node's request and answer, in h3 2 the web's. */
export interface PhpSessionEvent {
  readonly req: object;
  readonly res: object;
  readonly node?: { readonly req: object; readonly res?: object | undefined } | undefined;
}

/** The session of one request: what h3's `useSession()` gives, and what PHP's session can do besides. */
export interface PhpSession<T extends object = SessionData> extends PhpSessionControl {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it replaces all of it; `null` is a logout when the request ends. */
  get data(): T;
  set data(content: T | null);
  /** Sets keys of `data`: these, or those that a function makes of it. As each change, it is saved before the answer goes out. */
  update(change: Partial<T> | ((data: T) => Partial<T> | undefined)): Promise<PhpSession<T>>;
  /** Deletes the session and its cookie now: a logout. As `destroy()`. */
  clear(): Promise<PhpSession<T>>;
}

/** `onError` prints by default. An error of opening goes to the handler; in h3 2 one of saving goes to h3. */
export interface H3SessionOptions extends SessionOptions, Partial<Callbacks<PhpSessionEvent>> {
  /** The client's address, for stores that keep it. Default: that of Node's connection. h3's own is `getRequestIP(event)`. */
  address?(event: PhpSessionEvent): string | undefined;
}

/** What `phpSession()` gives: middleware of h3 2, and in h3 1 a handler that leaves the answer to the next one. */
export type PhpSessionMiddleware = (event: PhpSessionEvent, next?: () => unknown) => unknown;

/**
 * Middleware that lets handlers call `usePhpSession()`. The session is saved before the answer goes out. What is changed later is not
 * saved, and reported.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * app.use(phpSession({ store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) }));
 * app.get('/', async (event) => {
 *   const { data } = await usePhpSession(event);
 *   data.count = (data.count ?? 0) + 1;
 *   return `Visit ${data.count}`;
 * });
 */
export function phpSession(options: H3SessionOptions): PhpSessionMiddleware {
  const { onError, onGone, onConflictDecided, address, ...others } = options ?? {};
  const config = settings(others as SessionOptions);
  const told = callbacks<PhpSessionEvent>({ onError, onGone, onConflictDecided }, (error) => console.error(error));
  return function phpSession(event, next) {
    enter(event as object, config.name);
    const node = event.node as Connection['node'];
    const connection: Connection = { node, address: address && (() => address(event)) };
    const make = (exchange: HttpExchange): HttpSession<object> =>
      new HttpSession(config, exchange, new CallbackApplication(event, node?.res, told));
    if (next !== undefined && isWebEvent(event)) {
      const exchange = new WebExchange(event.req, connection);
      const answer = new Answer(event, exchange);
      give(event, config.name, async () => {
        const http = make(exchange);
        await answer.open(http);
        return http;
      });
      return answer.after(next);
    }
    give(event, config.name, async () => {
      if (node === undefined) throw new TypeError('phpSession() must be called with `next`, as app.use() does it');
      const http = make(new NodeExchange(node.req, node.res, connection.address));
      await openUntilAnswer(http).catch((error) => refuse(node.res, error));
      return http;
    });
    return next?.();
  };
}

/**
 * The session of this request, as h3's `useSession()`. The first call opens it, and takes PHP's lock: a request without one is left alone.
 *
 * @param name the cookie's name, where several sessions are mounted; default: that of the last one
 * @throws PhpSessionError with the `status` and `headers` of the answer, if the session cannot be opened
 * @throws TypeError without `phpSession()` in front of the handler
 */
// biome-ignore lint/suspicious/noExplicitAny: as h3's useSession()
export function usePhpSession<T extends object = Record<string, any>>(
  event: object,
  name?: string,
): Promise<PhpSession<T>> {
  const sessions = given.get(event);
  const open = name === undefined ? [...(sessions?.values() ?? [])].at(-1) : sessions?.get(name);
  if (open === undefined) {
    throw new TypeError('usePhpSession() needs app.use(phpSession({ store })) in front of the handler');
  }
  return open() as Promise<PhpSession<never>> as Promise<PhpSession<T>>;
}

/** How the sessions of an event are opened, by the names of their cookies. */
const given = new WeakMap<object, Map<string, () => Promise<PhpSession<object>>>>();

function give(event: object, name: string, open: () => Promise<HttpSession<object>>): void {
  const sessions = given.get(event) ?? new Map();
  given.set(event, sessions);
  let session: Promise<PhpSession<object>> | undefined;
  sessions.set(name, () => {
    session ??= open().then(sessionOf);
    session.catch(() => undefined); // a handler that has failed before it waits for it must not end the process
    return session;
  });
}

function sessionOf(http: HttpSession<object>): PhpSession<object> {
  const { control } = http;
  const session: PhpSession<object> = {
    ...control,
    get id() {
      return control.id;
    },
    get data(): object {
      return http.data;
    },
    set data(content: object | null) {
      http.data = content;
    },
    async update(change) {
      const { data } = http;
      Object.assign(data, typeof change === 'function' ? change(data) : change);
      return session;
    },
    async clear() {
      await control.destroy();
      return session;
    },
  };
  return session;
}

/** h3 1 takes the status from an error, but no headers. @throws the error */
function refuse(res: ServerResponse, error: unknown): never {
  const { headers = {} } = error as Partial<HttpError>;
  if (!res.headersSent) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  throw error;
}
