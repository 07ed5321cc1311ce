import { createHash, createHmac } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { idAt } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';
import { type Typo3Cookie, typo3Cookie } from './typo3-cookie.ts';

export interface Typo3Options extends Typo3Cookie {
  /** Whose visitors these are: the site's, or the editors'. Default `'FE'`. */
  loginType?: 'FE' | 'BE';
  /** `cookieName` of `$GLOBALS['TYPO3_CONF_VARS']['FE']` or `['BE']`. Default `fe_typo_user` or `be_typo_user`. */
  cookieName?: string;
  /** `sessionTimeout` there, or `lifetime` if that is more, in seconds. Default 6000 for `FE`, 28800 for `BE`. */
  sessionTimeout?: number;
}

/** What TYPO3 compares with no address. */
const NO_LOCK = '[DISABLED]';

/**
 * TYPO3's `DatabaseSessionBackend`. The user is in a column, `ses_userid`; the session has what extensions store.
 *
 * @throws TypeError for a wrong option
 */
export function typo3({ loginType = 'FE', cookieName, sessionTimeout, ...cookie }: Typo3Options): PresetWithLogin {
  const side = loginType.toLowerCase();
  const cookieEncoding = typo3Cookie(cookie); // checks the key
  const key = createHash('sha1').update(`${cookie.encryptionKey}core-session-backend`).digest('hex');
  return {
    name: 'TYPO3',
    versions: '12 and 13',
    store: {
      table: `${side}_sessions`,
      columns: { id: 'ses_id', data: 'ses_data', time: 'ses_tstamp' },
      gcMaxlifetime: sessionTimeout ?? (loginType === 'FE' ? 6000 : 28_800),
      expireOnRead: true,
      lock: 'none',
      row: {
        id: /[\da-f]{32}/,
        key: (id) => createHmac('sha256', key).update(id).digest('hex'),
        insert: { ses_iplock: NO_LOCK },
        read: ['ses_userid', 'ses_iplock'],
      },
    },
    session: {
      name: cookieName ?? `${side}_typo_user`,
      serializeHandler: 'php_serialize',
      cookieEncoding,
      cookieHttponly: true,
      useStrictMode: true,
    },
    login: login(loginType),
    unverified: 'SQL statements of TYPO3\\CMS\\Core\\Session\\Backend\\DatabaseSessionBackend; the cookie was run',
  };
}

/** `AbstractUserAuthentication::fetchUserSession()`: the user of the column, loaded again at each request; editors may need a second factor. */
function login(loginType: 'FE' | 'BE'): LoginRules {
  return {
    claim(_session, { columns }) {
      const id = idAt(columns, 'ses_userid');
      if (id === undefined || Number(id) === 0) return undefined;
      const isLocked = columns.ses_iplock !== NO_LOCK;
      return claimOf({
        id,
        guard: loginType,
        unchecked: [
          'exists',
          'enabled',
          ...(isLocked ? (['address'] as const) : []),
          ...(loginType === 'BE' ? (['secondFactor'] as const) : []),
        ],
      });
    },
  };
}
