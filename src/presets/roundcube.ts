import { base64 } from '../stores/base64.ts';
import type { Preset } from './preset.ts';

export interface RoundcubeOptions {
  /** Roundcube's version, such as `'1.6.5'`: 1.7 has given its time column another name and another meaning. */
  version: string;
  /** `db_prefix` of Roundcube's configuration. Default none. */
  prefix?: string;
  /** `session_lifetime` of Roundcube's configuration, in minutes. Default 10. */
  sessionLifetime?: number;
}

/**
 * Roundcube with its `session_storage` `db`. The store needs `timeZone` too, unless the database's own zone is UTC: Roundcube writes a DATETIME in the
 * zone of its connection.
 *
 * @throws TypeError for a version that is none
 */
export function roundcube({ version, prefix = '', sessionLifetime = 10 }: RoundcubeOptions): Preset {
  const [, major, minor] = (typeof version === 'string' && /^(\d+)\.(\d+)/.exec(version)) || [];
  if (minor === undefined) throw new TypeError("version must be Roundcube's, such as '1.6.5'");
  const isNew = Number(major) > 1 || Number(minor) >= 7;
  return {
    name: 'Roundcube',
    versions: isNew ? '1.7 and later' : 'up to 1.6',
    store: {
      table: `${prefix}session`,
      columns: { id: 'sess_id', data: 'vars', time: isNew ? 'expires_at' : 'changed' },
      encoding: base64,
      timeMeaning: isNew ? 'expiresAt' : 'lastUsed',
      gcMaxlifetime: sessionLifetime * 60,
      expireOnRead: true,
      lock: 'none',
      row: { insert: { ip: ({ address = '' }) => address } },
    },
    session: {
      name: 'roundcube_sessid',
      cookieHttponly: true,
      logoutCookies: ['roundcube_sessauth'],
      useStrictMode: true,
    },
  };
}
