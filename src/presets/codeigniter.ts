import { type OptionRules, readByRules, wholeNumber } from '../option-rules.ts';
import { codeIgniterLock } from '../stores/mysql/locks.ts';
import type { Preset } from './preset.ts';
import { aVersion, isBefore } from './version.ts';

export interface CodeIgniterOptions {
  /** Default `'4.7'`; from `'3.1'` on. */
  version?: string;
  /** `sess_cookie_name` or `cookieName`: the name of the cookie. Default `'ci_session'`. */
  name?: string;
  /** `sess_expiration` or `expiration`, in seconds. Default 7200. 0: until the browser is closed. */
  expiration?: number;
}

const rules: OptionRules<CodeIgniterOptions> = {
  version: { default: '4.7', accepts: (it) => aVersion.accepts(it) && !isBefore(it, '3.1'), mustBe: "'3.1' or later" },
  name: {
    default: 'ci_session',
    accepts: (name) => /^[\w-]+$/.test(name),
    mustBe: 'a name of letters, digits, _ and -',
  },
  expiration: { default: 7200, ...wholeNumber(0, 2 ** 31 - 1, 'seconds') },
};

/**
 * CodeIgniter's `DatabaseHandler`, without its option that ties sessions to an address (`sess_match_ip`, `matchIP`).
 *
 * @throws TypeError that names a wrong option
 */
export function codeIgniter(options: CodeIgniterOptions = {}): Preset {
  const { version, name, expiration } = readByRules(rules, options, 'codeIgniter()') as Required<CodeIgniterOptions>;
  const [isUnprefixed, hasPhpsIds] = [isBefore(version, '4.2.11'), isBefore(version, '4.6')];
  return {
    name: 'CodeIgniter',
    versions: isUnprefixed ? '3.1 to 4.2.10' : hasPhpsIds ? '4.2.11 to 4.5' : '4.6 to 4.7',
    store: {
      table: 'ci_sessions',
      columns: { id: 'id', data: 'data', time: 'timestamp' },
      row: {
        // Before 4.6 an id has at least 160 bits, in as many characters as php.ini makes of them.
        id: hasPhpsIds ? /(?![0-9a-f]{32}$)[0-9A-Za-z,-]{27,128}/ : /[0-9a-f]{32}/,
        ...(!isUnprefixed && { key: (id: string) => `${name}:${id}` }),
        insert: { ip_address: ({ address = '0.0.0.0' }) => address },
      },
      ...(expiration > 0 && { gcMaxlifetime: expiration }),
      lock: codeIgniterLock,
    },
    session: {
      name,
      sidLength: hasPhpsIds ? 40 : 32,
      sidBitsPerCharacter: 4,
      cookieLifetime: expiration,
      cookieHttponly: true,
      cookieSamesite: 'Lax',
      useStrictMode: true,
    },
  };
}
