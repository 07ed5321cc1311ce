import { base64 } from '../stores/base64.ts';
import { moodleLock } from '../stores/mysql/locks.ts';
import type { Preset } from './preset.ts';

export interface MoodleOptions {
  /** `$CFG->dbname`: it names the lock. */
  dbname: string;
  /** `$CFG->prefix`. Default `'mdl_'`. */
  prefix?: string;
  /** `$CFG->sessioncookie`, which is put after the cookie's name. Default none. */
  sessioncookie?: string;
  /** `$CFG->sessiontimeout`, in seconds. Default 28800. */
  sessiontimeout?: number;
}

/**
 * Moodle with `$CFG->session_handler_class = '\core\session\database'`. Moodle alone makes its sessions, as it ends one whose column `userid` is not
 * that of the user in the data.
 */
export function moodle({
  dbname,
  prefix = 'mdl_',
  sessioncookie = '',
  sessiontimeout = 28_800,
}: MoodleOptions): Preset {
  return {
    name: 'Moodle',
    versions: '3.9 to 4.5',
    store: {
      table: `${prefix}sessions`,
      columns: { id: 'sid', data: 'sessdata', time: 'timemodified' },
      encoding: base64,
      gcMaxlifetime: sessiontimeout,
      expireOnRead: true,
      lock: moodleLock({ dbname, prefix }),
      row: { insert: false },
    },
    session: { name: `MoodleSession${sessioncookie}`, useStrictMode: true },
    unverified: 'SQL statements of core\\session\\database and core\\session\\manager',
  };
}
