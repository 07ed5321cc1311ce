/**
 * What Laravel keeps of forms in a session: `import { laravelSession } from 'php-session-bridge/laravel'`.
 */
import '../node-version.ts';
import { PhpSessionError } from '../errors.ts';
import { type OptionRules, oneOf, readByRules } from '../option-rules.ts';
import type { LaravelKeys } from '../presets/laravel-encrypter.ts';
import { elements, isArray } from './arrays.ts';
import { sessionObject, text } from './checks.ts';
import { type FormRequest, hasToken, randomToken, xsrfCookie } from './laravel-csrf.ts';
import { type Messages, readErrors, withBag } from './laravel-errors.ts';
import { forgetPath, getPath, setPath } from './laravel-paths.ts';

export { laravelClasses } from '../presets/laravel-classes.ts';
export type { LaravelCipher, LaravelKeys } from '../presets/laravel-encrypter.ts';
export type { FormRequest } from './laravel-csrf.ts';
export type { Messages } from './laravel-errors.ts';

export interface LaravelSessionOptions {
  /** `serialization` of config/session.php: errors have another shape in JSON. Default `'php'`. */
  serialization?: 'php' | 'json';
}

const rules: OptionRules<LaravelSessionOptions> = { serialization: { default: 'php', ...oneOf(['php', 'json']) } };

/** Sessions whose messages have been aged in this request. */
const aged = new WeakSet<object>();

/** Fields that are not shown again (`Illuminate\Foundation\Exceptions\Handler::$dontFlash`). */
const SECRET: readonly string[] = ['current_password', 'password', 'password_confirmation'];

/** Levels of what was typed: the `depth` of PHP's `json_decode()`. */
const DEEPEST = 512;

/**
 * The methods of Laravel's session (`Illuminate\Session\Store`) over the session in Node. An object costs nothing: make it where you need it,
 * and again after `lock()`, `regenerate()`, `reset()`, `start()` and `destroy()`: in Koa the session may be another object then, and what is
 * changed in the one before is lost.
 *
 * @param data the session: `ctx.session` in Koa, `req.session` in Express
 * @throws TypeError for a wrong option, and where there is no session
 */
export function laravelSession(data: object, options: LaravelSessionOptions = {}): LaravelSession {
  return new LaravelSession(data, readByRules(rules, options, 'laravelSession()').serialization!);
}

/** Where `redirect()->intended()` leads to, when the visitor has logged in. */
export function setIntendedUrl(data: object, url: string): void {
  setPath(sessionObject(data, 'setIntendedUrl()'), 'url.intended', text(url, 'url'));
}

/** Keys may have dots, as in Laravel: `'cart.items'` is `items` in `cart`. */
export class LaravelSession {
  readonly #data: object;
  readonly #serialization: 'php' | 'json';

  /** See `laravelSession()`. */
  constructor(data: object, serialization: 'php' | 'json') {
    this.#data = sessionObject(data, 'laravelSession()');
    this.#serialization = serialization;
  }

  get(key: string, byDefault: unknown = null): unknown {
    return getPath(this.#data, key) ?? byDefault;
  }

  /** @throws TypeError where an object of PHP would have to give way */
  put(key: string, value: unknown): void {
    setPath(this.#data, key, value);
  }

  has(key: string): boolean {
    return (getPath(this.#data, key) ?? null) !== null;
  }

  forget(...keys: string[]): void {
    for (const key of keys) forgetPath(this.#data, key);
  }

  pull(key: string, byDefault: unknown = null): unknown {
    const value = this.get(key, byDefault);
    this.forget(key);
    return value;
  }

  /**
   * For the next page of either side, and gone after it. In the mode `merge` call `lock()` of the session first, where another request may
   * let an older message of the same name go at the same time: else this one may stay. The same goes for an `onConflict` that is not the
   * preset's.
   */
  flash(key: string, value: unknown = true): void {
    this.put(key, value);
    // What is flashed after the ageing is as old as if it had been before.
    const isLate = aged.has(this.#data);
    if (!isLate) this.#setKeys('new', [...this.#keys('new'), key]);
    this.#setKeys('old', [...without(this.#keys('old'), [key]), ...(isLate ? [key] : [])]);
  }

  /** For this page alone: gone with `ageFlashData()`. */
  now(key: string, value: unknown): void {
    this.#assertNotAged('now()');
    this.put(key, value);
    this.#setKeys('old', [...this.#keys('old'), key]);
  }

  /** All messages live for one more page. */
  reflash(): void {
    this.keep(...this.#keys('old'));
  }

  keep(...keys: string[]): void {
    this.#assertNotAged('keep()');
    this.#setKeys('new', [...new Set([...this.#keys('new'), ...keys])]);
    this.#setKeys('old', without(this.#keys('old'), keys));
  }

  /**
   * Lets messages that were shown go, as Laravel does when it saves: once in each request of Node that shows or sets messages. A second call
   * for the same session object does nothing. So call it after `lock()`, if you do: see `laravelSession()`.
   */
  ageFlashData(): void {
    if (aged.has(this.#data)) return;
    aged.add(this.#data);
    const [old, now] = [this.#keys('old'), this.#keys('new')];
    if (old.length === 0 && now.length === 0) return; // nothing to write
    this.forget(...old);
    this.#setKeys('old', now);
    this.#setKeys('new', []);
  }

  /**
   * What the visitor has typed, for `old()` of the next page, without passwords and files.
   *
   * @param input fields by name, as a body parser gives them
   * @param except further fields that are not shown again, as `dontFlash()` of Laravel
   * @throws TypeError for what is no object
   * @throws PhpSessionError `ERR_PHP_LIMIT` for more than 512 levels, which PHP's `json_decode()` would not read either
   */
  flashInput(input: unknown, except: readonly string[] = []): void {
    if (!isArray(input)) throw new TypeError('flashInput() needs an object with the fields of the form');
    const copy = withoutFiles(input, 1) as object;
    for (const key of [...SECRET, ...except]) forgetPath(copy, key);
    this.flash('_old_input', copy);
  }

  /** What the visitor had typed: one field, or all. */
  old(key?: string, byDefault: unknown = null): unknown {
    const input = this.get('_old_input', {});
    if (key === undefined) return input;
    return (isArray(input) ? getPath(input, key) : undefined) ?? byDefault;
  }

  /** The messages of the last form, as `{ default: { email: ['…'] } }`: by bag and by field. */
  errors(): Record<string, Messages> {
    return readErrors(getPath(this.#data, 'errors'));
  }

  /**
   * For `$errors` of the next page. Laravel has to unserialize objects for that: the session needs the option `classes` with
   * `laravelClasses`, as `laravel()` of php-session-bridge/presets gives it.
   *
   * @param messages a text or a list of texts for each field
   * @param bag its name, which Blade has as `@error('email', 'login')`
   * @throws TypeError for what is no text
   */
  withErrors(messages: Readonly<Record<string, string | readonly string[]>>, bag: string = 'default'): void {
    const errors = getPath(this.#data, 'errors');
    this.flash('errors', withBag(errors, bag, messages, this.#serialization));
  }

  /** The token for forms: `<input type="hidden" name="_token">`. It is made where there is none. */
  token(): string {
    const token = this.get('_token');
    return typeof token === 'string' && token !== '' ? token : this.regenerateToken();
  }

  /** Laravel does this at each login and logout, with the new id. */
  regenerateToken(): string {
    const token = randomToken();
    this.put('_token', token);
    return token;
  }

  /**
   * Whether a request that changes something has the token: in the field `_token`, the header `X-CSRF-TOKEN`, or encrypted in the header
   * `X-XSRF-TOKEN`. False where the session has none.
   *
   * @param request `req` in Express, `ctx.request` in Koa, or another object with `body`, `query` and `headers`
   * @param keys those of `laravel()`, for `X-XSRF-TOKEN`
   */
  tokensMatch(request: FormRequest, keys?: LaravelKeys): boolean {
    return hasToken(request, this.get('_token'), keys);
  }

  /** The value of the cookie `XSRF-TOKEN`, which JavaScript may read. */
  xsrfCookie(keys: LaravelKeys): string {
    return xsrfCookie(this.token(), keys);
  }

  /** Where `url()->previous()` and `back()` lead to if the browser sends no `Referer`. */
  previousUrl(): string | undefined {
    return asText(getPath(this.#data, '_previous.url'));
  }

  setPreviousUrl(url: string): void {
    this.put('_previous.url', text(url, 'url'));
  }

  /** Takes what `redirect()->guest()` or `setIntendedUrl()` has stored. */
  pullIntendedUrl(): string | undefined {
    return asText(this.pull('url.intended'));
  }

  #keys(age: 'old' | 'new'): string[] {
    return elements(getPath(this.#data, `_flash.${age}`)).map(String);
  }

  #setKeys(age: 'old' | 'new', keys: readonly string[]): void {
    this.put(`_flash.${age}`, keys);
  }

  #assertNotAged(method: string): void {
    if (aged.has(this.#data)) throw new Error(`${method} must come before ageFlashData()`);
  }
}

function without(keys: readonly string[], others: readonly string[]): string[] {
  return keys.filter((key) => !others.includes(key));
}

/** A copy, as far as arrays go: the application's own input stays. Uploads are left out (`RedirectResponse::removeFilesFromInput()`). */
function withoutFiles(input: unknown, level: number): unknown {
  if (!isArray(input)) return input;
  if (level > DEEPEST) {
    throw new PhpSessionError(
      'ERR_PHP_LIMIT',
      `flashInput(): more than ${DEEPEST} arrays and objects inside each other`,
    );
  }
  const kept = Object.entries(input).filter(([, value]) => !(value instanceof Blob));
  if (Array.isArray(input) && kept.length === input.length) {
    return input.map((value) => withoutFiles(value, level + 1));
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, value] of kept) copy[key] = withoutFiles(value, level + 1);
  return copy;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
