import { now } from '../stores/mysql/now.ts';
import { rawurlencode } from '../stores/rawurlencode.ts';
import type { Preset } from './preset.ts';

/**
 * ADOdb's `adodb-session2.php` without a filter. The store needs `gcMaxlifetime`, as php.ini has it, and `timeZone`, unless the database's own zone is UTC:
 * ADOdb writes DATETIMEs in the zone of its connection.
 *
 * @param options.table as in `ADOdb_Session::config()`. Default `'sessions2'`
 */
export function adodb({ table = 'sessions2' }: { table?: string } = {}): Preset {
  return {
    name: 'ADOdb',
    versions: '5',
    store: {
      table,
      columns: { id: 'SESSKEY', data: 'SESSDATA', time: 'EXPIRY' },
      encoding: rawurlencode,
      timeMeaning: 'expiresAt',
      lock: 'none',
      row: {
        id: /[A-Za-z0-9,-]{1,64}/,
        insert: { CREATED: now, MODIFIED: now, EXPIREREF: '' },
        update: { MODIFIED: now },
      },
    },
    session: { useStrictMode: true },
  };
}
