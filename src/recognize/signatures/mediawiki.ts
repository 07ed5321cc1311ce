import type { Signature } from '../signature.ts';

/** `objectcache`, in which MediaWiki keeps its sessions beside all else, where `$wgSessionCacheType` is `CACHE_DB` (`SqlBagOStuff`). */
export const mediawiki: Signature = {
  application: 'MediaWiki',
  columns: { keyname: 'key', value: 'data', exptime: 'any' },
  ...{ id: 'keyname', data: 'value', time: 'exptime', meaning: 'expiresAt' },
  table: /objectcache$/,
  usualTable: 'objectcache',
  shownBy: 'columns',
  formats: [], // what is in them is not looked at
  key: /:MWSession:/,
  keyPrefix: (database, table) => {
    const prefix = table.slice(0, -'objectcache'.length);
    return `${database}${prefix === '' ? '' : `-${prefix}`}:MWSession:`;
  },
  marks: [],
  read: ({ rows }) => ({
    hasPreset: false,
    sure: rows.length > 0 ? ['the table has sessions'] : [],
    todo: [
      'There is no preset for MediaWiki',
      ...(rows.length > 0 ? [] : ['No session was seen: $wgSessionCacheType may name another place than the database']),
    ],
  }),
};
