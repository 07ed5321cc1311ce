import { isObject, isPhpObject, type PhpObject } from '../codec/values.ts';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { arrayAt, at, idAt, secretAt, textAt, unserialized } from '../login/php-values.ts';

export interface SymfonyLogin {
  firewall: string;
  userIdentifier: string | undefined;
}

/**
 * Symfony's logins: a token of the class that the firewall's authenticator makes, serialized in one string (`ContextListener`). It is read as values, and
 * no class is instantiated. Symfony loads the user again at each request, and compares the two (`hasUserChanged()`).
 */
export function symfonyLogin({ firewall, userIdentifier }: SymfonyLogin): LoginRules {
  return {
    claim(session) {
      const user = userOf(unserialized(at(session, '_sf2_attributes', `_security_${firewall}`)));
      if (user === undefined) return undefined;
      const names = userIdentifier === undefined ? ['email', 'username'] : [userIdentifier];
      const name = names.map((property) => textAt(user, property)).find((text) => text !== undefined);
      const password = secretAt(user, 'password');
      return claimOf({
        id: idAt(user, 'id') ?? name,
        name,
        guard: firewall,
        unchecked: ['exists', ...(password === undefined ? [] : (['password'] as const)), 'roles'],
        secret: password,
        // A user whose __serialize() keeps no more than a checksum of it.
        forms: (current) => (password?.length === 8 ? [current, crc32c(current)] : [current]),
      });
    },
    remember(session, path) {
      const attributes = arrayAt(session, '_sf2_attributes');
      if (attributes !== undefined) attributes[`_security.${firewall}.target_path`] = path;
    },
    rememberCookies: ['REMEMBERME'],
  };
}

/**
 * The user in a token. What a class of tokens adds stands before what its parent has: `[firewall, [user, …]]`. `AbstractToken` has four or five values, and
 * the user is the first of them. A token that wraps another one, as that of a second factor that was not passed, has no such user.
 */
function userOf(token: unknown): PhpObject | undefined {
  if (!isObject(token) || !isPhpObject(token)) return undefined;
  const isList = [...token.properties.keys()].every((key, i) => Number(key) === i);
  let state: readonly unknown[] = isList ? [...token.properties.values()] : [];
  for (let depth = 0; depth < 4 && state.length <= 3; depth++) {
    const parent = state.at(-1);
    state = Array.isArray(parent) ? parent : []; // an object would be another token
  }
  const [user, isAuthenticated] = state;
  if ((state.length !== 4 && state.length !== 5) || isAuthenticated === false) return undefined;
  return isObject(user) && isPhpObject(user) ? user : undefined;
}

/** PHP's `hash('crc32c', …)`, of RFC 3720. */
function crc32c(text: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}
