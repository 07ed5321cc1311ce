import type { LoginRules } from '../login/login-rules.ts';
import type { SessionSource } from '../middleware/session-source.ts';
import { type WhoHow, whoIsLoggedIn } from '../middleware/who-is-logged-in.ts';
import { isMap, ownValue, type Variables } from './variables.ts';

/** A login of Horde. */
export interface HordeLogin {
  /** `auth/userId`: Horde's name of the user, as its hooks have made it. */
  readonly user: string;
  /** `auth/authId`: what he has typed. */
  readonly authId: string;
  /** The applications that he is logged in to: `['imp']`. */
  readonly apps: readonly string[];
  /** `auth/remoteAddr`: his address at the login, as Horde has it. */
  readonly remoteAddr: string | undefined;
  /** `auth/browser`: his User-Agent at the login. */
  readonly browser: string | undefined;
  /** `auth/timestamp`: when he logged in, in Unix seconds. */
  readonly timestamp: number | undefined;
}

const APP = 'auth_app/';

/**
 * Who is logged in to Horde, if Horde itself would accept this request: the address, the browser and `max_time` are compared as Horde does.
 *
 * @param rules `login` of the preset `horde()`, with Horde's settings
 * @param session `$_SESSION`, such as `ctx.session`
 * @param source the request, or its headers
 * @param how `address` of the client behind a proxy; `refused` is told why Horde would not accept a login that is there
 * @returns `undefined`: nobody
 * @throws TypeError for what is no source
 */
export function hordeLogin(
  rules: LoginRules,
  session: object | undefined,
  source: SessionSource,
  how?: WhoHow,
): HordeLogin | undefined {
  const data = (session ?? {}) as Variables;
  const claim = whoIsLoggedIn(rules, { data }, source, how);
  const variables = ownValue(data, 'horde');
  if (claim === undefined || !isMap(variables)) return undefined;
  const text = (name: string): string | undefined => {
    const value = ownValue(variables, name);
    return typeof value === 'string' && value.startsWith('\0') ? value.slice(1) : undefined;
  };
  return Object.freeze({
    user: String(claim.id),
    authId: claim.name ?? String(claim.id),
    apps: Object.keys(variables)
      .filter((name) => name.startsWith(APP))
      .map((name) => name.slice(APP.length)),
    remoteAddr: text('auth/remoteAddr'),
    browser: text('auth/browser'),
    timestamp: claim.since,
  });
}
