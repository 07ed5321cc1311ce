import { timeAt } from '../login/php-values.ts';
import { type OptionRules, oneOf, optional, readByRules, wholeNumber } from '../option-rules.ts';
import { symfonyLock } from '../stores/mysql/locks.ts';
import { now } from '../stores/mysql/now.ts';
import type { PresetWithLogin } from './preset.ts';
import { symfonyLogin } from './symfony-login.ts';
import { aVersion, isBefore } from './version.ts';

export interface SymfonyOptions {
  /** Default `'7'`; from `'2.6'` on. */
  version?: string;
  /** `lock_mode` of the handler: `LOCK_TRANSACTIONAL` is `'row'`, the default, `LOCK_ADVISORY` `'advisory'`, and `LOCK_NONE` `'none'`. */
  lock?: 'row' | 'advisory' | 'none';
  /** Seconds: `session.gc_maxlifetime` of PHP, or the handler's `ttl`. Default 1440. */
  gcMaxlifetime?: number;
  /** The firewall of security.yaml with the logins, or its `context`, if it has one. Default `'main'`. */
  firewall?: string;
  /**
   * The property of your class of users that `getUserIdentifier()` gives: the claim's `name`. Default `'email'`, or `'username'` where there is no
   * such property.
   */
  userIdentifier?: string;
}

const aName = {
  accepts: (name: unknown): boolean => typeof name === 'string' && name !== '',
  mustBe: 'a name',
};
const rules: OptionRules<SymfonyOptions> = {
  version: { default: '7', accepts: (it) => aVersion.accepts(it) && !isBefore(it, '2.6'), mustBe: "'2.6' or later" },
  lock: { default: 'row', ...oneOf(['row', 'advisory', 'none']) },
  gcMaxlifetime: { default: 1440, ...wholeNumber(1, 2 ** 31 - 1, 'seconds') },
  firewall: { default: 'main', ...aName },
  userIdentifier: optional(aName.accepts, aName.mustBe),
};

/**
 * Symfony's `PdoSessionHandler`.
 *
 * @throws TypeError that names a wrong option
 */
export function symfony(options: SymfonyOptions = {}): PresetWithLogin {
  const given = readByRules(rules, options, 'symfony()');
  const { version, lock, gcMaxlifetime, firewall } = given as Required<SymfonyOptions>;
  const isOld = isBefore(version, '4.4');
  return {
    name: 'Symfony',
    versions: isOld ? '2.6 to 4.3' : '4.4 to 7',
    store: {
      table: 'sessions',
      columns: { id: 'sess_id', data: 'sess_data', time: isOld ? 'sess_time' : 'sess_lifetime' },
      // Before 4.4 `sess_lifetime` is how long a session lives, not when it ends.
      row: isOld
        ? { insert: { sess_lifetime: gcMaxlifetime } }
        : { insert: { sess_time: now }, update: { sess_time: now } },
      timeMeaning: isOld ? 'lastUsed' : 'expiresAt',
      expireOnRead: true,
      gcMaxlifetime,
      lock: lock === 'advisory' ? symfonyLock : lock,
    },
    session: {
      useStrictMode: true,
      logoutCookies: ['REMEMBERME'],
      idleClock(data, time) {
        const used = timeAt(data, '_sf2_meta', 'u');
        if (used !== undefined && time - used >= 60) data._sf2_meta.u = time;
      },
    },
    login: symfonyLogin({ firewall, userIdentifier: given.userIdentifier }),
  };
}
