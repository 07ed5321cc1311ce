import type { Session } from './session.ts';
import { createRoot } from './values.ts';

const session: unique symbol = Symbol.for('php-session-bridge/session') as never;

function Target(): void {}
Target.prototype = createRoot();

/**
 * `$_SESSION` as an object. Its keys are those of the session and nothing else, in PHP's order, which a JavaScript object could
 * not keep; values are made when they are looked at.
 */
export function createSessionObject(from: Session): object {
  return new Proxy(new (Target as unknown as new () => object)(), new Handler(from));
}

/** The session behind such an object, of this or another copy of the package. */
export function sessionOf(object: object): Session | undefined {
  return (object as { [session]?: Session })[session];
}

class Handler implements ProxyHandler<object> {
  readonly #session: Session;

  constructor(from: Session) {
    this.#session = from;
  }

  get(target: object, key: string | symbol): unknown {
    if (typeof key === 'string') return this.#session.get(key);
    return key === session ? this.#session : Reflect.get(target, key);
  }

  set(_target: object, key: string | symbol, value: unknown): boolean {
    if (typeof key === 'symbol') return false;
    this.#session.set(key, value);
    return true;
  }

  has(_target: object, key: string | symbol): boolean {
    return typeof key === 'string' && this.#session.has(key);
  }

  deleteProperty(_target: object, key: string | symbol): boolean {
    if (typeof key === 'string' && this.#session.has(key)) this.#session.delete(key);
    return true;
  }

  ownKeys(): string[] {
    return this.#session.keys();
  }

  getOwnPropertyDescriptor(_target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (typeof key === 'symbol' || !this.#session.has(key)) return undefined;
    return { value: this.#session.get(key), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(_target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    // Only what a session can keep: a value that can be seen and changed.
    if (typeof key === 'symbol' || !('value' in descriptor)) return false;
    this.#session.set(key, descriptor.value);
    return true;
  }

  preventExtensions(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }
}
