import { LoginGate } from '../login/login-gate.ts';
import type { LoginOptions } from '../login/login-options.ts';
import type { LoginClaim } from '../login/login-rules.ts';
import type { KoaContext } from './koa-application.ts';
import { nodeRequest, type SessionHolder, sessionAccess } from './login-request.ts';

/** What `loggedIn()` uses of Koa's context. */
export interface LoginKoaContext extends KoaContext, SessionHolder {
  readonly originalUrl: string;
  // biome-ignore lint/suspicious/noExplicitAny: the application's own
  readonly state: any;
  status: number;
  set(name: string, value: string): void;
}

/** What `loggedIn()` puts into `ctx.state`. */
export interface LoggedInState<User = LoginClaim> {
  /** Who is logged in: what `check` has given. `undefined`: nobody. */
  user?: User;
}

/**
 * Middleware behind `phpSession()`: who is logged in at the PHP application is `ctx.state.user`. With `required`, nobody else gets through: who opens a page
 * is sent to the application's login, and any other request gets 401.
 *
 * @throws TypeError for a wrong option, and without one of `check` and `trustRow`, at once
 * @example
 * app.use(loggedIn({ ...laravelApp.login, required: true, loginUrl: '/login', check: (claim) => findUser(claim.id) }));
 */
export function loggedIn<User = LoginClaim, Context extends LoginKoaContext = LoginKoaContext>(
  options: LoginOptions<Context, User>,
): (ctx: Context, next: () => Promise<unknown>) => Promise<void> {
  const gate = new LoginGate(options);
  return async function loggedIn(ctx, next) {
    const request = nodeRequest(ctx.req, ctx.originalUrl, ctx.ip);
    const outcome = await gate.decide(sessionAccess(ctx), request, ctx);
    if ('user' in outcome) {
      // Whom a gate in front of this one has let in may be nobody here.
      if (outcome.user !== undefined || ctx.state.user !== undefined) ctx.state.user = outcome.user;
      await next();
      return;
    }
    if (ctx.res.headersSent) return; // other middleware may have given up, and answered
    ctx.set('Cache-Control', 'no-store');
    if ('status' in outcome) {
      ctx.status = outcome.status;
      return;
    }
    ctx.res.appendHeader('Set-Cookie', outcome.cookie);
    ctx.set('Location', outcome.redirect);
    ctx.status = 302;
  };
}
