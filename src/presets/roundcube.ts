import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { idAt, textAt, timeAt } from '../login/php-values.ts';
import { base64 } from '../stores/base64.ts';
import type { PresetWithLogin } from './preset.ts';

export interface RoundcubeOptions {
  /** Roundcube's version, such as `'1.6.5'`: 1.7 has given its time column another name and another meaning. */
  version: string;
  /** `db_prefix` of Roundcube's configuration. Default none. */
  prefix?: string;
  /** `session_lifetime` of Roundcube's configuration, in minutes. Default 10. */
  sessionLifetime?: number;
  /** `session_auth_name`: the name of the second cookie. Default `'roundcube_sessauth'`. */
  sessionAuthName?: string;
  /** `ip_check` of Roundcube's configuration. Default false. */
  ipCheck?: boolean;
}

/**
 * Roundcube with its `session_storage` `db`. The store needs `timeZone` too, unless the database's own zone is UTC: Roundcube writes a DATETIME in the
 * zone of its connection.
 *
 * @throws TypeError for a version that is none
 */
export function roundcube(options: RoundcubeOptions): PresetWithLogin {
  const {
    version,
    prefix = '',
    sessionLifetime = 10,
    sessionAuthName = 'roundcube_sessauth',
    ipCheck = false,
  } = options;
  const [, major, minor] = (typeof version === 'string' && /^(\d+)\.(\d+)/.exec(version)) || [];
  if (minor === undefined) throw new TypeError("version must be Roundcube's, such as '1.6.5'");
  const isNew = Number(major) > 1 || Number(minor) >= 7;
  return {
    name: 'Roundcube',
    versions: isNew ? '1.7 and later' : 'up to 1.6',
    store: {
      table: `${prefix}session`,
      columns: { id: 'sess_id', data: 'vars', time: isNew ? 'expires_at' : 'changed' },
      encoding: base64,
      timeMeaning: isNew ? 'expiresAt' : 'lastUsed',
      gcMaxlifetime: sessionLifetime * 60,
      expireOnRead: true,
      lock: 'none',
      row: { insert: { ip: ({ address = '' }) => address }, ...(ipCheck && { read: ['ip'] }) },
    },
    session: {
      name: 'roundcube_sessid',
      cookieHttponly: true,
      logoutCookies: [sessionAuthName],
      useStrictMode: true,
    },
    login: login({ lifetime: Math.max(120, sessionLifetime * 60), sessionAuthName, ipCheck }),
  };
}

/** How many slots of time ago the second cookie may have been made. */
const OLDEST_SLOT = 2;

/** `rcube_session::check_auth()`: the second cookie is a secret of the session, and the slot of time in which it was sent. */
function login(given: { lifetime: number; sessionAuthName: string; ipCheck: boolean }): LoginRules {
  const { lifetime, sessionAuthName, ipCheck } = given;
  const slot = lifetime / 2;
  return {
    claim(session, { time, address, columns, cookie, refused }) {
      const id = idAt(session, 'user_id');
      if (id === undefined || Number(id) === 0) return undefined;
      if (ipCheck && (columns.ip === undefined || columns.ip !== address)) {
        refused?.('address');
        return undefined;
      }
      const secret = textAt(session, 'auth_secret');
      const now = time - (time % slot);
      const slots = Array.from({ length: OLDEST_SLOT + 1 }, (_, ago) => `${secret}-${now - ago * slot}`);
      const given = cookie(sessionAuthName);
      if (secret === undefined || given === undefined || !slots.includes(given)) {
        refused?.('cookie');
        return undefined;
      }
      const since = timeAt(session, 'login_time');
      return claimOf({ id, name: textAt(session, 'username'), since, unchecked: ['exists'] });
    },
  };
}
