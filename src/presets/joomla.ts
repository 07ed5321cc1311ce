import { createHash } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRules } from '../login/login-rules.ts';
import { at, idAt, textAt, timeAt, unserialized } from '../login/php-values.ts';
import type { PresetWithLogin } from './preset.ts';

export interface JoomlaOptions {
  /** `$secret` of Joomla's configuration.php: it is in the cookie's name. */
  secret: string;
  /** `$dbprefix`, such as `'jos_'`. */
  prefix: string;
  /** Whose visitors these are. Default `'Site'`. */
  application?: 'Site' | 'Administrator';
  /** `$session_name`, if configuration.php has it. */
  sessionName?: string;
  /** `$lifetime`, in minutes. Default 15. */
  lifetime?: number;
}

/** Joomla with the session handler `database`. All that Joomla stores is one string: `session.joomla`. */
export function joomla({
  secret,
  prefix,
  application = 'Site',
  sessionName,
  lifetime = 15,
}: JoomlaOptions): PresetWithLogin {
  const seed = sessionName ?? `Joomla\\CMS\\Application\\${application}Application`;
  return {
    name: 'Joomla',
    versions: '4 and 5',
    store: {
      table: `${prefix}session`,
      columns: { id: 'session_id', data: 'data', time: 'time' },
      gcMaxlifetime: lifetime * 60,
      expireOnRead: true,
      lock: 'none',
    },
    session: {
      name: createHash('md5').update(`${secret}${seed}`).digest('hex'),
      cookieHttponly: true,
      useStrictMode: true,
    },
    login: login(lifetime * 60),
    unverified: 'SQL statements of Joomla\\Session\\Handler\\DatabaseHandler',
  };
}

/**
 * `session.user` of Joomla's registry, which is one string: `JoomlaStorage` packs it. An object of users is stored with its id alone, and loads itself again.
 *
 * @param lifetime seconds after which `Session::validate()` ends a session that was not used. Node does not move the time in the string
 */
function login(lifetime: number): LoginRules {
  return {
    claim(session, { time, refused }) {
      const packed = textAt(session, 'joomla');
      const data = packed === undefined ? undefined : at(unserialized(Buffer.from(packed, 'base64')), 'data');
      const id = idAt(data, 'user', 'id');
      if (id === undefined || Number(id) === 0) return undefined;
      const used = timeAt(data, 'session', 'timer', 'now');
      if (used !== undefined && used + lifetime < time) {
        refused?.('age');
        return undefined;
      }
      const passed = at(data, 'com_users', 'mfa_checked');
      return claimOf({
        id,
        name: textAt(data, 'user', 'username'),
        unchecked: passed === 1 ? ['exists'] : ['exists', 'secondFactor'],
      });
    },
  };
}
