import { claimOf } from '../login/claim.ts';
import type { LoginRules, LoginSession } from '../login/login-rules.ts';
import { at, idAt, secretAt, timeAt } from '../login/php-values.ts';
import { type OptionRules, optional, readByRules, wholeNumber } from '../option-rules.ts';
import { clockStep } from './clock-step.ts';
import type { PresetWithLogin } from './preset.ts';

export interface YiiOptions {
  /**
   * `authTimeout` of the component `user`, in seconds: Node then moves `__expire`. Default: none, as in Yii. Without it Node leaves `__expire` as it is, so
   * Yii logs out who stays on pages of Node.
   */
  authTimeout?: number;
}

const anAuthTimeout = wholeNumber(1, 2 ** 31 - 1, 'seconds');
const rules: OptionRules<YiiOptions> = { authTimeout: optional(anAuthTimeout.accepts, anAuthTimeout.mustBe) };

/**
 * Yii 2's `DbSession`.
 *
 * @throws TypeError that names a wrong option
 */
export function yii(options: YiiOptions = {}): PresetWithLogin {
  const { authTimeout } = readByRules(rules, options, 'yii()');
  return {
    name: 'Yii',
    versions: '2.0',
    store: {
      table: 'session',
      columns: { id: 'id', data: 'data', time: 'expire' },
      timeMeaning: 'expiresAt',
      lock: 'none',
    },
    session: {
      cookieHttponly: true,
      useStrictMode: true,
      logoutCookies: ['_identity'],
      ...(authTimeout !== undefined && { idleClock: (session, now) => moveExpire(session, now, authTimeout) }),
    },
    login,
  };
}

/**
 * `yii\web\User::renewAuthStatus()`, at most once a minute. A login without `__expire` gets one, and one too far away comes nearer, as in Yii. A
 * session that Yii would end stays as it is.
 */
function moveExpire(session: LoginSession, now: number, authTimeout: number): void {
  if (idAt(session, '__id') === undefined || isOver(session, now)) return;
  const next = now + authTimeout;
  const expire = timeAt(session, '__expire') ?? 0;
  if (Math.abs(next - expire) >= clockStep(authTimeout)) session.__expire = next;
}

/** Whether one of Yii's times has passed. What is no time has. */
function isOver(session: LoginSession, now: number): boolean {
  const ends = ['__expire', '__absoluteExpire'].filter((key) => at(session, key) !== undefined);
  return ends.some((key) => (timeAt(session, key) ?? 0) < now);
}

/** `yii\web\User::renewAuthStatus()`. */
const login: LoginRules = {
  claim(session, { time, refused }) {
    const id = idAt(session, '__id');
    if (id === undefined) return undefined;
    if (isOver(session, time)) {
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
