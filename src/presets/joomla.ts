import { createHash } from 'node:crypto';
import type { Preset } from './preset.ts';

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
export function joomla({ secret, prefix, application = 'Site', sessionName, lifetime = 15 }: JoomlaOptions): Preset {
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
    unverified: 'SQL statements of Joomla\\Session\\Handler\\DatabaseHandler',
  };
}
