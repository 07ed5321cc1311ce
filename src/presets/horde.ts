import { hordeLogin } from './horde-login.ts';
import type { PresetWithLogin } from './preset.ts';

export interface HordeOptions {
  /** `$conf['session']['name']`. Default `'Horde'`. */
  name?: string;
  /** `$conf['auth']['checkip']`. Default true. */
  checkip?: boolean;
  /** `$conf['auth']['checkbrowser']`. Default true. */
  checkbrowser?: boolean;
  /** `$conf['session']['max_time']`, in seconds; 0: logins do not end by their age. Default 72000, as in Horde's conf.php.dist. */
  maxTime?: number;
  /**
   * `$conf['secret_key']`, with which the way back from Horde's login is signed. Horde leads back to no other address. Default: visitors who log in stay
   * in Horde.
   */
  secretKey?: string;
}

/**
 * Horde with `$conf['sessionhandler']['type'] = 'Sql'`. Nothing moves `_b`, by which Horde ends a session after `max_time`: it is when the session
 * began.
 *
 * @throws TypeError for a secretKey that is none
 */
export function horde({
  name = 'Horde',
  checkip = true,
  checkbrowser = true,
  maxTime = 72_000,
  secretKey,
}: HordeOptions = {}): PresetWithLogin {
  if (secretKey !== undefined && (typeof secretKey !== 'string' || secretKey === '')) {
    throw new TypeError("secretKey must be $conf['secret_key']");
  }
  return {
    name: 'Horde',
    versions: '5 and 6',
    store: {
      table: 'horde_sessionhandler',
      columns: { id: 'session_id', data: 'session_data', time: 'session_lastmodified' },
      lock: 'none',
    },
    session: { name, cookieHttponly: true, logoutCookies: ['horde_secret_key'], useStrictMode: true },
    login: hordeLogin({ checkip, checkbrowser, maxTime, secretKey }),
    unverified: "for Horde 6: SQL statements of Horde's SqlBackend. Horde 5 was run",
  };
}
