import { createHash, createHmac } from 'node:crypto';
import type { Preset } from './preset.ts';
import { type Typo3Cookie, typo3Cookie } from './typo3-cookie.ts';

export interface Typo3Options extends Typo3Cookie {
  /** Whose visitors these are: the site's, or the editors'. Default `'FE'`. */
  loginType?: 'FE' | 'BE';
  /** `cookieName` of `$GLOBALS['TYPO3_CONF_VARS']['FE']` or `['BE']`. Default `fe_typo_user` or `be_typo_user`. */
  cookieName?: string;
  /** `sessionTimeout` there, or `lifetime` if that is more, in seconds. Default 6000 for `FE`, 28800 for `BE`. */
  sessionTimeout?: number;
}

/**
 * TYPO3's `DatabaseSessionBackend`. The user is in a column (`ses_userid`), which Node does not read: the session has what extensions store.
 *
 * @throws TypeError for a wrong option
 */
export function typo3({ loginType = 'FE', cookieName, sessionTimeout, ...cookie }: Typo3Options): Preset {
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
        insert: { ses_iplock: '[DISABLED]' }, // what TYPO3 compares with no address
      },
    },
    session: {
      name: cookieName ?? `${side}_typo_user`,
      serializeHandler: 'php_serialize',
      cookieEncoding,
      cookieHttponly: true,
      useStrictMode: true,
    },
    unverified: 'SQL statements of TYPO3\\CMS\\Core\\Session\\Backend\\DatabaseSessionBackend; the cookie was run',
  };
}
