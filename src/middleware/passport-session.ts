import type { HttpSession } from '../session/http-session.ts';
import { SessionView } from './session-view.ts';

type Callback = (error?: unknown) => void;

const methods = ['regenerate', 'save', 'destroy', 'touch'] as const;
type Method = (typeof methods)[number];
const isMethod = (key: PropertyKey): key is Method => methods.includes(key as Method);

/**
 * `req.session` as passport takes it since 0.6: `$_SESSION` with the methods `regenerate()` and `save()` of express-session. They are
 * on this object alone. PHP may have keys of these names, which stay in `$_SESSION` and cannot be reached here.
 *
 * After its `regenerate()` the request has another one. The old one keeps what was in the session, as passport takes it over from there
 * if `keepSessionInfo` is set.
 */
export function passportSession(request: HttpSession<object>): object {
  request.shown ??= new PassportSession(request).toObject();
  return request.shown;
}

/** Whose method it is. Passport copies methods too, when it takes over keys that are called like them. */
const owners: WeakMap<object, PassportSession> = new WeakMap();

class PassportSession extends SessionView {
  /** Few applications ask for them. */
  #methods: Record<Method, (callback?: Callback) => void> | undefined;
  /** What was in the session, once it has gone on as another one. */
  #left: object | undefined;
  #wasSaved = false;

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
      destroy: (callback) => answer(this.http.control.destroy(), callback),
      touch: () => undefined, // PHP counts each request as a use
    };
    for (const method of methods) owners.set(created[method], this);
    return created;
  }

  override get data(): object {
    return this.#left ?? super.data;
  }

  /**
   * As express-session's: another id, and nothing in it. A login comes to it at once: then an empty row has to stay under the old id. A
   * logout saves before, to which what is left of the session counts as ended, as requests that still run must not write to it.
   */
  async #regenerate(): Promise<void> {
    const left = { ...this.data };
    const { control } = this.http;
    if (this.#wasSaved) await control.destroy();
    else await control.regenerate();
    const { data } = this.http;
    this.#left = left;
    for (const key of Object.keys(data)) Reflect.deleteProperty(data, key);
    this.http.shown = undefined;
  }

  override get(_: object, key: PropertyKey): unknown {
    return isMethod(key) ? this.#method(key) : super.get(_, key);
  }

  override set(_: object, key: PropertyKey, value: unknown): boolean {
    if (!isMethod(key)) return super.set(_, key, value);
    const from = owners.get(value as object);
    if (from === undefined) throw new TypeError(`req.session.${key} is passport's: to store this key, use ctx.session`);
    return !Object.hasOwn(from.data, key) || super.set(_, key, Reflect.get(from.data, key));
  }

  override has(_: object, key: PropertyKey): boolean {
    return isMethod(key) || super.has(_, key);
  }
}

function answer(done: Promise<void>, callback: Callback = () => {}): void {
  done.then(() => callback(), callback);
}
