import { base64 } from '../stores/base64.ts';
import type { Preset } from './preset.ts';

/**
 * Magento 2 with `session` `save` `db` in `app/etc/env.php`.
 *
 * @param options.prefix `table_prefix` of `env.php`. Default none
 */
export function magento({ prefix = '' }: { prefix?: string } = {}): Preset {
  return {
    name: 'Magento',
    versions: '2.4',
    store: {
      table: `${prefix}session`,
      columns: { id: 'session_id', data: 'session_data', time: 'session_expires' }, // which is when it was last used
      encoding: base64,
      lock: 'none',
    },
    session: { name: 'PHPSESSID', cookieHttponly: true, useStrictMode: true },
    unverified: 'SQL statements of Magento\\Framework\\Session\\SaveHandler\\DbTable',
  };
}
