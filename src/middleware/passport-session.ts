import { inspect } from 'node:util';
import type { HttpSession } from '../session/http-session.ts';

type Callback = (error?: unknown) => void;

const methods = ['regenerate', 'save', 'destroy', 'touch'] as const;
type Method = (typeof methods)[number];
const isMethod = (key: PropertyKey): key is Method => methods.includes(key as Method);

/** The object of each request, if passport has asked for it. */
const objects: WeakMap<HttpSession<object>, object> = new WeakMap();

/**
 * `req.session` as passport takes it since 0.6: `$_SESSION` with the methods `regenerate()` and `save()` of express-session. They are
 * on this object alone. PHP may have keys of these names, which stay in `$_SESSION` and cannot be reached here.
 *
 * After its `regenerate()` the request has another one. The old one keeps what was in the session, as passport takes it over from there
 * if `keepSessionInfo` is set.
 */
export function passportSession(request: HttpSession<object>): object {
  let object = objects.get(request);
  if (object === undefined) {
    const handler = new PassportSession(request);
    // `console.log()` looks at the target of a proxy, not at what its handler answers.
    const target = { __proto__: null, [inspect.custom]: () => handler.data };
    object = new Proxy<object>(target, handler);
    objects.set(request, object);
  }
  return object;
}

/** Whose method it is. Passport copies methods too, when it takes over keys that are called like them. */
const owners: WeakMap<object, PassportSession> = new WeakMap();

class PassportSession implements ProxyHandler<object> {
  readonly #request: HttpSession<object>;
  /** Few applications ask for them. */
  #methods: Record<Method, (callback?: Callback) => void> | undefined;
  /** What was in the session, once it has gone on as another one. */
  #left: object | undefined;
  #wasSaved = false;

  constructor(request: HttpSession<object>) {
    this.#request = request;
  }

  #method(name: Method): (callback?: Callback) => void {
    this.#methods ??= this.#createMethods();
    return this.#methods[name];
  }

  #createMethods(): Record<Method, (callback?: Callback) => void> {
    const created: Record<Method, (callback?: Callback) => void> = {
      regenerate: (callback) => answer(this.#regenerate(), callback),
      // What is stored, is stored when the request ends, in front of its answer. Before that the lock would be given away.
      save: (callback) => {
        this.#wasSaved = true;
        answer(Promise.resolve(), callback);
      },
      destroy: (callback) => answer(this.#request.control.destroy(), callback),
      touch: () => undefined, // PHP counts each request as a use
    };
    for (const method of methods) owners.set(created[method], this);
    return created;
  }

  /** What is shown as the content. */
  get data(): object {
    return this.#left ?? this.#request.data;
  }

  /**
   * As express-session's: another id, and nothing in it. A login comes to it at once: then an empty row has to stay under the old id. A
   * logout saves before, to which what is left of the session counts as ended, as requests that still run must not write to it.
   */
  async #regenerate(): Promise<void> {
    const left = { ...this.data };
    const { control } = this.#request;
    if (this.#wasSaved) await control.destroy();
    else await control.regenerate();
    const { data } = this.#request;
    this.#left = left;
    for (const key of Object.keys(data)) Reflect.deleteProperty(data, key);
    objects.delete(this.#request);
  }

  get(_: object, key: PropertyKey): unknown {
    return isMethod(key) ? this.#method(key) : Reflect.get(this.data, key);
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    if (!isMethod(key)) return Reflect.set(this.data, key, value);
    const from = owners.get(value as object);
    if (from === undefined) throw new TypeError(`req.session.${key} is passport's: to store this key, use ctx.session`);
    return !Object.hasOwn(from.data, key) || Reflect.set(this.data, key, Reflect.get(from.data, key));
  }

  has(_: object, key: PropertyKey): boolean {
    return isMethod(key) || Reflect.has(this.data, key);
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

function answer(done: Promise<void>, callback: Callback = () => {}): void {
  done.then(() => callback(), callback);
}
