import { createHash } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, timeAt } from '../login/php-values.ts';
import { matomoEncoding } from './matomo-encoding.ts';
import type { PresetWithLogin } from './preset.ts';

export interface MatomoOptions {
  /** `salt` of `[General]` in Matomo's config.ini.php. */
  salt: string;
  /** `tables_prefix` there. Default `'matomo_'`. */
  prefix?: string;
  /** `login_cookie_expire` there, in seconds. Default 1209600, two weeks. */
  loginCookieExpire?: number;
}

/**
 * Matomo's `SessionHandler\DbTable`.
 *
 * @throws TypeError for a wrong option, without its value
 */
export function matomo({ salt, prefix = 'matomo_', loginCookieExpire = 1_209_600 }: MatomoOptions): PresetWithLogin {
  if (typeof salt !== 'string' || salt === '') throw new TypeError("salt must be that of Matomo's config.ini.php");
  return {
    name: 'Matomo',
    versions: '4 and 5',
    store: {
      table: `${prefix}session`,
      columns: { id: 'id', data: 'data', time: 'modified' },
      encoding: matomoEncoding,
      gcMaxlifetime: loginCookieExpire,
      expireOnRead: true,
      lock: 'none',
      row: {
        key: (id) => createHash('sha512').update(`${id}${salt}`).digest('hex'),
        insert: { lifetime: loginCookieExpire },
        update: { lifetime: loginCookieExpire },
      },
    },
    session: {
      name: 'MATOMO_SESSID',
      serializeHandler: 'php_serialize',
      cookieHttponly: true,
      cookieSamesite: 'Lax',
      useStrictMode: true,
    },
    login,
  };
}

/**
 * `SessionAuth::authenticate()`. Its password counts as the same if the user's `ts_password_modified` and `ts_sessions_invalidated` are not after the
 * claim's `since`.
 */
const login: LoginRules = {
  claim(session, { time, refused }) {
    const id = idAt(session, 'user.name');
    if (id === undefined) return undefined;
    if ((timeAt(session, 'session.info', 'expiration') ?? 0) < time) {
      refused?.('age');
      return undefined;
    }
    const isVerified = at(session, 'twofactorauth.verified') === 1;
    return claimOf({
      id,
      name: String(id),
      since: timeAt(session, 'session.info', 'ts'),
      unchecked: ['exists', 'password', ...(isVerified ? [] : (['secondFactor'] as const))],
    });
  },
};
