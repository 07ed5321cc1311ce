import type { PhpOptions } from '../php-ini/options.ts';
import type { OptionValue, OptionValues, Recognition } from './recognition.ts';

/** The defaults of `phpSession()`, for PHP up to 8.5 (`sessionRules`). What is as they say needs no line. */
export const USUAL: OptionValues = {
  name: 'PHPSESSID',
  serializeHandler: 'php',
  cookieLifetime: 0,
  cookiePath: '/',
  cookieDomain: '',
  cookieSecure: false,
  cookieHttponly: false,
  cookiePartitioned: false,
  cookieSamesite: '',
  useOnlyCookies: true,
  useStrictMode: false,
  lazyWrite: true,
  sidLength: 32,
  sidBitsPerCharacter: 4,
  cacheLimiter: 'nocache',
  cacheExpire: 180,
  maxDepth: 4096,
  serializePrecision: -1,
};

/** PHP's side collects already. */
const NOT_OURS = ['gcProbability', 'gcDivisor'];

/** What php.ini says that is not the default of the option. */
export function phpIniPart(php: PhpOptions | undefined): Recognition['phpIni'] {
  if (php === undefined) return { store: {}, session: {} };
  const given = Object.entries(php.session) as [string, OptionValue][];
  // With a phpVersion, other defaults may count: then all of it is said.
  const isUsual = ([name, value]: [string, OptionValue]) =>
    php.session.phpVersion === undefined && value === USUAL[name];
  const { gcMaxlifetime } = php.store;
  return {
    store: gcMaxlifetime === undefined ? {} : { gcMaxlifetime },
    session: Object.fromEntries(given.filter((one) => !isUsual(one) && !NOT_OURS.includes(one[0]))),
  };
}
