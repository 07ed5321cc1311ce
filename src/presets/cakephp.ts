import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, textAt, timeAt } from '../login/php-values.ts';
import { type OptionRules, readByRules, wholeNumber } from '../option-rules.ts';
import { clockStep } from './clock-step.ts';
import type { PresetWithLogin } from './preset.ts';
import { aVersion, isBefore } from './version.ts';

export interface CakephpOptions {
  /** Default `'5'`; from `'3'` on. */
  version?: string;
  /** `Session.timeout`, in minutes. Default 24: `session.gc_maxlifetime` of PHP as it comes. */
  timeout?: number;
}

const rules: OptionRules<CakephpOptions> = {
  version: { default: '5', accepts: (it) => aVersion.accepts(it) && !isBefore(it, '3.0'), mustBe: "'3.0' or later" },
  timeout: { default: 24, ...wholeNumber(1, 2 ** 24, 'minutes') },
};

/**
 * CakePHP's `DatabaseSession`.
 *
 * @throws TypeError that names a wrong option
 */
export function cakephp(options: CakephpOptions = {}): PresetWithLogin {
  const { version, timeout } = readByRules(rules, options, 'cakephp()') as Required<CakephpOptions>;
  const isOld = isBefore(version, '4.0');
  const lifetime = timeout * 60;
  return {
    name: 'CakePHP',
    versions: isOld ? '3' : '4 and 5',
    store: {
      table: 'sessions',
      columns: { id: 'id', data: 'data', time: 'expires' },
      timeMeaning: 'expiresAt',
      expireOnRead: false,
      gcMaxlifetime: lifetime,
      lock: 'none',
    },
    session: {
      ...(isOld && { name: 'CAKEPHP' }), // Since 4 it is php.ini's, if the application does not set one.
      cookieHttponly: true,
      useStrictMode: true,
      idleClock(data, time) {
        const used = timeAt(data, 'Config', 'time') ?? time;
        // A session that CakePHP would end stays as it is.
        if (time - used >= clockStep(lifetime) && time - used <= lifetime) data.Config.time = time;
      },
    },
    login: login(lifetime),
  };
}

/**
 * `Auth` of `SessionAuthenticator`: the user himself, an entity or an array. CakePHP takes him as he is, so a deleted user stays logged in; with `identify`
 * it asks its database.
 *
 * @param lifetime seconds after which `Session::_timedOut()` ends a session that was not used
 */
function login(lifetime: number): LoginRules {
  return {
    claim(session, { time, refused }) {
      const auth = at(session, 'Auth');
      // An entity has its fields in a property of its own; AuthComponent has an array in an array.
      const user = [at(auth, '_fields'), at(auth, 'User'), auth].find((one) => idAt(one, 'id') !== undefined);
      if (user === undefined) return undefined;
      const used = timeAt(session, 'Config', 'time');
      if (used !== undefined && time - used > lifetime) {
        refused?.('age');
        return undefined;
      }
      return claimOf({ id: idAt(user, 'id'), name: textAt(user, 'username') ?? textAt(user, 'email'), unchecked: [] });
    },
    returnParameter: 'redirect',
    rememberCookies: ['CookieAuth'],
  };
}
