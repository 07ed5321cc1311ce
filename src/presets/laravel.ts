import { json } from '../codec/formats/json.ts';
import { flag, isOptions, type OptionRules, oneOf, readByRules, wholeNumber } from '../option-rules.ts';
import { base64 } from '../stores/base64.ts';
import { type LaravelLockOptions, laravelLock, laravelLockRules, type TableLock } from '../stores/mysql/locks.ts';
import { laravelClasses } from './laravel-classes.ts';
import { laravelCookie } from './laravel-cookie.ts';
import { laravelEncrypted } from './laravel-encrypted.ts';
import type { LaravelKeys } from './laravel-encrypter.ts';
import { laravelLogin, recallerOf } from './laravel-login.ts';
import { mergeMessages } from './laravel-messages.ts';
import type { PresetWithLogin } from './preset.ts';
import { aVersion, isBefore } from './version.ts';

export interface LaravelOptions extends LaravelKeys {
  /** Default `'13'`. */
  version?: string;
  /**
   * `SESSION_COOKIE`: the name that the browser shows. It is made of `APP_NAME`, which is Laravel here: default `'laravel_session'` before
   * version 12, and then `'laravel-session'`, as in its skeleton. (Without a config/session.php 12 and 13 have `'laravel_session'`.)
   */
  name?: string;
  /** `SESSION_LIFETIME`, in minutes. Default 120. */
  lifetime?: number;
  /** `SESSION_EXPIRE_ON_CLOSE`. Default false. */
  expireOnClose?: boolean;
  /** `serialization` of config/session.php. Default `'php'`. */
  serialization?: 'php' | 'json';
  /** `SESSION_ENCRYPT`. Default false. */
  encrypt?: boolean;
  /** The names of the session guards of config/auth.php; who is logged in is asked in this order. Default `['web']`. */
  guards?: readonly string[];
  /**
   * For an application whose routes have `block()` (or `block` in config/session.php) and whose cache is `database`: pages of Node take the
   * same lock. True, or what is not by default in `cache_locks`. Default false: Laravel takes no lock. Its `prefix` is by default
   * `'laravel_cache_'` before version 12, and then `'laravel-cache-'`, as in its skeleton without `APP_NAME` and `CACHE_PREFIX`.
   */
  block?: boolean | Partial<LaravelLockOptions>;
}

const hasKeys = { accepts: () => true, mustBe: '' }; // laravelCookie() checks them
const rules: OptionRules<LaravelOptions> = {
  key: hasKeys,
  previousKeys: { default: [], ...hasKeys },
  cipher: { default: 'AES-256-CBC', ...hasKeys },
  version: { default: '13', ...aVersion },
  name: {
    defaultFor: ({ version = '13' }) => (isBefore(version, '12') ? 'laravel_session' : 'laravel-session'),
    accepts: (name) => typeof name === 'string' && name !== '',
    mustBe: 'the name of the cookie',
  },
  lifetime: { default: 120, ...wholeNumber(1, 2 ** 24, 'minutes') },
  expireOnClose: { default: false, ...flag },
  serialization: { default: 'php', ...oneOf(['php', 'json']) },
  encrypt: { default: false, ...flag },
  guards: {
    default: ['web'],
    accepts: (guards) => Array.isArray(guards) && guards.every((guard) => typeof guard === 'string'),
    mustBe: 'a list of names',
  },
  block: {
    default: false,
    accepts: (block) => typeof block === 'boolean' || isOptions(block),
    mustBe: 'true, false or an object with prefix, table and hold',
  },
};

/**
 * Laravel's driver `database`.
 *
 * @throws TypeError that names a wrong option, without its value; where a key is a function, when it is called
 */
export function laravel(options: LaravelOptions): PresetWithLogin {
  const given = readByRules(rules, options, 'laravel()') as Required<LaravelOptions>;
  const { version, name, lifetime, expireOnClose, serialization, encrypt, guards, block } = given;
  const gcMaxlifetime = 60 * lifetime;
  return {
    name: 'Laravel',
    versions: '8 to 13',
    store: {
      table: 'sessions',
      columns: { id: 'id', data: 'payload', time: 'last_activity' },
      row: {
        id: /[A-Za-z0-9]{40}/,
        insert: { ip_address: ({ address }) => address, user_agent: ({ userAgent }) => userAgent?.slice(0, 500) },
      },
      encoding: encrypt ? laravelEncrypted(given) : base64,
      expireOnRead: true,
      gcMaxlifetime,
      lock: block === false ? 'none' : blockLock(block === true ? {} : block, version),
    },
    session: {
      name,
      cookieEncoding: laravelCookie(given),
      cookieLifetime: expireOnClose ? 0 : gcMaxlifetime,
      cookieHttponly: true,
      cookieSamesite: 'Lax',
      serializeHandler: serialization === 'json' ? json : 'php_serialize',
      ...(serialization === 'php' && { classes: laravelClasses }),
      sidLength: 40,
      sidBitsPerCharacter: 5,
      useStrictMode: true,
      onConflict: mergeMessages,
      logoutCookies: guards.map(recallerOf),
    },
    login: laravelLogin(guards, given),
  };
}

/** @throws TypeError that names the option */
function blockLock(block: Partial<LaravelLockOptions>, version: string): TableLock {
  const prefix = isBefore(version, '12') ? 'laravel_cache_' : 'laravel-cache-';
  const rules = { ...laravelLockRules, prefix: { ...laravelLockRules.prefix, default: prefix } };
  return laravelLock(readByRules<LaravelLockOptions>(rules, block as LaravelLockOptions, 'block of laravel()'));
}
