import { createHmac, randomBytes } from 'node:crypto';
import type { SessionData } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import type { LoginRules } from '../login/login-rules.ts';
import type { OpenSession } from '../middleware/open-session.ts';
import {
  type OpenHow,
  type SessionOpener,
  type SessionOpenerOptions,
  sessionOpener,
} from '../middleware/session-opener.ts';
import { readSource, type SessionSource } from '../middleware/session-source.ts';
import { type WhoHow, whoIsLoggedIn } from '../middleware/who-is-logged-in.ts';
import { anyFunction, type OptionRules, readByRules } from '../option-rules.ts';
import { isMap, ownValue, type Variables } from './variables.ts';

type OfSessions = Pick<
  SessionOpenerOptions,
  'store' | 'mode' | 'onConflict' | 'serializeHandler' | 'classes' | 'commitWithin' | 'onError' | 'onConflictDecided'
>;

export interface HordeBesideOptions extends OfSessions {
  /** A store over a table of its own, in which no cookie opens sessions: not Horde's. Its `gcMaxlifetime` is Horde's `max_time` at least. */
  store: SessionOpenerOptions['store'];
  /** `login` of the preset `horde()`, with Horde's settings. */
  login: LoginRules;
  /** A text of at least 32 characters, the same on all servers of Node. The data of a login cannot be found without it. */
  secret: string;
}

const rules: OptionRules<Pick<HordeBesideOptions, 'login' | 'secret'>> = {
  login: { accepts: (login) => anyFunction.accepts(login?.claim), mustBe: 'that of the preset horde()' },
  secret: {
    accepts: (secret) => typeof secret === 'string' && secret.length >= 32,
    mustBe: 'a text of at least 32 characters',
  },
};

/** What of a login stays the same until its end, whatever id its session has. Horde sets all of it at once, when it logs the user in. */
const identity = ['auth/userId', 'auth/authId', 'auth/timestamp', 'auth/remoteAddr', 'auth/browser'];
/**
 * The cookie that comes with a login and goes with the logout: at random, and the same for all ids of its session. It tells two logins of a user apart
 * that are of the same second.
 */
const COOKIE = 'horde_secret_key';
/** In the row that marks a login as ended. */
const ENDED = '_ended';

/**
 * Node's own data of a login in Horde, in a table of its own. Horde takes no lock and writes whole rows, so what Node puts into Horde's row may
 * be lost. Here Node writes nothing there: the data belong to a login by a keyed hash of what identifies it in the row. So they follow a new id, and no
 * other login has them, whatever its id is. See docs/horde.md#data-of-your-own
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * const own = hordeBeside({ store: mysqlStore({ connection, table: 'node_session', gcMaxlifetime: 72_000 }), login: app.login, secret });
 *
 * koa.use(async (ctx) => {
 *   await using mine = await own.open(ctx.session, ctx.req); // nothing: nobody is logged in
 *   if (mine === undefined) ctx.throw(401);
 *   mine.data.cart = ['apples'];
 *   await mine.commit();
 * });
 */
export function hordeBeside<T extends object = SessionData>(options: HordeBesideOptions): HordeBeside<T> {
  return new HordeBeside<T>(options);
}

export class HordeBeside<T extends object = SessionData> {
  readonly #login: LoginRules;
  readonly #secret: string;
  readonly #openAny: SessionOpener<T>;
  #takesIds: Promise<void> | undefined;

  constructor(options: HordeBesideOptions) {
    const { login, secret, ...others } = options ?? {};
    const own = readByRules(rules, { login, secret } as HordeBesideOptions, 'hordeBeside()');
    this.#login = own.login;
    this.#secret = own.secret;
    // An id is made here and never comes from a browser, so one that the table does not have yet is begun.
    this.#openAny = sessionOpener<T>({ ...others, useStrictMode: false } as SessionOpenerOptions);
  }

  /**
   * The data of the login, opened as by `openSession()`: it ends with `commit()` or `discard()`.
   *
   * @param session Horde's `$_SESSION`, such as `ctx.session`
   * @param source the request, or its headers
   * @param how as for `openSession()`; `refused` is told why Horde would not accept the login
   * @returns `undefined` if nobody is logged in, Horde would not accept this request, or `logout()` has ended the login
   * @throws PhpSessionError as `openSession()`; `ERR_SESSION_TABLE` for a table that does not take ids of 64 characters, such as Horde's
   */
  async open(
    session: object | undefined,
    source: SessionSource,
    how: OpenHow & WhoHow = {},
  ): Promise<OpenSession<T> | undefined> {
    const { refused, ...others } = how;
    const claim = whoIsLoggedIn(this.#login, { data: session ?? {} }, source, how);
    const ids = claim === undefined ? undefined : this.#idsOf(session, source);
    if (ids === undefined) return undefined;
    const opened = await this.#open(ids.data, others);
    let ended = true; // also where the data cannot be read
    try {
      opened.data; // throws then
      ended = await this.#isMarked(ids.mark); // under the lock: a logout that came first has set its mark
    } finally {
      if (ended) await opened.discard();
    }
    return ended ? undefined : opened;
  }

  /**
   * Whether `logout()` has ended this login, though the session still has it: Horde 6 writes a row again that was deleted while one of its requests
   * ran.
   *
   * @param session Horde's `$_SESSION`
   * @param source as for `open()`
   */
  async hasEnded(session: object | undefined, source: SessionSource): Promise<boolean> {
    const ids = this.#idsOf(session, source);
    return ids !== undefined && this.#isMarked(ids.mark);
  }

  async #isMarked(mark: string): Promise<boolean> {
    const opened = await this.#open(mark, { mode: 'readonly' });
    try {
      return Object.hasOwn(opened.data, ENDED);
    } finally {
      await opened.commit(); // a login that Horde keeps alive stays ended
    }
  }

  /**
   * Removes the data, and marks the login as ended. Horde's session stays as it is: end it afterwards, by `destroy()` of the middleware.
   *
   * @param session Horde's `$_SESSION`
   * @param source as for `open()`
   */
  async logout(session: object | undefined, source: SessionSource): Promise<void> {
    const ids = this.#idsOf(session, source);
    if (ids === undefined) return;
    // The mark comes first: whoever gets the lock of the data later sees it.
    const marked = await this.#open(ids.mark, { mode: 'exclusive' });
    try {
      (marked.data as Variables)[ENDED] = Math.floor(Date.now() / 1000);
    } finally {
      await marked.commit();
    }
    const opened = await this.#open(ids.data, { mode: 'exclusive' });
    try {
      await opened.destroy();
    } finally {
      await opened.commit();
    }
  }

  async #open(id: string, how: OpenHow): Promise<OpenSession<T>> {
    this.#takesIds ??= this.#assertTakesIds();
    await this.#takesIds.catch((error) => {
      this.#takesIds = undefined; // the next request asks again
      throw error;
    });
    return this.#openAny({ get: () => id }, how);
  }

  /** Otherwise each request would begin a session under another id, which nobody finds again: data and marks would be lost without a word. */
  async #assertTakesIds(): Promise<void> {
    const id = randomBytes(32).toString('hex');
    const opened = await this.#openAny({ get: () => id }, { mode: 'exclusive' });
    const isTaken = opened.id === id;
    await opened.discard();
    if (isTaken) return;
    throw new PhpSessionError(
      'ERR_SESSION_TABLE',
      "hordeBeside(): the table takes no id of 64 characters. It must be one of Node's own, whose column of the id is long enough, and not Horde's",
    );
  }

  /**
   * The ids of two rows: of the data, and of the mark that the login has ended. The mark must not depend on the cookie: whoever has the session's id could leave
   * that out, and the login would not be ended for him.
   *
   * @returns `undefined` if nobody is logged in
   */
  #idsOf(session: object | undefined, source: SessionSource): { data: string; mark: string } | undefined {
    const horde = ownValue((session ?? {}) as Variables, 'horde');
    const values = identity.map((name) => (isMap(horde) ? ownValue(horde, name) : undefined));
    const [user, , timestamp] = values;
    if (typeof user !== 'string' || typeof timestamp !== 'number') return undefined;
    // What JSON has no type for stands in a list, so that it is like no text.
    const login = values.map((value) => {
      if (typeof value === 'bigint') return [String(value)];
      return value instanceof Uint8Array ? [...value] : (value ?? null);
    });
    return {
      data: this.#idOf([...login, readSource(source).cookie(COOKIE) ?? null]),
      mark: this.#idOf([...login, ENDED, null]), // longer than the other by one
    };
  }

  #idOf(values: readonly unknown[]): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(values)).digest('hex');
  }
}
