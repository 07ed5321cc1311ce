import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, textAt, timeAt } from '../login/php-values.ts';
import { base64 } from '../stores/base64.ts';
import { moodleLock } from '../stores/mysql/locks.ts';
import type { PresetWithLogin } from './preset.ts';

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
}: MoodleOptions): PresetWithLogin {
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
      row: { insert: false, read: ['userid'] },
    },
    session: { name: `MoodleSession${sessioncookie}`, useStrictMode: true },
    login,
    unverified: 'SQL statements of core\\session\\database and core\\session\\manager',
  };
}

/**
 * `$_SESSION['USER']` of `core\session\manager`. Moodle does not load the user again: it deletes his sessions by the column `userid`. So that has to be his,
 * or that of the administrator who has logged in as him. The user `guest` is one too.
 */
const login: LoginRules = {
  claim(session, { columns, refused }) {
    const user = at(session, 'USER');
    const id = idAt(user, 'id');
    if (id === undefined || Number(id) === 0) return undefined;
    if (String(columns.userid) !== String(idAt(user, 'realuser') ?? id)) {
      refused?.('row');
      return undefined;
    }
    const since = timeAt(user, 'currentlogin');
    return claimOf({ id, name: textAt(user, 'username'), since, unchecked: ['address', 'secondFactor'] });
  },
};
