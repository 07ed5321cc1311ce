import { rawDeflate } from '../../stores/raw-deflate.ts';
import { type Answer, optional, type Seen, type Signature } from '../signature.ts';

const TABLE = 'objectcache';

/** `objectcache`, in which MediaWiki keeps its sessions beside all else, where `$wgSessionCacheType` is `CACHE_DB` (`SqlBagOStuff`). */
export const mediawiki: Signature = {
  application: 'MediaWiki',
  preset: 'mediaWiki',
  columns: { keyname: 'key', value: 'data', exptime: 'any' },
  ...{ id: 'keyname', data: 'value', time: 'exptime', meaning: 'expiresAt' },
  table: /objectcache$/,
  usualTable: TABLE,
  prefix: 'prefix',
  shownBy: 'columns',
  encoding: rawDeflate,
  formats: ['php_serialize'],
  setsFormat: true,
  key: /:MWSession:/,
  // `DatabaseDomain::encode()` of the name and the prefix.
  keyPrefix: (database, table) => {
    const prefix = table.slice(0, -TABLE.length);
    const parts = [database, ...(prefix === '' ? [] : [prefix])];
    return `${parts.map((part) => part.replaceAll('?', '??').replaceAll('-', '?h')).join('-')}:MWSession:`;
  },
  marks: ['metadata'],
  read,
};

function read({ database, rows }: Seen): Answer {
  const settings = 'LocalSettings.php';
  return {
    versions: '1.36 to 1.39 were run',
    options: { dbname: database },
    sure: rows.length > 0 ? ['the table has sessions'] : [],
    unknown: [
      optional('cachePrefix', 'preset', 'no key tells that there is none', `$wgCachePrefix, if ${settings} sets it`),
      optional(
        'cookiePrefix',
        'preset',
        'the name of the cookie is in no row',
        `$wgCookiePrefix, if ${settings} sets it`,
      ),
      optional('expiry', 'preset', 'a row has only its end', '$wgObjectCacheSessionExpiry, in seconds'),
    ],
    todo:
      rows.length > 0
        ? []
        : ['No session was seen: $wgSessionCacheType or $wgCachePrefix may name another place than these keys'],
  };
}
