import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, secretAt, timeAt } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';

/** Yii 2's `DbSession`. */
export function yii(): PresetWithLogin {
  return {
    name: 'Yii',
    versions: '2.0',
    store: {
      table: 'session',
      columns: { id: 'id', data: 'data', time: 'expire' },
      timeMeaning: 'expiresAt',
      lock: 'none',
    },
    session: { cookieHttponly: true, useStrictMode: true, logoutCookies: ['_identity'] },
    login,
  };
}

/** `yii\web\User::renewAuthStatus()`. Node does not move `__expire`, which the option `authTimeout` of that class makes. */
const login: LoginRules = {
  claim(session, { time, refused }) {
    const id = idAt(session, '__id');
    if (id === undefined) return undefined;
    const ends = ['__expire', '__absoluteExpire'].filter((key) => at(session, key) !== undefined);
    if (ends.some((key) => (timeAt(session, key) ?? 0) < time)) {
      refused?.('age');
      return undefined;
    }
    const authKey = secretAt(session, '__authKey');
    return claimOf({ id, unchecked: authKey === undefined ? ['exists'] : ['exists', 'authKey'], secret: authKey });
  },
  remember(session, path) {
    session.__returnUrl = path;
  },
  rememberCookies: ['_identity'],
};
