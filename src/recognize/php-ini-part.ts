import type { PhpOptions } from '../php-ini/options.ts';
import type { OptionValue, OptionValues, Unknown } from './recognition.ts';

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

/** What php.ini says, as far as it can be used. */
export interface PhpIni {
  /** Seconds that `mysqlStore()` takes; `undefined` without php.ini, or if it says something else. */
  readonly gcMaxlifetime: number | undefined;
  /** All options of `phpSession()` that it gives, formats by their name. `undefined` without php.ini. */
  readonly said: OptionValues | undefined;
  /** Whether it names a format that is none of PHP's own: `said` has no `serializeHandler` then. */
  readonly hasOtherFormat: boolean;
  /** With a phpVersion, other defaults may count: then all of it is to be said. */
  readonly isAllSaid: boolean;
  /** What Node cannot follow, in words. */
  readonly todo: readonly string[];
}

export const NO_PHP_INI: PhpIni = {
  ...{ gcMaxlifetime: undefined, said: undefined, hasOtherFormat: false, isAllSaid: false, todo: [] },
};

/** The most seconds that `gcMaxlifetime` takes. */
const MOST_SECONDS = 2 ** 31 - 1;

/** Reads what `optionsFromPhpIni()` gave; what no option can be goes into `todo`. */
export function readPhpIni(php: PhpOptions | undefined): PhpIni {
  if (php === undefined) return NO_PHP_INI;
  const { serializeHandler, ...others } = php.session;
  const { gcMaxlifetime } = php.store;
  const isLifetime = Number.isInteger(gcMaxlifetime) && gcMaxlifetime! > 0 && gcMaxlifetime! <= MOST_SECONDS;
  const findings = php.findings ?? [];
  const format = nameOf(serializeHandler);
  const hasOtherFormat =
    (serializeHandler !== undefined && format === undefined) || findings.some(({ code }) => code === OTHER_FORMAT);
  return {
    gcMaxlifetime: isLifetime ? gcMaxlifetime : undefined,
    said: { ...(others as OptionValues), ...(format !== undefined && !hasOtherFormat && { serializeHandler: format }) },
    hasOtherFormat,
    isAllSaid: php.session.phpVersion !== undefined,
    todo: [
      ...(gcMaxlifetime === undefined || isLifetime
        ? []
        : [
            `php.ini's session.gc_maxlifetime is ${gcMaxlifetime}, which is no gcMaxlifetime: say how long sessions live`,
          ]),
      ...findings
        .filter(({ code, severity }) => severity !== 'info' && code !== OTHER_FORMAT)
        .map(
          ({ setting, servers, message }) =>
            `${[...servers, ...(setting === undefined ? [] : [setting])].join(', ')}: ${message}`,
        ),
    ],
  };
}

const OTHER_FORMAT = 'serialize-handler';

/** Formats of extensions are values that have a name. Those of an application have one too, from which nothing can be imported. */
function nameOf(format: PhpOptions['session']['serializeHandler']): string | undefined {
  if (format === undefined || typeof format === 'string') return format;
  return ['igbinary', 'msgpack'].find((name) => name === format.name);
}

/** What php.ini says that is not the default of the option. */
export function phpIniPart({ said = {}, isAllSaid, gcMaxlifetime }: PhpIni): {
  store: OptionValues;
  session: OptionValues;
} {
  const isSaid = ([name, value]: [string, OptionValue]) =>
    !NOT_OURS.includes(name) && (isAllSaid || value !== USUAL[name]);
  return {
    store: gcMaxlifetime === undefined ? {} : { gcMaxlifetime },
    session: Object.fromEntries(Object.entries(said).filter(isSaid)),
  };
}

/** For a table that does not show the format: php.ini's is not one that it can name. */
export const otherFormat: Unknown = {
  ...{ option: 'serializeHandler', of: 'session', needed: true },
  why: 'no row tells, and php.ini names a format that is none of PHP itself',
  where: "php.ini's session.serialize_handler: igbinary and msgpack have an import of that name",
};
