import { encodeSession, type SessionData } from '../codec/index.ts';
import { isPlainObject } from '../codec/source/origins.ts';
import { setCookie } from '../session/cookie.ts';
import type { HttpSession, PhpSessionControl } from '../session/http-session.ts';
import type { Settings } from '../session/options.ts';
import type { RequestSession } from '../session/request-session.ts';
import { type KoaContext, sessionOf } from './koa-application.ts';
import {
  type CommitOptions,
  isReserved,
  type KoaSessionProxy,
  mustBeSettable,
  proxySession,
  type SessionBackend,
} from './koa-session-model.ts';

/** How koa-session's options have a session saved. */
export interface SaveOptions<T extends object> {
  /** Called before a session is saved that was changed, or for which `save()` or `regenerate()` was called. */
  // biome-ignore lint/suspicious/noExplicitAny: Koa's context, as the application has typed it; koa-session has any here
  beforeSave: ((ctx: any, session: KoaSessionProxy<T>) => void) | undefined;
  /** Whether each answer sends the cookie again, so that its `cookieLifetime` begins anew; default false. */
  rolling: boolean;
  /**
   * Default true. With false, changes are saved by `ctx.session.manuallyCommit()` only, which also frees the lock; if it is not
   * called, they are dropped when the request ends. `regenerate()` and `ctx.session = null` are never dropped.
   */
  autoCommit: boolean;
}

/** The greatest number of seconds that all clients take for a cookie. */
const maxLifetime = 2 ** 31 - 1;

/** A request's session under koa-session: what koa-session calls, and what it shows as `ctx.session`. */
export class KoaSessionRequest<T extends object> implements SessionBackend {
  /** PHP's session of the request. */
  readonly http: HttpSession<T>;
  /** `ctx.phpSession` */
  readonly control: PhpSessionControl & { readonly data: T };
  readonly #ctx: KoaContext;
  /** koa-session's `ctx.session`, which gives its own object. */
  readonly #property: PropertyDescriptor;
  readonly #options: SaveOptions<T>;
  /** What `ctx.session` was last, and koa-session's object in it. */
  #shown: { model: object; object: KoaSessionProxy<T> } | undefined;
  /** What was read, if it matters whether it was changed. */
  #read: Uint8Array | undefined;
  /** The application's `valid` does not want it. */
  #isRefused = false;
  /** `save()` or `regenerate()` was called. */
  #isForced = false;
  /** `beforeSave` or the store has failed: nothing is saved any more, and the browser gets no cookie of what was not saved. */
  #hasFailed = false;
  /** Whether what is not saved by hand is saved when the request ends. */
  #commitsAtEnd: boolean;

  constructor(ctx: KoaContext, config: Settings, property: PropertyDescriptor, options: SaveOptions<T>) {
    this.http = sessionOf(config, ctx);
    this.control = this.#createControl();
    this.#ctx = ctx;
    this.#property = property;
    this.#options = options;
    this.#commitsAtEnd = options.autoCommit;
  }

  get data(): T {
    return this.http.data;
  }

  get id(): string | undefined {
    return this.#session.id;
  }

  /** Another one when koa-session has left the browser's. */
  get #session(): RequestSession<T> {
    return this.http.session;
  }

  /** Opens PHP's session, runs `handle`, and saves. */
  serve(handle: () => Promise<unknown>): Promise<void> {
    return this.http.serve(handle, { commit: () => this.#save(), reserve: () => this.#reserve() });
  }

  /** koa-session's question to its store: is there a session? The data are none of its business. */
  find(): object | undefined {
    return this.#isEmpty() ? undefined : {};
  }

  /** koa-session's question to the application: may this session be used? One that cannot be read can still be logged out. */
  isValid(valid: (ctx: KoaContext, session: T) => boolean): boolean {
    if (!this.#session.isReadable) return true;
    this.#isRefused = !valid(this.#ctx, this.data);
    return !this.#isRefused;
  }

  /** What comes after koa-session. */
  async handle(next: () => Promise<unknown>): Promise<void> {
    if (this.#isRefused) await this.http.leave();
    if (this.#options.beforeSave !== undefined && this.#session.isReadable) this.#read = this.#encode();
    await next();
  }

  /** `ctx.session` */
  shown(): KoaSessionProxy<T> | null {
    this.http.use();
    const model = this.#model();
    if (model === null) return null;
    if (this.#shown?.model !== model) this.#shown = { model, object: proxySession(model, this) as KoaSessionProxy<T> };
    return this.#shown.object;
  }

  /** `ctx.session = content` */
  assign(content: unknown): void {
    if (typeof content === 'object' && content !== null) {
      if (content !== this.#shown?.object && !isPlainObject(content))
        throw new TypeError('A session is a plain object');
      this.#replace(content as SessionData);
    } else {
      if (content === null) {
        this.http.data = null;
        this.#commitsAtEnd = true; // a logout must not be forgotten
      }
      this.#property.set!.call(this.#ctx, content); // it throws for what is neither
    }
  }

  #createControl(): PhpSessionControl & { readonly data: T } {
    const request = this;
    const { http } = this;
    const { control } = http;
    return {
      ...control,
      get id() {
        return request.id;
      },
      get columns() {
        return control.columns;
      },
      get data() {
        return request.data;
      },
      regenerate: (options) => this.commit({ regenerate: true, how: options }),
      destroy: () => http.watch(this.#destroy()),
      close: () => http.watch(this.#store(() => this.#session.close())),
    };
  }

  async #destroy(): Promise<void> {
    await this.#session.destroy();
    // Only what is stored from here on is a session again.
    if (this.#read !== undefined) this.#read = this.#encode();
    this.#isForced = false;
  }

  /** What koa-session's `save()`, `regenerate()` and `manuallyCommit()` do. */
  commit(options: CommitOptions = {}): Promise<void> {
    return this.http.watch(this.#commit(options));
  }

  async #commit({ save = false, regenerate = false, how }: CommitOptions): Promise<void> {
    if (save || regenerate) this.#isForced = true;
    if (regenerate) {
      await this.http.regenerate(how);
      this.#commitsAtEnd = true; // it must not be forgotten, and what is stored at a login comes after it
      return;
    }
    // With autoCommit the lock is held, and so changes can be made and saved, until the request ends.
    if (!this.#options.autoCommit) await this.#store(() => this.#session.close());
  }

  async #save(): Promise<void> {
    if (this.#commitsAtEnd) return this.#store(() => this.#session.commit());
    await this.#session.discard();
    await this.#session.commit(); // reports changes after `manuallyCommit()`
  }

  async #reserve(): Promise<void> {
    if (this.#commitsAtEnd) await this.#store(() => this.#session.reserve(), false);
    // Without `autoCommit` it is saved by hand, and before the headers go out if it is new: a `manuallyCommit()` may be under way.
    else await this.#session.reserve(false);
  }

  /** @param isLast whether nothing is saved after this */
  async #store(store: () => Promise<void>, isLast = true): Promise<void> {
    if (this.#hasFailed) return store(); // reports what was changed since
    try {
      if (this.#mustBeSaved()) this.#options.beforeSave?.(this.#ctx, this.shown()!);
      this.#read = isLast || this.#read === undefined ? undefined : this.#encode();
      await store();
    } catch (error) {
      this.#hasFailed = true;
      await this.#session.discard();
      throw error;
    }
    if (this.#options.rolling || this.#hasNewMaxAge()) this.#sendCookie();
  }

  /** As koa-session decides it, but by PHP's bytes: it compares a CRC-32 of JSON. */
  #mustBeSaved(): boolean {
    if (this.#read === undefined || this.#model() === null) return false;
    if (this.#isForced || this.#hasNewMaxAge() || (this.#options.rolling && !this.#isEmpty())) return true;
    return Buffer.compare(this.#encode(), this.#read) !== 0;
  }

  #hasNewMaxAge(): boolean {
    const model = this.#model();
    return model !== null && Reflect.get(model, '_requireSave') === true; // set with `maxAge`
  }

  #sendCookie(): void {
    if (this.id === undefined || this.#session.isGone || this.#isEmpty()) return;
    // A login may have replaced this id meanwhile, and the browser may have its cookie.
    if (this.#session.wasEmpty && this.id === this.http.cookie && !this.#hasNewMaxAge()) return;
    const { maxAge } = (this.#ctx as unknown as { sessionOptions: { maxAge?: number | 'session' } }).sessionOptions;
    const cookieLifetime = typeof maxAge === 'number' ? Math.min(Math.ceil(maxAge / 1000), maxLifetime) : 0;
    this.http.sendCookie(setCookie({ ...this.http.settings, cookieLifetime }, this.id));
  }

  #replace(content: SessionData): void {
    const hadNewMaxAge = this.#hasNewMaxAge();
    const current = this.#model();
    if (current !== null) for (const key of Object.keys(content)) mustBeSettable(current, key);
    // What is set here, koa-session's object must not have too.
    this.#property.set!.call(this.#ctx, Object.hasOwn(content, 'maxAge') ? { maxAge: content.maxAge } : {});
    const model = this.#model()!;
    if (hadNewMaxAge) Reflect.set(model, '_requireSave', true);
    for (const key of Object.keys(content)) mustBeSettable(model, key);
    const isData = (key: PropertyKey) => !isReserved(model, key);
    const data = this.data as SessionData;
    // A reserved name cannot be in the new content, so what PHP has there stays.
    const before = (Reflect.ownKeys(data) as string[]).filter(isData);
    for (const key of before) if (!Object.hasOwn(content, key)) delete data[key];
    for (const key of Object.keys(content).filter(isData)) data[key] = content[key];
  }

  #model(): object | null {
    return this.#property.get!.call(this.#ctx);
  }

  #isEmpty(): boolean {
    return this.#session.isReadable && Reflect.ownKeys(this.#session.data).length === 0;
  }

  #encode(): Uint8Array {
    return encodeSession(this.#session.data, this.http.settings.codec);
  }
}
