import type { SessionData } from '../codec/index.ts';
import { type OptionRules, optional, readByRules, seconds } from '../option-rules.ts';
import { idOf } from '../session/cookie-encoding.ts';
import { toHttp } from '../session/http-error.ts';
import { modeOf, type RequestMode, type SessionOptions, sessionRules, settings } from '../session/options.ts';
import { type Callbacks, callbacks } from './callback-application.ts';
import { OpenSession } from './open-session.ts';
import { type CookieJar, readSource, type SessionSource } from './session-source.ts';

/**
 * The options of `phpSession()`; `mode` may be a function of what the session is opened from, and `discardOnError` means nothing here.
 * `onError` prints by default.
 */
export interface SessionOpenerOptions extends SessionOptions, Partial<Callbacks<SessionSource>> {
  /**
   * Seconds from opening a session to its `commit()` or `discard()`. After them its lock is freed, and `ERR_SESSION_NOT_COMMITTED` goes to
   * `onError`. Default 30, as the store's `maxHold`.
   */
  commitWithin?: number;
}

/** What one call of `openSession()` says besides the source. */
export interface OpenHow {
  /** Default: the option `mode`. */
  mode?: RequestMode;
  /** Gives up waiting for the lock, with the signal's reason. Default: the `signal` of the request, if it has one. */
  signal?: AbortSignal;
  /** Where `commit()` sets the cookie, besides the headers that it returns. Default: the source, where it has `set()`. */
  cookies?: Pick<Required<CookieJar>, 'set'>;
  /** The client's address, for stores that keep it. Default: that of the request's socket. */
  address?: string;
}

/**
 * Opens the session of a request, in PHP's order: `session_start()`. Read the request's body before: the session may hold the lock.
 *
 * @throws PhpSessionError with `status` and `headers` of the answer: what the store throws; the reason of the signal
 * @throws TypeError for a wrong argument
 */
export type SessionOpener<T extends object = SessionData> = (
  source: SessionSource,
  how?: OpenHow,
) => Promise<OpenSession<T>>;

const openerRules: OptionRules<{ commitWithin: number }> = {
  commitWithin: { default: 30, ...seconds(0.001, 2_147_483) },
};

const howRules: OptionRules<OpenHow> = {
  mode: optional((mode) => typeof mode === 'string' && sessionRules.mode.accepts(mode), 'the name of a mode'),
  signal: optional((signal) => signal instanceof AbortSignal, 'an AbortSignal'),
  cookies: optional((cookies) => typeof cookies?.set === 'function', 'an object with set(name, value, attributes)'),
  address: optional((address) => typeof address === 'string', 'a string'),
};

/**
 * For code without a middleware: route handlers and server actions of Next.js, hooks of SvelteKit, loaders of React Router, contexts of
 * tRPC, WebSockets, scripts. Checks the options once, and gives the function that opens sessions.
 *
 * @throws TypeError for a wrong option, at once
 * @example
 * export const openSession = sessionOpener({ store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) });
 *
 * export async function GET(request) {
 *   await using session = await openSession(request);
 *   session.data.count = (session.data.count ?? 0) + 1;
 *   return new Response(`Visit ${session.data.count}`, { headers: await session.commit() });
 * }
 */
export function sessionOpener<T extends object = SessionData>(options: SessionOpenerOptions): SessionOpener<T> {
  const { onError, onGone, onConflictDecided, commitWithin: given, ...others } = options ?? {};
  const config = settings(others as SessionOptions, 'sessionOpener()');
  if (!config.useOnlyCookies) throw new TypeError('useOnlyCookies: sessionOpener() takes the id from cookies only');
  const { commitWithin } = readByRules(openerRules, { commitWithin: given as number }, 'sessionOpener()');
  const told = callbacks<SessionSource>({ onError, onGone, onConflictDecided }, (error) => console.error(error));
  return async function openSession(source, how = {}) {
    const { mode = modeOf(config, source), signal, cookies, address } = readByRules(howRules, how, 'openSession()');
    const facts = readSource(source);
    const session = new OpenSession<T>({
      settings: config,
      mode,
      cookie: idOf(config, facts.cookie(config.name)),
      idleCookie: config.idleCookie && facts.cookie(config.idleCookie.name),
      visitor: { userAgent: facts.userAgent, address: address ?? facts.address },
      jar: cookies ?? facts.jar,
      listener: {
        onGone: () => told.onGone(source),
        onConflict: (paths) => told.onConflictDecided(paths, source),
        onError: (error) => told.onError(error, source),
      },
      report: (error) => told.onError(error, source),
      commitWithin,
    });
    try {
      await session.open(signal ?? facts.signal);
    } catch (error) {
      throw toHttp(error);
    }
    return session;
  };
}
