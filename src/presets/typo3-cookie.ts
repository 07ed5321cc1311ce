import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { CookieEncoding } from '../session/cookie-encoding.ts';

export interface Typo3Cookie {
  /** `$GLOBALS['TYPO3_CONF_VARS']['SYS']['encryptionKey']`. */
  encryptionKey: string;
  /**
   * For which site the cookie is, as TYPO3 12.4.4 and later write it: its domain and its path, which is `'/'` or TYPO3's folder. `hostOnly` is true
   * unless `cookieDomain` is set in TYPO3. A cookie of another site is none then. Default: cookies of all sites that have the key count, and new ones
   * name no site, which TYPO3 takes, with a notice in its log.
   */
  scope?: { domain: string; path: string; hostOnly?: boolean };
}

/** The one header that there is: nothing in a cookie chooses how it is checked. */
const HEADER = base64url({ typ: 'JWT', alg: 'HS256' });

/**
 * The cookie of TYPO3 12 and later: a JSON Web Token (RFC 7519) with HMAC-SHA-256, whose claim `identifier` is the id (`UserSession::getJwt()`).
 *
 * @throws TypeError for a wrong option, without its value
 */
export function typo3Cookie({ encryptionKey, scope }: Typo3Cookie): CookieEncoding {
  // TYPO3's own is of 96 characters. With none, each visitor could make cookies.
  if (typeof encryptionKey !== 'string' || encryptionKey.length < 16) {
    throw new TypeError("encryptionKey must be that of TYPO3's settings.php");
  }
  if (scope !== undefined && !(isText(scope.domain) && isText(scope.path))) {
    throw new TypeError('scope must have a domain and a path');
  }
  const key = `${createHash('sha256').update(encryptionKey).digest('hex')}/TYPO3\\CMS\\Core\\Session\\UserSession`;
  const mac = (text: string) => createHmac('sha256', key).update(text).digest();
  const written =
    scope === undefined ? null : { domain: scope.domain, hostOnly: scope.hostOnly ?? true, path: scope.path };
  return {
    decode(value) {
      const [header, payload, signature, ...more] = value.split('.');
      if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined;
      const given = Buffer.from(signature, 'base64url');
      const ours = mac(`${header}.${payload}`);
      if (given.length !== ours.length || !timingSafeEqual(given, ours)) return undefined;
      const claims = parse(payload);
      return claims !== undefined && isOurs(claims.scope, scope) && isText(claims.identifier)
        ? claims.identifier
        : undefined;
    },
    encode(id) {
      const time = new Date().toISOString().replace(/\..*/, '+00:00');
      const signed = `${HEADER}.${base64url({ identifier: id, time, scope: written })}`;
      return `${signed}.${mac(signed).toString('base64url')}`;
    },
  };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

type Claims = { readonly identifier?: unknown; readonly scope?: Readonly<Record<string, unknown>> | null };

/** @param payload whose signature was checked */
function parse(payload: string): Claims | undefined {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) ?? undefined;
  } catch {
    return undefined;
  }
}

/** As in TYPO3, a cookie that names no site is for each. */
function isOurs(named: Claims['scope'], scope: Typo3Cookie['scope']): boolean {
  const { domain, path } = named ?? {};
  return scope === undefined || !isText(domain) || !isText(path) || (domain === scope.domain && path === scope.path);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
