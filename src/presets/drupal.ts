import { createHash } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { idAt } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';

export interface DrupalSite {
  /** The host of Drupal's address, without a port: `'www.example.com'`. */
  host: string;
  /** The path of Drupal's address, without a slash at its end: `'/shop'`. Default `''`. */
  basePath?: string;
  /** Whether the address begins with `https:`. Each of the two has a session of its own. Default true. */
  secure?: boolean;
  /** `cookie_domain` of `session.storage.options` in Drupal's services.yml. Default: made of `host`, as Drupal does. */
  cookieDomain?: string;
  /** `name_suffix` of `session.storage.options`. Default `''`. */
  nameSuffix?: string;
}

/** Drupal with its own table. */
export function drupal(site: DrupalSite): PresetWithLogin {
  const domain = site.cookieDomain ?? `.${site.host}`;
  return {
    name: 'Drupal',
    versions: '10 and 11',
    store: {
      table: 'sessions',
      columns: { id: 'sid', data: 'session', time: 'timestamp' },
      lock: 'none',
      row: {
        id: /[\w,-]{1,128}/,
        key: hash,
        insert: { uid: 0, hostname: ({ address = '' }) => address },
        read: ['uid'],
      },
    },
    session: {
      name: drupalCookieName(site),
      cookieDomain: /\..*\./.test(domain) && !/^[\d.]*$/.test(domain) ? domain : '',
      cookieSecure: site.secure ?? true,
      cookieHttponly: true,
      cookieSamesite: 'Lax',
      cookieLifetime: 2_000_000,
      useStrictMode: true,
    },
    login,
  };
}

/** The name of Drupal's session cookie: `SSESS` for https and `SESS` for http, and a hash of the address (`SessionConfiguration`). */
export function drupalCookieName(site: DrupalSite): string {
  const { host, basePath = '', secure = true, cookieDomain, nameSuffix = '' } = site;
  const named = cookieDomain ?? `${host}${basePath}${nameSuffix}`.replace(/\/core$/, '');
  return `${secure ? 'SSESS' : 'SESS'}${createHash('sha256').update(named).digest('hex').slice(0, 32)}`;
}

const hash = (id: string): string => createHash('sha256').update(id).digest('base64url');

/**
 * Drupal's provider of authentication `cookie` (`Drupal\user\Authentication\Provider\Cookie`). By the column `uid` Drupal ends the sessions of a user,
 * when his password changes, or when he is blocked: a session under another one could not be ended.
 */
const login: LoginRules = {
  claim(session, { columns, refused }) {
    const id = idAt(session, '_sf2_attributes', 'uid');
    if (id === undefined || Number(id) === 0) return undefined;
    if (String(columns.uid) !== String(id)) {
      refused?.('row');
      return undefined;
    }
    return claimOf({ id, unchecked: ['exists', 'enabled'] });
  },
  returnParameter: 'destination',
};
