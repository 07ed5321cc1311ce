import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt } from '../login/php-values.ts';
import { base64 } from '../stores/base64.ts';
import type { PresetWithLogin } from './preset.ts';

/**
 * Magento 2 with `session` `save` `db` in `app/etc/env.php`.
 *
 * @param options.prefix `table_prefix` of `env.php`. Default none
 * @param options.website the code of the website, whose customers these are. Default `'base'`
 */
export function magento({
  prefix = '',
  website = 'base',
}: {
  prefix?: string;
  website?: string;
} = {}): PresetWithLogin {
  return {
    name: 'Magento',
    versions: '2.4',
    store: {
      table: `${prefix}session`,
      columns: { id: 'session_id', data: 'session_data', time: 'session_expires' }, // which is when it was last used
      encoding: base64,
      lock: 'none',
    },
    session: { name: 'PHPSESSID', cookieHttponly: true, useStrictMode: true },
    login: login(`customer_${website}`),
    unverified: 'SQL statements of Magento\\Framework\\Session\\SaveHandler\\DbTable',
  };
}

/**
 * The customer (`Magento\Customer\Model\Session::isLoggedIn()`). An administrator who acts for one is not logged in as him.
 *
 * @param name of the variable
 */
function login(name: string): LoginRules {
  return {
    claim(session) {
      const id = idAt(session, name, 'customer_id');
      if (id === undefined || Number(id) === 0 || at(session, name, 'is_customer_emulated')) return undefined;
      return claimOf({ id, unchecked: ['exists', 'password', 'address', 'browser'] });
    },
  };
}
