import { randomBytes, timingSafeEqual } from 'node:crypto';
import { isObject, isPhpArray, PhpFloat } from '../codec/values.ts';
import { PhpSessionError } from '../errors.ts';
import type { HordeCipher } from './cipher.ts';
import { readPack, writePack } from './pack.ts';
import { isExisting, isMap, ownValue, put, type Variables } from './variables.ts';

/** Names of Horde_Session's own variables, which are no applications. */
const internal: readonly string[] = ['_b', '_e', '_m', '_p', '_r'];
const ENCRYPTED = '_e';
const PRUNE = '_p';
/** Where Horde 6 has the salt of its key, or the key. */
const SECRET = '_secret';
const TOKEN = 'session_token';

const encoder = new TextEncoder();

/**
 * The values of a Horde session, in the encoding of Horde_Session: scalars as they are, strings after a NUL byte, arrays as a pack. It keeps
 * nothing, so it may be made anew for each use.
 *
 * @param session `$_SESSION` in the plain view: `ctx.session`, `req.session`, or from `decodeSession()`
 * @throws TypeError for anything else
 */
export function hordeSession(session: object): HordeSession {
  if (!isObject(session) || Array.isArray(session) || isPhpArray(session)) {
    throw new TypeError('hordeSession() needs $_SESSION in the plain view, such as ctx.session');
  }
  return new HordeSession(session as Variables);
}

export class HordeSession {
  readonly #session: Variables;

  constructor(session: Record<string, unknown>) {
    this.#session = session;
  }

  /**
   * A value, as `Horde_Session::get()` gives it: `null` if there is none. A name that ends in `/` and is not there itself stands for all names
   * that begin so: their values under the rest of their names.
   *
   * @param app `'horde'`, `'imp'`, or a name of your own
   * @param cipher for an encrypted value
   * @throws PhpSessionError `ERR_PHP_ENCRYPTED` for an encrypted value without its cipher, or with another key; `ERR_PHP_SYNTAX` for what Horde
   *   cannot read and gives as `null`; `ERR_PHP_LIMIT`, `ERR_PHP_REFERENCE`. All have a `path`
   */
  get(app: string, name: string, cipher?: HordeCipher): unknown {
    const variables = this.#variables(app);
    if (isExisting(variables, name)) return this.#read(app, name, variables![name], cipher);
    const names = subkeys(variables, name);
    if (names.length === 0) return null;
    const values: Variables = Object.create(null);
    for (const each of names) values[each.slice(name.length)] = this.get(app, each, cipher);
    return values;
  }

  /**
   * Sets a value as `Horde_Session::set()` does.
   *
   * @param value null, a boolean, number, bigint, string, bytes, or an array or plain object of these
   * @param cipher encrypts the value, as Horde's mask `ENCRYPT`. Without one, an encrypted value is not replaced: `remove()` it first if
   *   what takes its place may be read by everybody who reads the table
   * @throws PhpSessionError `ERR_PHP_ENCRYPTED`, `ERR_PHP_UNREPRESENTABLE`, `ERR_PHP_TYPE_CHANGED` if PHP has something else than an array
   *   under `app`; nothing is changed then
   */
  set(app: string, name: string, value: unknown, cipher?: HordeCipher): void {
    const path = [app, name];
    const variables = this.#variables(app);
    const foreign = variables === undefined && ownValue(this.#session, app) !== undefined;
    if (foreign || typeof name !== 'string') throw foreign ? changed([app]) : new TypeError('A name must be a string');
    if (cipher === undefined && this.isEncrypted(app, name))
      throw encrypted('is encrypted: set() needs the cipher', path);
    if (cipher !== undefined) this.#checkKey(cipher, path);
    const stored = cipher === undefined ? storedValue(value, path) : cipher.encrypt(writePack(value, path));
    const marks = this.#marks(app);
    if (cipher === undefined) {
      if (marks !== undefined) delete marks[name];
    } else {
      put(marks ?? this.#begin(this.#begin(this.#session, ENCRYPTED), app), name, true);
    }
    put(this.#begin(this.#session, app), name, stored);
  }

  /**
   * Removes a value, or all whose names begin with a name that ends in `/`, or all of an application: `Horde_Session::remove()`.
   *
   * @param name default: all
   */
  remove(app: string, name?: string): void {
    const variables = this.#variables(app);
    if (name === undefined) {
      delete this.#session[app];
    } else if (isExisting(variables, name)) {
      delete variables![name];
      const pruned = ownValue(this.#session, PRUNE);
      if (isMap(pruned)) delete pruned[`${app}:${name}`];
    } else {
      for (const each of subkeys(variables, name)) this.remove(app, each);
    }
  }

  /** Whether a value is there that is encrypted. */
  isEncrypted(app: string, name: string): boolean {
    return isExisting(this.#variables(app), name) && isExisting(this.#marks(app), name);
  }

  /** The token that Horde's forms, AJAX and logout send. If there is none it is made: `Horde_Session::getToken()`. */
  token(): string {
    const token = this.get('horde', TOKEN);
    if (typeof token === 'string' && token !== '') return token;
    const made = randomBytes(18).toString('base64url').slice(0, 23); // as long as those of Horde_Support_Randomid
    this.set('horde', TOKEN, made);
    return made;
  }

  /**
   * Whether this is the session's token. Unlike Horde, which compares `'0e1'` and `'0e2'` as numbers, it takes the same text alone, in a time
   * that does not depend on where it differs. Without a token in the session, none is right.
   *
   * @param token from a request: of any type
   */
  checkToken(token: unknown): boolean {
    const own = this.get('horde', TOKEN);
    if (typeof own !== 'string' || own === '' || typeof token !== 'string') return false;
    const [one, other] = [encoder.encode(own), encoder.encode(token)];
    return one.length === other.length && timingSafeEqual(one, other);
  }

  /**
   * What the user has logged in with, of an application: `Horde_Registry::getAuthCredential()`. IMP has the `password` there. Where an
   * application has `true`, they are those of the one that has logged in the user.
   *
   * @param cipher from `php-session-bridge/horde/credentials`
   * @param app default: the one that has logged in the user (`auth/credentials`)
   * @returns `null` if there are none, or nobody is logged in
   * @throws PhpSessionError as `get()`
   */
  credentials(cipher: HordeCipher, app?: string): Record<string, unknown> | null {
    const base = this.get('horde', 'auth/credentials');
    if (!this.get('horde', 'auth/userId') || typeof base !== 'string') return null;
    for (const each of [app ?? base, base]) {
      const credentials = this.get('horde', `auth_app/${each}`, cipher);
      if (isMap(credentials)) return credentials;
    }
    return null;
  }

  /**
   * Removes all variables: Horde's own logout ends the session and begins one under the same id, in which nothing of the old one is. Where
   * nothing else needs the row, `destroy()` of the middleware ends it, and removes the cookie with the key too.
   */
  logout(): void {
    for (const key of Object.keys(this.#session)) delete this.#session[key];
  }

  #read(app: string, name: string, value: unknown, cipher: HordeCipher | undefined): unknown {
    const path = [app, name];
    const isText = typeof value === 'string';
    if (!isText && !(value instanceof Uint8Array)) return value;
    if (value.length === 0) return '';
    if (!this.isEncrypted(app, name)) {
      if (isText && value.startsWith('\0')) return value.slice(1);
      return readStored(isText ? encoder.encode(value) : value, path);
    }
    if (cipher === undefined) throw encrypted('is encrypted: see php-session-bridge/horde/credentials', path);
    this.#checkKey(cipher, path);
    const plain = cipher.decrypt(isText ? encoder.encode(value) : value);
    if (plain === undefined || plain.length === 0) throw wrongKey(path);
    try {
      return readStored(plain, path);
    } catch (error) {
      throw error instanceof PhpSessionError ? wrongKey(path) : error;
    }
  }

  /** Horde 6 takes no cookie where the session has a key or its salt: a value by another key would be lost to it. */
  #checkKey({ keyFrom }: HordeCipher, path: readonly string[]): void {
    const slots = this.#variables(SECRET);
    const isThere =
      keyFrom === 'cookie' ? !['salt', 'key'].some((name) => isExisting(slots, name)) : isExisting(slots, keyFrom);
    if (isThere) return;
    throw encrypted('is of Horde 6, which has its key in the session: give hordeCipher() the session and its id', path);
  }

  /** What is under `app`. `undefined` if there is nothing, or something that is no array. */
  #variables(app: string): Variables | undefined {
    if (typeof app !== 'string') throw new TypeError('An app must be a string');
    if (internal.includes(app)) throw new TypeError(`${app} is Horde's own, and no application`);
    const variables = ownValue(this.#session, app);
    return isMap(variables) ? variables : undefined;
  }

  /** The names of encrypted values. */
  #marks(app: string): Variables | undefined {
    const apps = ownValue(this.#session, ENCRYPTED);
    const marks = isMap(apps) ? ownValue(apps, app) : undefined;
    return isMap(marks) ? marks : undefined;
  }

  /** The array under a key, which is made if it is not there. PHP's empty array is a list in the plain view, which takes no names. */
  #begin(map: Variables, key: string): Variables {
    const before = ownValue(map, key);
    if (isMap(before) && !(Array.isArray(before) && before.length === 0)) return before;
    put(map, key, Object.create(null));
    return map[key] as Variables;
  }
}

function subkeys(variables: Variables | undefined, name: string): string[] {
  if (variables === undefined || !name.endsWith('/')) return [];
  return Object.keys(variables).filter((key) => key.startsWith(name));
}

/** A string, or a pack. */
function readStored(bytes: Uint8Array, path: readonly string[]): unknown {
  if (bytes[0] !== 0) return readPack(bytes, path);
  const rest = bytes.slice(1);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rest);
  } catch {
    return rest;
  }
}

function storedValue(value: unknown, path: readonly string[]): unknown {
  if (typeof value === 'string') return `\0${value}`;
  if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(value.length + 1);
    bytes.set(value, 1);
    return bytes;
  }
  if (value === null || ['boolean', 'number', 'bigint'].includes(typeof value) || value instanceof PhpFloat)
    return value;
  if (value !== undefined) return writePack(value, path);
  throw new PhpSessionError('ERR_PHP_UNREPRESENTABLE', 'undefined is no value of a Horde session: remove() it', {
    path,
  });
}

function encrypted(what: string, path: readonly string[]): PhpSessionError {
  return new PhpSessionError('ERR_PHP_ENCRYPTED', `A value of Horde's session ${what}`, { path });
}

function wrongKey(path: readonly string[]): PhpSessionError {
  return encrypted('cannot be decrypted: the key or the secret_key is another one, or the value is damaged', path);
}

function changed(path: readonly string[]): PhpSessionError {
  const message = "Under the app's name is something else than an array; nothing was changed";
  return new PhpSessionError('ERR_PHP_TYPE_CHANGED', message, { path });
}
