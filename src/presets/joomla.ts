import { createHash } from 'node:crypto';
import { isPhpObject, serialize } from '../codec/index.ts';
import { claimOf } from '../login/claim.ts';
import type { LoginRules, LoginSession } from '../login/login-rules.ts';
import { at, idAt, textAt, timeAt, unserialized } from '../login/php-values.ts';
import { clockStep } from './clock-step.ts';
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
      idleClock: (session, now) => moveTimer(session, now, lifetime * 60),
    },
    login: login(lifetime * 60),
    unverified: 'SQL statements of Joomla\\Session\\Handler\\DatabaseHandler',
  };
}

/** `JoomlaStorage` packs a registry, which is all of the session, into one string. */
function registryOf(session: LoginSession): unknown {
  const packed = textAt(session, 'joomla');
  return packed === undefined ? undefined : unserialized(Buffer.from(packed, 'base64'));
}

/** `Session::setTimers()`, at most once a minute. A session that Joomla would end stays as it is. */
function moveTimer(session: LoginSession, now: number, lifetime: number): void {
  const registry = registryOf(session);
  const timer = at(registry, 'data', 'session', 'timer');
  const used = timeAt(timer, 'now');
  if (used === undefined || !isPhpObject(timer) || now - used < clockStep(lifetime) || isOver(used, lifetime, now))
    return;
  timer.set('last', used).set('now', now);
  session.joomla = Buffer.from(serialize(registry)).toString('base64');
}

/** `Session::validate()`: whether a session ends that was used then. */
function isOver(used: number, lifetime: number, now: number): boolean {
  return used + lifetime < now;
}

/**
 * `session.user` of Joomla's registry. An object of users is stored with its id alone, and loads itself again.
 *
 * @param lifetime seconds after which Joomla ends a session that was not used
 */
function login(lifetime: number): LoginRules {
  return {
    claim(session, { time, refused }) {
      const data = at(registryOf(session), 'data');
      const id = idAt(data, 'user', 'id');
      if (id === undefined || Number(id) === 0) return undefined;
      const used = timeAt(data, 'session', 'timer', 'now');
      if (used !== undefined && isOver(used, lifetime, time)) {
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
