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
}

/**
 * Horde with `$conf['sessionhandler']['type'] = 'Sql'`. Nothing moves `_b`, by which Horde ends a session after `max_time`: it is when the session
 * began.
 */
export function horde({
  name = 'Horde',
  checkip = true,
  checkbrowser = true,
  maxTime = 72_000,
}: HordeOptions = {}): PresetWithLogin {
  return {
    name: 'Horde',
    versions: '5 and 6',
    store: {
      table: 'horde_sessionhandler',
      columns: { id: 'session_id', data: 'session_data', time: 'session_lastmodified' },
      lock: 'none',
    },
    session: { name, cookieHttponly: true, logoutCookies: ['horde_secret_key'], useStrictMode: true },
    login: hordeLogin({ checkip, checkbrowser, maxTime }),
    unverified: "for Horde 6: SQL statements of Horde's SqlBackend. Horde 5 was run",
  };
}
