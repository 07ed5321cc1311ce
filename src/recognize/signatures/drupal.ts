import { needed, optional, type Signature } from '../signature.ts';

const columns = { uid: 'int', sid: 'key', hostname: 'key', timestamp: 'int', session: 'data' } as const;
const names = { id: 'sid', data: 'session', time: 'timestamp', meaning: 'lastUsed', usualTable: 'sessions' } as const;

/** Drupal 8 and later: an id is stored as its SHA-256 hash (`SessionHandler`). */
export const drupal: Signature = {
  application: 'Drupal',
  preset: 'drupal',
  columns,
  ...names,
  without: ['ssid', 'cache'],
  shownBy: 'columns',
  key: /^[\w-]{43}$/,
  marks: ['_sf2_attributes', '_sf2_meta'],
  read: () => ({
    versions: '8 and later; 10 and 11 were run',
    unknown: [
      needed(
        'host',
        'SITE_HOST',
        "the name of the cookie is a hash of the site's host",
        "the host of the site's address",
      ),
      optional('basePath', 'preset', 'the same', "the path of the site's address, if it is not at the root"),
      optional('secure', 'preset', 'the same', 'false if the address begins with http:'),
      optional('cookieDomain', 'preset', 'the same', 'cookie_domain of session.storage.options in services.yml'),
    ],
  }),
};

/** Drupal 7, which stores ids in another way (`_drupal_session_write()`). */
export const drupal7: Signature = {
  application: 'Drupal',
  columns: { ...columns, ssid: 'key', cache: 'int' },
  ...names,
  shownBy: 'columns',
  marks: [],
  read: () => ({ versions: '7', hasPreset: false, todo: ['There is no preset for Drupal 7'] }),
};
