import type { SessionData } from '../codec/index.ts';
import type { RegenerateOptions } from '../session/session-row.ts';

/** What koa-session's object offers beside the data of the session. */
export interface KoaSession {
  /** Whether nothing was in the session when the request came. */
  isNew: boolean;
  /** How many keys `toJSON()` gives. */
  readonly length: number;
  /** Whether there are any. */
  readonly populated: boolean;
  /** The cookie's life in milliseconds, or `'session'`: until the browser is closed. If set, the cookie is sent again. */
  maxAge: number | 'session';
  /** The session id; `undefined` as long as nothing was stored. */
  readonly externalKey: string | undefined;
  /** Has the session saved; with `autoCommit`, the default, that is when the request ends. */
  save(): Promise<void>;
  save(callback: Callback): void;
  /** Gives the session a new id and leaves nothing under the old one, at a login. */
  regenerate(): Promise<void>;
  regenerate(callback: Callback): void;
  /** Without `autoCommit`: saves and frees the lock. Later changes are not saved. */
  manuallyCommit(): Promise<void>;
  /** The data as a plain object, without keys that begin with `_`. */
  toJSON(): Record<string, unknown>;
}

/** `$_SESSION` with what koa-session adds. */
export type KoaSessionProxy<T extends object = SessionData> = Omit<T, keyof KoaSession> & KoaSession;

export interface CommitOptions {
  save?: boolean;
  regenerate?: boolean;
  /** How it gets its new id. */
  how?: RegenerateOptions | undefined;
}

type Callback = (error?: Error) => void;

/** The session of which koa-session's object is a proxy. */
export interface SessionBackend {
  /** `$_SESSION`. */
  readonly data: object;
  readonly id: string | undefined;
  commit(options: CommitOptions): Promise<void>;
}

/** Where koa-session itself keeps the life of its cookie; it takes these out of stored data. */
const bookkeeping: ReadonlySet<PropertyKey> = new Set(['_expire', '_maxAge', '_session']);

/**
 * Whether a name on koa-session's object means something else than data: its methods and properties, and those that every
 * object has.
 */
export function isReserved(model: object, key: PropertyKey): boolean {
  return key in model || bookkeeping.has(key) || typeof key === 'symbol';
}

/**
 * A proxy of koa-session's object. All names but those of koa-session itself are keys of `$_SESSION`, live in
 * both directions; so there is nothing to be copied, compared or dropped when it is saved.
 */
export function proxySession(model: object, backend: SessionBackend): object {
  return new Proxy(model, new Handler(backend));
}

class Handler implements ProxyHandler<object> {
  readonly #backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.#backend = backend;
  }

  get(model: object, key: PropertyKey, shown: object): unknown {
    if (!isReserved(model, key)) return Reflect.get(this.#backend.data, key);
    if (key === 'commit') return this.#commit; // `save`, `regenerate` and `manuallyCommit` call it
    if (key === 'externalKey') return this.#backend.id;
    // Its private fields are not on the Proxy. What counts or lists the data has to see them, and so the Proxy.
    return Reflect.get(model, key, key === 'maxAge' ? model : shown);
  }

  set(model: object, key: PropertyKey, value: unknown): boolean {
    if (!isReserved(model, key)) return Reflect.set(this.#backend.data, key, value);
    mustBeSettable(model, key);
    return Reflect.set(model, key, value);
  }

  has(model: object, key: PropertyKey): boolean {
    return isReserved(model, key) || Reflect.has(this.#backend.data, key);
  }

  deleteProperty(model: object, key: PropertyKey): boolean {
    if (!isReserved(model, key)) return Reflect.deleteProperty(this.#backend.data, key);
    mustBeSettable(model, key);
    return true; // as if it had been deleted, but it stays reserved
  }

  ownKeys(model: object): (string | symbol)[] {
    return Reflect.ownKeys(this.#backend.data).filter((key) => !isReserved(model, key));
  }

  getOwnPropertyDescriptor(model: object, key: PropertyKey): PropertyDescriptor | undefined {
    return isReserved(model, key) ? undefined : Reflect.getOwnPropertyDescriptor(this.#backend.data, key);
  }

  defineProperty(model: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    // Only what a session can keep: a value that can be seen and changed.
    return (
      !isReserved(model, key) && 'value' in descriptor && Reflect.defineProperty(this.#backend.data, key, descriptor)
    );
  }

  preventExtensions(): boolean {
    return false;
  }

  readonly #commit = (options: CommitOptions | Callback = {}, callback?: Callback): Promise<void> | undefined => {
    if (typeof options === 'function') return this.#commit({}, options);
    const done = this.#backend.commit(options);
    if (callback === undefined) return done;
    done.then(() => callback(), callback);
    return undefined;
  };
}

/** @throws TypeError for a reserved name that nothing can be stored under; koa-session loses that, or fails later */
export function mustBeSettable(model: object, key: PropertyKey): void {
  // What koa-session can set: `maxAge`, and what is no method.
  if (!isReserved(model, key) || Object.hasOwn(model, key) || key === 'maxAge' || bookkeeping.has(key)) return;
  throw new TypeError(`ctx.session.${String(key)} is koa-session's: to store this key, use ctx.phpSession.data`);
}
