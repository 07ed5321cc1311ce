import { createHash, createHmac } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { arrayAt, idAt, secretAt } from '../login/php-values.ts';
import type { LaravelKeys } from './laravel-encrypter.ts';

/** `SessionGuard::getName()` and `getRecallerName()` have the hash of its class. */
const GUARD = createHash('sha1').update('Illuminate\\Auth\\SessionGuard').digest('hex');

/** The cookie by which a guard logs a visitor in again. */
export const recallerOf = (guard: string): string => `remember_${guard}_${GUARD}`;

/**
 * Laravel's logins. A guard loads the user again at each request (`SessionGuard::user()`), and the middleware `auth.session` compares his password with the
 * one of the login (`AuthenticateSession`): its hash, or since 12.45 an HMAC of that.
 */
export function laravelLogin(guards: readonly string[], { key }: Pick<LaravelKeys, 'key'>): LoginRules {
  return {
    claim(session) {
      for (const guard of guards) {
        const id = idAt(session, `login_${guard}_${GUARD}`);
        if (id === undefined) continue;
        const secret = secretAt(session, `password_hash_${guard}`);
        return claimOf({
          id,
          guard,
          unchecked: secret === undefined ? ['exists'] : ['exists', 'password'],
          secret,
          forms: (current) => [hmac(current, typeof key === 'function' ? key() : key), current],
        });
      }
      return undefined;
    },
    remember(session, path) {
      const url = arrayAt(session, 'url');
      if (url !== undefined) url.intended = path;
    },
    rememberCookies: guards.map(recallerOf),
  };
}

/** `SessionGuard::hashPasswordForCookie()`. Its key is the text in the configuration, and not what that decodes to. */
function hmac(password: string, key: string): string {
  return createHmac('sha256', key).update(password).digest('hex');
}
