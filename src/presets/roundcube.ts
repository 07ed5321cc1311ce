import { claimOf } from '../login/claim.ts';
import type { LoginRules, LoginSession } from '../login/login-rules.ts';
import { idAt, textAt, timeAt } from '../login/php-values.ts';
import { isEqual } from '../login/same-secret.ts';
import type { IdleCookieRequest } from '../session/idle-cookie.ts';
import { base64 } from '../stores/base64.ts';
import type { RowColumns } from '../stores/store.ts';
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
  const rules = { slot: Math.max(120, sessionLifetime * 60) / 2, sessionAuthName, ipCheck };
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
      idleCookie: { name: sessionAuthName, renew: (session, request) => renewed(session, request, rules) },
    },
    login: login(rules),
  };
}

/** What Roundcube's configuration says of the second cookie. */
interface CookieRules {
  /** Seconds. */
  readonly slot: number;
  readonly sessionAuthName: string;
  readonly ipCheck: boolean;
}

/** How many slots of time ago the second cookie may have been made. */
const OLDEST_SLOT = 2;

/**
 * `rcube_session::check_auth()`: the second cookie is a secret of the session, and the slot of time in which it was sent.
 *
 * @param given by the browser
 * @returns how many slots ago that was; `undefined` for one that does not fit
 */
function slotsAgo(
  given: string | undefined,
  secret: string | undefined,
  time: number,
  slot: number,
): number | undefined {
  if (given === undefined || secret === undefined) return undefined;
  const slots = Array.from({ length: OLDEST_SLOT + 1 }, (_, ago) => cookieOf(secret, time - ago * slot, slot));
  const ago = slots.findIndex((one) => isEqual(one, given));
  return ago < 0 ? undefined : ago;
}

/** `rcube_session::mkcookie()` */
function cookieOf(secret: string, time: number, slot: number): string {
  return `${secret}-${time - (time % slot)}`;
}

function userOf(session: LoginSession): string | number | undefined {
  const id = idAt(session, 'user_id');
  return Number(id) === 0 ? undefined : id;
}

/** With `ip_check`: whether the visitor has the address of the session's row. */
function isAt(address: string | undefined, { ip }: RowColumns): boolean {
  return ip !== undefined && ip === address;
}

/** `rcube_session::check_auth()` sends a cookie of an earlier slot anew. */
function renewed(
  session: LoginSession,
  request: IdleCookieRequest,
  { slot, ipCheck }: CookieRules,
): string | undefined {
  const { value, time, address, columns } = request;
  if (userOf(session) === undefined || (ipCheck && !isAt(address, columns))) return undefined;
  const secret = textAt(session, 'auth_secret');
  return slotsAgo(value, secret, time, slot) ? cookieOf(secret!, time, slot) : undefined;
}

function login({ slot, sessionAuthName, ipCheck }: CookieRules): LoginRules {
  return {
    claim(session, { time, address, columns, cookie, refused, isNobody = false }) {
      const id = userOf(session);
      if (id === undefined) return undefined;
      if (!isNobody && ipCheck && !isAt(address, columns)) {
        refused?.('address');
        return undefined;
      }
      const secret = textAt(session, 'auth_secret');
      const hasCookie = isNobody || slotsAgo(cookie(sessionAuthName), secret, time, slot) !== undefined;
      if (secret === undefined || !hasCookie) {
        refused?.('cookie');
        return undefined;
      }
      const since = timeAt(session, 'login_time');
      return claimOf({ id, name: textAt(session, 'username'), since, unchecked: ['exists'] });
    },
  };
}
