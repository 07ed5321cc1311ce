import type { LoginClaim, LoginRefusal, LoginRules, LoginSession } from '../login/login-rules.ts';
import type { RowColumns } from '../stores/store.ts';
import { readSource, type SessionSource } from './session-source.ts';

export interface WhoHow {
  /** The client's address. Default: that of the request's socket. */
  address?: string | undefined;
  /** Gets the reason where the application would refuse the user of a session. */
  refused?(why: LoginRefusal): void;
}

/**
 * Who a session says is logged in, for code without `loggedIn()`. It is a claim: the application has the user checked at each request (`claim.unchecked`), and
 * so must you, in its database.
 *
 * @param rules `login` of a preset
 * @param session what `openSession()` gives; elsewhere its data and, with `row.read`, `phpSession.columns`
 * @param source where cookies and headers are, as for `openSession()`
 * @returns `undefined`: nobody
 * @throws TypeError for what is no source
 * @example
 * const claim = whoIsLoggedIn(app.login, session, request);
 * const user = claim && (await findUser(claim.id));
 */
export function whoIsLoggedIn(
  rules: LoginRules,
  session: { readonly data: object; readonly columns?: RowColumns },
  source: SessionSource,
  { address, refused }: WhoHow = {},
): LoginClaim | undefined {
  const facts = readSource(source);
  return rules.claim(session.data as LoginSession, {
    address: address ?? facts.address,
    userAgent: facts.userAgent,
    forwardedFor: facts.forwardedFor,
    cookie: facts.cookie,
    columns: session.columns ?? {},
    time: Math.floor(Date.now() / 1000),
    ...(refused && { refused }),
  });
}
