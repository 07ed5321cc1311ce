import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { idAt, secretAt, textAt } from '../login/php-values.ts';
import { type OptionRules, optional, readByRules, wholeNumber } from '../option-rules.ts';
import { rawDeflate } from '../stores/raw-deflate.ts';
import type { PresetWithLogin } from './preset.ts';

/** Settings of LocalSettings.php. */
export interface MediaWikiOptions {
  /** `$wgDBname`. */
  dbname: string;
  /** `$wgDBprefix`. Default none. */
  prefix?: string;
  /** `$wgCachePrefix`, if it is set. */
  cachePrefix?: string;
  /** `$wgCookiePrefix`, if it is set. */
  cookiePrefix?: string;
  /** `$wgObjectCacheSessionExpiry`, in seconds. Default 3600. */
  expiry?: number;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const rules: OptionRules<MediaWikiOptions> = {
  dbname: { accepts: isText, mustBe: '$wgDBname' },
  prefix: { default: '', accepts: (value) => typeof value === 'string', mustBe: '$wgDBprefix' },
  cachePrefix: optional(isText, '$wgCachePrefix'),
  cookiePrefix: optional(isText, '$wgCookiePrefix'),
  expiry: { default: 3600, ...wholeNumber(1, 2 ** 31 - 1, 'seconds') },
};

/**
 * MediaWiki with its sessions in the table `objectcache` (`$wgSessionCacheType` is `CACHE_DB`, or there is no other cache). What MediaWiki's
 * code calls the session is `session.data`. MediaWiki alone makes its sessions, as they say whose they are.
 *
 * @throws TypeError that names a wrong option
 */
export function mediaWiki(options: MediaWikiOptions): PresetWithLogin {
  const { dbname, prefix, cachePrefix, expiry, ...given } = readByRules(rules, options, 'mediaWiki()');
  // SetupDynamicConfig.php
  const cookies = (given.cookiePrefix ?? (prefix === '' ? dbname : `${dbname}_${prefix}`)).replace(
    /[=,; +."'\\[]/g,
    '_',
  );
  const keyspace = cachePrefix ?? [dbname, ...(prefix === '' ? [] : [prefix!])].map(domainPart).join('-');
  return {
    name: 'MediaWiki',
    versions: '1.36 to 1.39',
    store: {
      table: `${prefix}objectcache`,
      columns: { id: 'keyname', data: 'value', time: 'exptime' },
      encoding: rawDeflate,
      timeMeaning: 'expiresAt',
      gcMaxlifetime: expiry!,
      expireOnRead: true,
      lock: 'none',
      row: {
        id: /[\w-]{32,128}/,
        key: (id) => `${keyspace.replaceAll(' ', '_')}:MWSession:${id}`,
        insert: false,
      },
    },
    session: {
      name: `${cookies}_session`,
      cookieHttponly: true,
      serializeHandler: 'php_serialize',
      sidLength: 32,
      sidBitsPerCharacter: 5,
      useStrictMode: true,
      logoutCookies: [`${cookies}UserID`, `${cookies}Token`],
    },
    login: loginOf(cookies),
  };
}

/** `CookieSessionProvider::provideSessionInfo()` and `SessionManager::loadSessionInfoFromStore()`. */
function loginOf(cookies: string): LoginRules {
  return {
    claim(session, { cookie, refused, isNobody = false }) {
      const id = idAt(session, 'metadata', 'userId');
      if (id === undefined || id === 0) return undefined;
      if (!isNobody && cookie(`${cookies}UserID`) !== String(id)) {
        refused?.('cookie');
        return undefined;
      }
      return claimOf({
        id,
        name: textAt(session, 'metadata', 'userName'),
        unchecked: ['exists', 'enabled', 'authKey'],
        secret: secretAt(session, 'metadata', 'userToken'),
      });
    },
    rememberCookies: [`${cookies}Token`],
  };
}

/** `DatabaseDomain::encode()` */
const domainPart = (part: string) => part.replaceAll('?', '??').replaceAll('-', '?h');
