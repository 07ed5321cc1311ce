import type { IncomingMessage, ServerResponse } from 'node:http';
import { LoginGate } from '../login/login-gate.ts';
import type { LoginOptions } from '../login/login-options.ts';
import type { LoginClaim } from '../login/login-rules.ts';
import { nodeRequest, type SessionHolder, sessionAccess } from './login-request.ts';

/** What `loggedIn()` uses of Express's request. */
export interface LoginExpressRequest extends IncomingMessage, SessionHolder {
  readonly originalUrl?: string;
  readonly ip?: string | undefined;
}

/**
 * What `loggedIn()` adds to Express's request, as passport does. Tell TypeScript once for the application:
 * `declare global { namespace Express { interface Request extends LoggedInRequest<MyUser> {} } }`
 */
export interface LoggedInRequest<User = LoginClaim> {
  /** Who is logged in: what `check` has given. `undefined`: nobody. */
  user?: User;
}

/**
 * Middleware behind `phpSession()`: who is logged in at the PHP application is `req.user`. With `required`, nobody else gets through: who opens a page is
 * sent to the application's login, and any other request gets 401.
 *
 * @throws TypeError for a wrong option, and without one of `check` and `trustRow`, at once
 * @example
 * app.use(loggedIn({ ...laravelApp.login, required: true, loginUrl: '/login', check: (claim) => findUser(claim.id) }));
 */
export function loggedIn<User = LoginClaim, Request extends LoginExpressRequest = LoginExpressRequest>(
  options: LoginOptions<Request, User>,
): (req: Request, res: ServerResponse, next: (error?: unknown) => void) => void {
  const gate = new LoginGate(options);
  return function loggedIn(req, res, next) {
    const answer = async () => {
      const request = nodeRequest(req, req.originalUrl ?? req.url, req.ip);
      const outcome = await gate.decide(sessionAccess(req), request, req);
      if ('user' in outcome) {
        const known = req as LoggedInRequest<unknown>;
        // Whom a gate in front of this one has let in may be nobody here.
        if (outcome.user !== undefined || known.user !== undefined) known.user = outcome.user;
        next();
        return;
      }
      if (res.headersSent) return; // other middleware may have given up, and answered
      res.setHeader('Cache-Control', 'no-store');
      if ('redirect' in outcome) {
        res.appendHeader('Set-Cookie', outcome.cookie);
        res.setHeader('Location', outcome.redirect);
      }
      res.statusCode = 'status' in outcome ? outcome.status : 302;
      res.end();
    };
    answer().catch(next);
  };
}
