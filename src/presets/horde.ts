import type { Preset } from './preset.ts';

/**
 * Horde with `$conf['sessionhandler']['type'] = 'Sql'`. Nothing moves `_b`, by which Horde ends a session after `max_time`: it is when the session
 * began.
 *
 * @param options.name `$conf['session']['name']`. Default `'Horde'`
 */
export function horde({ name = 'Horde' }: { name?: string } = {}): Preset {
  return {
    name: 'Horde',
    versions: '5 and 6',
    store: {
      table: 'horde_sessionhandler',
      columns: { id: 'session_id', data: 'session_data', time: 'session_lastmodified' },
      lock: 'none',
    },
    session: { name, cookieHttponly: true, logoutCookies: ['horde_secret_key'], useStrictMode: true },
    unverified: "for Horde 6: SQL statements of Horde's SqlBackend. Horde 5 was run",
  };
}
