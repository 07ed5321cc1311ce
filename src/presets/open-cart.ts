import { json } from '../codec/formats/json.ts';
import type { Preset } from './preset.ts';

export interface OpenCartOptions {
  /** `DB_PREFIX` of OpenCart's config.php. Default `'oc_'`. */
  prefix?: string;
  /** `session_expire` of OpenCart's configuration, in seconds. Default 86400. */
  sessionExpire?: number;
}

/** OpenCart with the session engine `db`. It writes a session again at the end of each of its requests, also one that has just ended. */
export function openCart({ prefix = 'oc_', sessionExpire = 86_400 }: OpenCartOptions = {}): Preset {
  return {
    name: 'OpenCart',
    versions: '4 and 5',
    store: {
      table: `${prefix}session`,
      columns: { id: 'session_id', data: 'data', time: 'expire' },
      timeMeaning: 'expiresAt',
      timeZone: '+00:00',
      gcMaxlifetime: sessionExpire,
      lock: 'none',
      row: { id: /[A-Za-z0-9,-]{22,52}/ },
    },
    session: { name: 'OCSESSID', serializeHandler: json, cookieSamesite: 'Strict', useStrictMode: true },
  };
}
