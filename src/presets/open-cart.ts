import { json } from '../codec/formats/json.ts';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { idAt } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';

export interface OpenCartOptions {
  /** `DB_PREFIX` of OpenCart's config.php. Default `'oc_'`. */
  prefix?: string;
  /** `session_expire` of OpenCart's configuration, in seconds. Default 86400. */
  sessionExpire?: number;
}

/** OpenCart with the session engine `db`. It writes a session again at the end of each of its requests, also one that has just ended. */
export function openCart({ prefix = 'oc_', sessionExpire = 86_400 }: OpenCartOptions = {}): PresetWithLogin {
  return {
    name: 'OpenCart',
    versions: '4 and 5',
    store: {
      table: `${prefix}session`,
      columns: { id: 'session_id', data: 'data', time: 'expire' },
      timeMeaning: 'expiresAt',
      timeZone: '+00:00',
      gcMaxlifetime: sessionExpire,
      lock: 'none',
      row: { id: /[A-Za-z0-9,-]{22,52}/ },
    },
    session: { name: 'OCSESSID', serializeHandler: json, cookieSamesite: 'Strict', useStrictMode: true },
    login,
  };
}

/** The customer (`Opencart\System\Library\Cart\Customer`). Pages of his account ask for `customer_token` in their address too, which this does not. */
const login: LoginRules = {
  claim(session) {
    const id = idAt(session, 'customer_id');
    if (id === undefined || Number(id) === 0) return undefined;
    return claimOf({ id, unchecked: ['exists', 'enabled'] });
  },
};
