import type { PhpVersion } from '../codec/index.ts';
import type { OptionRule } from '../option-rules.ts';
import { type SessionOptions, sessionRules } from '../session/options.ts';
import { finding, type PhpFinding, type PhpSeverity, sorted } from './finding.ts';
import { defaultsOf, type PhpSettings } from './settings.ts';

/** What a session needs to be as PHP's. */
export type PhpSessionOptions = Partial<Omit<SessionOptions, 'store' | 'mode'>>;

/** The options that PHP's settings are, and what cannot be one. */
export interface PhpOptions {
  /** For `phpSession()`: `phpSession({ store, ...session })`. */
  readonly session: PhpSessionOptions;
  /** For `mysqlStore()` and `memoryStore()`: `mysqlStore({ connection, ...store })`. */
  readonly store: { readonly gcMaxlifetime?: number };
  /** What Node cannot follow, or PHP itself cannot; errors first. Nothing else is left out. */
  readonly findings: readonly PhpFinding[];
}

type Name = keyof typeof sessionRules;
type Value = boolean | number | string;

/** The options that are settings of php.ini, by the setting. */
const optionNames = new Map(
  (Object.entries(sessionRules) as [Name, OptionRule<unknown, SessionOptions>][]).flatMap(([name, { ini }]) =>
    ini === undefined ? [] : [[ini, name] as const],
  ),
);
const flags: ReadonlySet<Name> = new Set<Name>([
  'cookieSecure',
  'cookieHttponly',
  'cookiePartitioned',
  'useOnlyCookies',
  'useStrictMode',
  'lazyWrite',
]);
const texts: ReadonlySet<Name> = new Set<Name>([
  'name',
  'serializeHandler',
  'cookiePath',
  'cookieDomain',
  'cookieSamesite',
  'cacheLimiter',
]);

/** Settings that no option has, and that matter as soon as they are not as they are here. */
const unfollowed: readonly {
  setting: string;
  code: PhpFinding['code'];
  severity: PhpSeverity;
  isHarmless: (value: string) => boolean;
  message: string;
}[] = [
  {
    setting: 'session.save_handler',
    code: 'save-handler',
    severity: 'warning',
    // An application sets the handler of a database itself, and `files` is what php.ini says then.
    isHarmless: (value) => ['files', 'user', ''].includes(value.toLowerCase()),
    message:
      'PHP keeps its sessions elsewhere, unless the application sets a handler of its own: a store must read the same place',
  },
  {
    setting: 'session.auto_start',
    code: 'auto-start',
    severity: 'warning',
    isHarmless: isOff,
    message: 'PHP starts a session before the application can set the save handler of the shared table',
  },
  {
    setting: 'session.use_cookies',
    code: 'use-cookies',
    severity: 'error',
    isHarmless: (value) => !isOff(value),
    message: 'PHP sends and reads no cookies: its visitors have no session in Node',
  },
  {
    setting: 'session.use_trans_sid',
    code: 'trans-sid',
    severity: 'warning',
    isHarmless: isOff,
    message: 'PHP writes ids into the links of its pages; in Node the application does so, with phpSession.url()',
  },
  {
    setting: 'session.referer_check',
    code: 'referer-check',
    severity: 'warning',
    isHarmless: (value) => value === '',
    message: 'PHP refuses ids from links of other sites; Node does not look at the Referer',
  },
  {
    setting: 'session.upload_progress.enabled',
    code: 'upload-progress',
    severity: 'info',
    isHarmless: isOff,
    message:
      'PHP counts uploads in the session while they arrive, before the application sets the handler of the table. Node counts none',
  },
];

/** What `phpSession()` and a store get from the settings of PHP's side. */
export function optionsOf({ values, findings: before }: PhpSettings, phpVersion: PhpVersion | undefined): PhpOptions {
  const defaults = defaultsOf(phpVersion ?? '8.5');
  const found: PhpFinding[] = [...before];
  const session: Partial<Record<Name, Value>> = phpVersion === undefined ? {} : { phpVersion };
  for (const [setting, name] of optionNames) {
    const said = values.get(setting);
    if (said === undefined && defaults[setting] === undefined) continue;
    const usual = defaults[setting] === undefined ? undefined : valueIn(name, defaults[setting]);
    const value = said === undefined ? usual : valueIn(name, said.value);
    const rule = sessionRules[name] as OptionRule<unknown, SessionOptions>;
    const isGood = name === 'serializePrecision' ? value === -1 || value === 17 : rule.accepts(value);
    if (isGood) session[name] = value!;
    else {
      if (usual !== undefined) session[name] = usual;
      found.push(refused(setting, name, said!));
    }
  }
  const depth = whole(values.get('unserialize_max_depth')?.value ?? defaults.unserialize_max_depth!);
  if (depth > 0) session.maxDepth = depth;
  if (session.useOnlyCookies === false && session.useStrictMode === false) {
    session.useOnlyCookies = true;
    const { where } = values.get('session.use_only_cookies')!;
    const message =
      'PHP takes any id from a link. Node does so with session.use_strict_mode only: it takes ids from cookies';
    found.push(finding('use-only-cookies', 'warning', 'session.use_only_cookies', where, message));
  }
  for (const { setting, code, severity, isHarmless, message } of unfollowed) {
    const said = values.get(setting);
    if (said !== undefined && !isHarmless(said.value))
      found.push(finding(code, severity, setting, said.where, message));
  }
  const lifetime = whole(values.get('session.gc_maxlifetime')?.value ?? defaults['session.gc_maxlifetime']!);
  return {
    session: session as object as PhpSessionOptions,
    store: { gcMaxlifetime: lifetime },
    findings: sorted(found),
  };
}

function refused(setting: string, name: Name, { where }: { where: string }): PhpFinding {
  if (name === 'serializeHandler') {
    const message =
      'no format of PHP with this name is known here: give serializeHandler a value that reads and writes it';
    return finding('serialize-handler', 'error', setting, where, message);
  }
  const { mustBe } = sessionRules[name];
  return finding(
    'value-refused',
    'warning',
    setting,
    where,
    `the option ${name} must be ${mustBe || '-1 or 17'}: PHP's default is used`,
  );
}

function valueIn(name: Name, text: string): Value {
  if (flags.has(name)) return !isOff(text);
  if (!texts.has(name)) return whole(text);
  if (name === 'cookieSamesite')
    return ['Lax', 'Strict', 'None'].find((one) => one.toLowerCase() === text.toLowerCase()) ?? text;
  if (name !== 'cacheLimiter') return text;
  // PHP sends no headers for a name that it does not know.
  const limiter = text.toLowerCase();
  return ['nocache', 'public', 'private', 'private_no_expire'].includes(limiter) ? limiter : '';
}

/** php-src: `zend_ini_parse_bool`. */
function isOff(text: string): boolean {
  return !/^(true|yes|on)$/i.test(text) && whole(text) === 0;
}

/** php-src: `zend_ini_parse_quantity`, in whole numbers. */
function whole(text: string): number {
  const [, number = '0', unit = ''] =
    /^\s*([+-]?\d+)\s*(?:.*?([kmg]))?\s*$/is.exec(text) ?? /^\s*([+-]?\d+)/.exec(text) ?? [];
  return Number(number) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase());
}
