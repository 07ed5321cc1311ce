/**
 * PHP's `$_SESSION` in Express applications: `import { phpSession } from 'php-session-bridge/express'`.
 */
import '../node-version.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import { HttpSession, type PhpSessionControl } from '../session/http-session.ts';
import { type SessionOptions, settings } from '../session/options.ts';
import { CallbackApplication, type Callbacks, callbacks } from './callback-application.ts';
import { NodeExchange } from './node-exchange.ts';
import { passportSession } from './passport-session.ts';
import { hasOtherSession, sessionProperties } from './session-properties.ts';

export type { LoginOptions } from '../login/login-options.ts';
export type * from '../login/login-rules.ts';
export type { Callbacks } from './callback-application.ts';
export { type LoggedInRequest, type LoginExpressRequest, loggedIn } from './express-logged-in.ts';
export * from './public.ts';

/** What is used of Express's request; Express 4 and 5 have it. */
export interface ExpressRequest extends IncomingMessage {
  /** The client's address, by the setting `trust proxy`. */
  readonly ip?: string | undefined;
  /** What a body parser has made of the body. */
  readonly body?: unknown;
}

/**
 * What `phpSession()` adds to Express's request. Tell TypeScript once for the application:
 * `declare global { namespace Express { interface Request extends PhpSessionRequest<MySession> {} } }`
 */
export interface PhpSessionRequest<T extends object = SessionData> {
  /**
   * PHP's `$_SESSION`. Setting it to `null` is a logout. For libraries made for express-session, it also has the methods `regenerate()`,
   * `save()`, `destroy()` and `touch()`, which are no keys of `$_SESSION`.
   */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

/** `onError` prints by default. An error before the handler goes to `next()`. */
export interface ExpressSessionOptions extends SessionOptions, Partial<Callbacks<ExpressRequest>> {}

/** What `phpSession()` gives: Express's middleware. */
export type PhpSessionMiddleware = (req: ExpressRequest, res: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * Middleware that opens PHP's session before the next one, under the same lock as PHP. The session is saved when the answer begins: its
 * first byte waits for that. What is changed later is not saved, and reported.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * app.use(phpSession({ store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) }));
 * app.get('/', (req, res) => {
 *   req.session.count = (req.session.count ?? 0) + 1;
 *   res.send(`Visit ${req.session.count}`);
 * });
 */
export function phpSession<T extends object = SessionData>(options: ExpressSessionOptions): PhpSessionMiddleware {
  const { onError, onGone, onConflictDecided, ...others } = options ?? {};
  const config = settings(others as SessionOptions);
  const told = callbacks<ExpressRequest>({ onError, onGone, onConflictDecided }, (error) => console.error(error));
  return function phpSession(req, res, next) {
    if (hasOtherSession(req)) {
      next(new TypeError('req.session exists already: another session middleware is in front of phpSession()'));
      return;
    }
    const exchange = new NodeExchange(
      req,
      res,
      () => req.ip,
      () => req.body,
    );
    const http = new HttpSession<T>(config, exchange, new CallbackApplication<ExpressRequest>(req, res, told));
    const serve = () => {
      give(req, http as unknown as HttpSession<object>);
      next();
    };
    http.serveUntilAnswer(serve).catch(next);
  };
}

const give = sessionProperties(passportSession);
