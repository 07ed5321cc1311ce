import { inspect } from 'node:util';
import type { HttpSession } from '../session/http-session.ts';

/**
 * `$_SESSION` as one object that stays the same, where a framework keeps a value and no accessor. Each use goes to the session as it is
 * then. As long as there is none, the request does not count as one that uses its session.
 */
export class SessionView implements ProxyHandler<object> {
  protected readonly http: HttpSession<object>;

  constructor(http: HttpSession<object>) {
    this.http = http;
  }

  /** What is shown as the content. */
  get data(): object {
    return this.http.data;
  }

  toObject(): object {
    // `console.log()` looks at the target of a proxy, not at what its handler answers.
    const target = { __proto__: null, [inspect.custom]: () => this.data };
    return new Proxy<object>(target, this);
  }

  get(_: object, key: PropertyKey): unknown {
    return Reflect.get(this.data, key);
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.data, key, value);
  }

  has(_: object, key: PropertyKey): boolean {
    return Reflect.has(this.data, key);
  }

  deleteProperty(_: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.data, key);
  }

  ownKeys(): string[] {
    return Object.keys(this.data);
  }

  getOwnPropertyDescriptor(_: object, key: PropertyKey): PropertyDescriptor | undefined {
    if (!Object.hasOwn(this.data, key)) return undefined;
    return { value: this.get(_, key), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(_: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return 'value' in descriptor && this.set(_, key, descriptor.value);
  }

  preventExtensions(): boolean {
    return false;
  }
}
