import { createHash } from 'node:crypto';
import type { Preset } from './preset.ts';

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
export function drupal(site: DrupalSite): Preset {
  const domain = site.cookieDomain ?? `.${site.host}`;
  return {
    name: 'Drupal',
    versions: '10 and 11',
    store: {
      table: 'sessions',
      columns: { id: 'sid', data: 'session', time: 'timestamp' },
      lock: 'none',
      row: { id: /[\w,-]{1,128}/, key: hash, insert: { uid: 0, hostname: ({ address = '' }) => address } },
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
  };
}

/** The name of Drupal's session cookie: `SSESS` for https and `SESS` for http, and a hash of the address (`SessionConfiguration`). */
export function drupalCookieName(site: DrupalSite): string {
  const { host, basePath = '', secure = true, cookieDomain, nameSuffix = '' } = site;
  const named = cookieDomain ?? `${host}${basePath}${nameSuffix}`.replace(/\/core$/, '');
  return `${secure ? 'SSESS' : 'SESS'}${createHash('sha256').update(named).digest('hex').slice(0, 32)}`;
}

const hash = (id: string): string => createHash('sha256').update(id).digest('base64url');
