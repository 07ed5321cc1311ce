/**
 * What Symfony keeps of forms in a session: `import { symfonySession } from 'php-session-bridge/symfony'`.
 */
import '../node-version.ts';
import { type OptionRules, optional, readByRules } from '../option-rules.ts';
import { aVersion, isBefore } from '../presets/version.ts';
import { arrayIn, type Container, elementOf, elements, isArray, setElement } from './arrays.ts';
import { sessionObject, text } from './checks.ts';
import { isTokenOf, makeToken, randomize } from './symfony-csrf.ts';

export interface SymfonySessionOptions {
  /**
   * Whether the visitor's request is HTTPS, as `isSecure()` of Symfony's request says it: tokens of forms are kept apart by that. Needed
   * for tokens alone.
   */
  secure?: boolean;
  /** Symfony's: before `'5.3'` it shows tokens as they are, and takes no others. Default: today's, which hides them. */
  version?: string;
}

const rules: OptionRules<SymfonySessionOptions> = {
  secure: optional((secure) => typeof secure === 'boolean', 'true or false'),
  version: optional(aVersion.accepts, aVersion.mustBe),
};

/** `AttributeBag` of the session, and `FlashBag`. */
const ATTRIBUTES = '_sf2_attributes';
const FLASHES = '_symfony_flashes';

/**
 * The methods of Symfony's session over the session in Node. An object costs nothing: make it where you need it.
 *
 * @param data the session: `ctx.session` in Koa, `req.session` in Express
 * @throws TypeError for a wrong option, and where there is no session
 */
export function symfonySession(data: object, options: SymfonySessionOptions = {}): SymfonySession {
  return new SymfonySession(data, readByRules(rules, options, 'symfonySession()'));
}

/** Where a firewall leads the visitor who has logged in (`TargetPathTrait`). */
export function setTargetPath(data: object, firewall: string, url: string): void {
  symfonySession(data).set(targetPathOf(firewall), text(url, 'url'));
}

export class SymfonySession {
  readonly #data: object;
  readonly #secure: boolean | undefined;
  readonly #shown: (token: string) => string;

  /** See `symfonySession()`. */
  constructor(data: object, { secure, version }: SymfonySessionOptions) {
    this.#data = sessionObject(data, 'symfonySession()');
    this.#secure = secure;
    this.#shown = version !== undefined && isBefore(version, '5.3') ? (token) => token : randomize;
  }

  /** An attribute, as `$session->get()`. */
  get(name: string, byDefault: unknown = null): unknown {
    return elementOf(this.#bag(ATTRIBUTES), name) ?? byDefault;
  }

  set(name: string, value: unknown): void {
    setElement(arrayIn(this.#data, ATTRIBUTES, text(name, 'name')), name, value);
  }

  /** @returns what it was */
  remove(name: string): unknown {
    return take(this.#bag(ATTRIBUTES), name) ?? null;
  }

  /** A message for the next page of either side that shows messages of this type. */
  addFlash(type: string, message: unknown): void {
    const bag = arrayIn(this.#data, FLASHES, text(type, 'type'));
    setElement(bag, type, [...elements(elementOf(bag, type)), message]);
  }

  /** Takes the messages of one type. */
  flashes(type: string): unknown[] {
    return elements(take(this.#bag(FLASHES), type));
  }

  /** Takes all messages, by type. */
  allFlashes(): Record<string, unknown[]> {
    const all: Record<string, unknown[]> = Object.create(null);
    for (const type of Object.keys(this.#bag(FLASHES))) all[type] = this.flashes(type);
    return all;
  }

  /**
   * The token for a form that Symfony or Node checks; it is made where there is none.
   *
   * @param id as in Symfony: of a form its `csrf_token_id`, which is its name by default; `'authenticate'` for its login
   * @throws TypeError without the option `secure`
   */
  token(id: string): string {
    const name = this.#nameOf(id);
    const token = this.get(name);
    return typeof token === 'string' && token !== '' ? this.#shown(token) : this.refreshToken(id);
  }

  /** A new token: forms with an older one are refused. */
  refreshToken(id: string): string {
    const token = makeToken();
    this.set(this.#nameOf(id), token);
    return this.#shown(token);
  }

  removeToken(id: string): void {
    this.remove(this.#nameOf(id));
  }

  /**
   * Whether it is the token of this session. False where the session has none.
   *
   * @param given what came with the form, whatever it is
   */
  isTokenValid(id: string, given: unknown): boolean {
    return isTokenOf(this.get(this.#nameOf(id)), given);
  }

  /** @param firewall its name in security.yaml: `'main'` */
  targetPath(firewall: string): string | undefined {
    const url = this.get(targetPathOf(firewall));
    return typeof url === 'string' ? url : undefined;
  }

  removeTargetPath(firewall: string): void {
    this.remove(targetPathOf(firewall));
  }

  /** For reading: what is no bag is an empty one. */
  #bag(name: string): Container {
    const bag = elementOf(this.#data, name);
    return isArray(bag) ? bag : {};
  }

  /** `SessionTokenStorage`, with the namespace of `CsrfTokenManager`. */
  #nameOf(id: string): string {
    if (this.#secure === undefined) {
      throw new TypeError('symfonySession() needs the option secure for tokens: whether the request is HTTPS');
    }
    return `_csrf/${this.#secure ? 'https-' : ''}${text(id, 'id')}`;
  }
}

function targetPathOf(firewall: string): string {
  return `_security.${text(firewall, 'firewall')}.target_path`;
}

function take(bag: Container, key: string): unknown {
  const value = elementOf(bag, key);
  if (value !== undefined) delete bag[key];
  return value;
}
