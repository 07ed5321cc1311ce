import { type OptionRules, readByRules } from '../option-rules.ts';
import type { Preset } from './preset.ts';
import { aVersion, isBefore } from './version.ts';

export interface CakephpOptions {
  /** Default `'5'`; from `'3'` on. */
  version?: string;
}

const rules: OptionRules<CakephpOptions> = {
  version: { default: '5', accepts: (it) => aVersion.accepts(it) && !isBefore(it, '3.0'), mustBe: "'3.0' or later" },
};

/**
 * CakePHP's `DatabaseSession`.
 *
 * @throws TypeError that names a wrong option
 */
export function cakephp(options: CakephpOptions = {}): Preset {
  const { version } = readByRules(rules, options, 'cakephp()') as Required<CakephpOptions>;
  const isOld = isBefore(version, '4.0');
  return {
    name: 'CakePHP',
    versions: isOld ? '3' : '4 and 5',
    store: {
      table: 'sessions',
      columns: { id: 'id', data: 'data', time: 'expires' },
      timeMeaning: 'expiresAt',
      expireOnRead: false,
      lock: 'none',
    },
    session: {
      ...(isOld && { name: 'CAKEPHP' }), // Since 4 it is php.ini's, if the application does not set one.
      cookieHttponly: true,
      useStrictMode: true,
      idleClock(data, time) {
        const config = data.Config;
        if (config && time - config.time >= 60) config.time = time;
      },
    },
  };
}
