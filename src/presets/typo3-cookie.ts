import { createHash, createHmac } from 'node:crypto';
import { isEqual } from '../login/same-secret.ts';
import type { CookieEncoding } from '../session/cookie-encoding.ts';

export interface Typo3Cookie {
  /** `$GLOBALS['TYPO3_CONF_VARS']['SYS']['encryptionKey']`. */
  encryptionKey: string;
  /**
   * For which site cookies are. All sites of a TYPO3 have one key, so a cookie of another site would count too (CVE-2023-47127). `'any'` allows that: new
   * cookies name no site then, which TYPO3 takes, with a notice in its log.
   */
  scope: Typo3Scope | 'any';
}

/** As TYPO3 writes it. */
export interface Typo3Scope {
  /** The host, without a port; or `cookieDomain` of TYPO3's configuration. */
  domain: string;
  /** TYPO3's folder, such as `'/cms/'`; `'/'` if it has `cookieDomain`. Default `'/'`. */
  path?: string;
  /** False if TYPO3 has `cookieDomain`. Default true. */
  hostOnly?: boolean;
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
  const site = scope === 'any' ? undefined : readScope(scope);
  const key = `${createHash('sha256').update(encryptionKey).digest('hex')}/TYPO3\\CMS\\Core\\Session\\UserSession`;
  const mac = (text: string) => createHmac('sha256', key).update(text).digest();
  return {
    decode(value) {
      const [header, payload, signature, ...more] = value.split('.');
      if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined;
      if (!isEqual(mac(`${header}.${payload}`), Buffer.from(signature, 'base64url'))) return undefined;
      const claims = parse(payload);
      return claims !== undefined && isOurs(claims.scope, site) && isText(claims.identifier)
        ? claims.identifier
        : undefined;
    },
    encode(id) {
      const time = new Date().toISOString().replace(/\..*/, '+00:00');
      const signed = `${HEADER}.${base64url({ identifier: id, time, scope: site ?? null })}`;
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

/** @throws TypeError */
function readScope(scope: Typo3Scope): Required<Typo3Scope> {
  const { domain, path = '/', hostOnly = true } = scope ?? {};
  if (isText(domain) && isText(path)) return { domain, hostOnly, path };
  throw new TypeError("scope must be the site's, such as { domain: 'www.example.com' }, or 'any'");
}

/** As in TYPO3, a cookie that names no site is for each. */
function isOurs(named: Claims['scope'], site: Required<Typo3Scope> | undefined): boolean {
  const { domain, path } = named ?? {};
  return site === undefined || !isText(domain) || !isText(path) || (domain === site.domain && path === site.path);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
