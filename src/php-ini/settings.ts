import type { PhpVersion } from '../codec/index.ts';
import { finding, type PhpFinding } from './finding.ts';
import { parseIni } from './parse-ini.ts';

/** A setting, and the file or address that it comes from. */
export interface Setting {
  readonly value: string;
  readonly where: string;
}

/** The settings of PHP's side by their names, as far as something sets them. */
export interface PhpSettings {
  readonly values: ReadonlyMap<string, Setting>;
  /** The values of all settings that were read, also of those that are none of sessions. */
  readonly all: ReadonlyMap<string, string>;
  /** What a pool of FPM says of itself: `pm.max_children`. */
  readonly pool: ReadonlyMap<string, string>;
  readonly findings: readonly PhpFinding[];
}

/** What PHP has without a php.ini (php-src: ext/session/session.c). */
export function defaultsOf(phpVersion: PhpVersion): Readonly<Record<string, string>> {
  const is86 = phpVersion >= '8.6';
  return {
    'session.auto_start': '0',
    'session.cache_expire': '180',
    'session.cache_limiter': 'nocache',
    'session.cookie_domain': '',
    'session.cookie_httponly': is86 ? '1' : '0',
    'session.cookie_lifetime': '0',
    'session.cookie_partitioned': '0',
    'session.cookie_path': '/',
    'session.cookie_samesite': is86 ? 'Lax' : '',
    'session.cookie_secure': '0',
    'session.gc_divisor': '100',
    'session.gc_maxlifetime': '1440',
    'session.gc_probability': '1',
    'session.lazy_write': '1',
    'session.name': 'PHPSESSID',
    'session.referer_check': '',
    'session.save_handler': 'files',
    'session.serialize_handler': 'php',
    'session.sid_bits_per_character': '4',
    'session.sid_length': '32',
    'session.use_cookies': '1',
    'session.use_only_cookies': '1',
    'session.use_strict_mode': is86 ? '1' : '0',
    'session.use_trans_sid': '0',
    serialize_precision: '-1',
    unserialize_max_depth: '4096',
  };
}

/** Whether it is one of those that this package reads. */
function isOurs(name: string): boolean {
  return /^session\.|^(serialize_precision|unserialize_max_depth)$/.test(name);
}

/** Puts files and texts on each other, as PHP does: what is read later counts. */
export class SettingsReader {
  readonly values: Map<string, Setting> = new Map();
  readonly findings: PhpFinding[] = [];
  /** Also for `${NAME}`. */
  readonly all: Map<string, string> = new Map();
  /** No setting of PHP, so `${NAME}` never means one of these. */
  readonly pool: Map<string, string> = new Map();
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  /** The text of a php.ini, or of a `.user.ini`. */
  readIni(text: string, where: string): void {
    const { entries, errorAt } = parseIni(text, (name) => this.all.get(name) ?? this.#env[name]);
    let special: string | undefined;
    for (const { key, offset, value, section, constant } of entries) {
      if (offset !== undefined) continue; // `key[]` is a list, which no setting of sessions is
      // All that comes after such a section in the file is its own, other sections too.
      if (/^(PATH|HOST)=/i.test(section ?? '')) special = section;
      if (special === undefined) this.#set(key, value, where, constant);
      else if (isOurs(key)) this.#skipped(key, special, where);
    }
    this.#stopped(errorAt, where);
  }

  /**
   * The file of an FPM pool: `php_value[…]` and `php_flag[…]`, and those with `admin`.
   *
   * @param admin whether those with `admin` are read, which no `.user.ini` can change, or the others
   * @throws TypeError if it is not clear which pool is meant
   */
  readPool(text: string, where: string, name: string | undefined, admin: boolean): void {
    const { entries, errorAt } = parseIni(text, (variable) => this.all.get(variable) ?? this.#env[variable]);
    const pools = new Set(
      entries.map(({ section }) => section).filter((pool) => pool !== undefined && pool !== 'global'),
    );
    if (name === undefined && pools.size > 1) throw new TypeError(`${where} has more than one pool: give poolName`);
    if (name !== undefined && !pools.has(name)) throw new TypeError(`${where} has no pool with the name in poolName`);
    for (const { key, offset, value, section, constant } of entries) {
      if (name !== undefined && section !== name) continue;
      if (offset === undefined) {
        this.pool.set(key, value);
        continue;
      }
      const [, isAdmin] = /^php_(admin_)?(?:value|flag)$/.exec(key) ?? [null, null];
      if (isAdmin === null || (isAdmin !== undefined) !== admin) continue;
      this.#set(offset, value.replaceAll('$pool', section ?? ''), where, constant);
    }
    if (admin) this.#stopped(errorAt, where);
  }

  #set(name: string, value: string, where: string, constant: string | undefined): void {
    this.all.set(name, value);
    if (!isOurs(name)) return;
    this.values.set(name, { value, where });
    if (constant === undefined) return;
    const message = `${constant} may be a constant of PHP, whose value is not known here: it is read as text`;
    this.findings.push(finding('ini-constant', 'warning', name, where, message));
  }

  #skipped(name: string, section: string, where: string): void {
    const message = `it is set in [${section}], which is for some scripts only: give the options of those by hand`;
    this.findings.push(finding('ini-section', 'warning', name, where, message));
  }

  #stopped(line: number | undefined, where: string): void {
    if (line === undefined) return;
    const message = `PHP cannot read line ${line}, and ignores what comes after it`;
    this.findings.push(finding('ini-syntax', 'error', undefined, where, message));
  }
}

/**
 * What `json_encode(ini_get_all('session'))` gave, or `ini_get_all()` of everything, with or without details.
 *
 * @throws TypeError if it is something else
 */
export function settingsOfJson(json: unknown, where: string): PhpSettings {
  const values = new Map<string, Setting>();
  const all = new Map<string, string>();
  const given = typeof json === 'string' ? parsed(json, where) : json;
  for (const [name, said] of Object.entries(given ?? {})) {
    const value = typeof said === 'object' && said !== null ? (said as { local_value?: unknown }).local_value : said;
    const text = String(value ?? '');
    all.set(name, text);
    if (!isOurs(name)) continue;
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) throw notSettings(where);
    values.set(name, { value: text, where });
  }
  if (!values.has('session.name')) throw notSettings(where);
  return { values, all, pool: new Map(), findings: [] };
}

function parsed(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw notSettings(where);
  }
}

function notSettings(where: string): TypeError {
  return new TypeError(`${where} is not what json_encode(ini_get_all('session')) prints`);
}
