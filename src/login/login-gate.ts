import { createHash } from 'node:crypto';
import { isObject } from '../codec/values.ts';
import type { RowColumns } from '../stores/store.ts';
import { localPath } from './local-path.ts';
import { isUrl, type LoginOptions, type LoginSettings, readLoginOptions } from './login-options.ts';
import type { LoginClaim, LoginRefusal, LoginSession, LoginVisitor } from './login-rules.ts';

/** A request, as far as logins look at it. */
export interface LoginRequest extends Omit<LoginVisitor, 'time' | 'columns' | 'refused'> {
  readonly method: string | undefined;
  /** The path and query that the browser asked for. */
  readonly target: string | undefined;
  /** A header, by its name in small letters. */
  header(name: string): string | undefined;
}

/** Its session, by whatever middleware. */
export interface LoginSessionAccess {
  /** `$_SESSION`; another object after `lock()`. Nothing where the application has dropped it. */
  readonly data: object | null | undefined;
  readonly columns: RowColumns;
  lock(): Promise<void>;
}

/** What becomes of a request: it goes on, with a user if there is one; or it is answered. */
export type LoginOutcome<User> =
  | { readonly user: User | LoginClaim | undefined }
  | { readonly status: 401 }
  | { readonly redirect: string; readonly cookie: string };

/** How often a browser is sent from one page to the login, in so many seconds: more is a circle. */
const [MOST_REDIRECTS, WITHIN] = [10, 20];
const COUNT_COOKIE = 'php_session_bridge_login';
/** Seconds for which a remember-me cookie is not tried again. */
const RESUME_PAUSE = 600;
const RESUME_COOKIE = 'php_session_bridge_resume';

/** Who may pass, whatever the framework. */
export class LoginGate<Context, User> {
  readonly #options: LoginSettings<Context, User>;

  /** @throws TypeError for a wrong option */
  constructor(options: LoginOptions<Context, User>) {
    this.#options = readLoginOptions(options);
  }

  /**
   * @throws what `check` throws, and what the session does that cannot be read
   * @throws Error with the `status` 401 for a visitor who goes in a circle
   */
  async decide(session: LoginSessionAccess, request: LoginRequest, context: Context): Promise<LoginOutcome<User>> {
    try {
      return await this.#decide(session, request, context);
    } catch (error) {
      // Express takes `next(undefined)` and `next('route')` for something else than an error.
      throw error instanceof Error ? error : new Error('an option of loggedIn() has thrown no Error', { cause: error });
    }
  }

  async #decide(session: LoginSessionAccess, request: LoginRequest, context: Context): Promise<LoginOutcome<User>> {
    const { required, resumeUrl, loginUrl } = this.#options;
    let why: LoginRefusal | undefined;
    const claim = this.#options.claim((session.data ?? {}) as LoginSession, {
      address: request.address,
      userAgent: request.userAgent,
      forwardedFor: request.forwardedFor,
      cookie: request.cookie,
      columns: session.columns,
      time: Math.floor(Date.now() / 1000),
      refused: (reason) => {
        why = reason;
      },
    });
    if (claim !== undefined) {
      const answer = this.#options.check === undefined ? true : await this.#options.check(claim, context);
      // What a query gives that has found nobody.
      if (Array.isArray(answer)) throw new TypeError('check() of loggedIn() must give the user, and not a list');
      if (answer) return { user: answer === true ? claim : answer };
    }
    const isPage = isNavigation(request);
    if (resumeUrl !== undefined && isPage && claim === undefined && this.#mayResume(resumeUrl, request)) {
      return this.#send(resumeUrl, session, request, `${RESUME_COOKIE}=1; Max-Age=${RESUME_PAUSE}`);
    }
    if (!required) return { user: undefined };
    if (!isPage || loginUrl === undefined) return { status: 401 };
    // Of this page: a browser that restores its tabs asks for many pages.
    const page = createHash('sha256')
      .update(pathOf(request.target) ?? '')
      .digest('hex')
      .slice(0, 8);
    const [last, times] = request.cookie(COUNT_COOKIE)?.split('-') ?? [];
    const count = last === page ? Number(times) || 0 : 0;
    if (count >= MOST_REDIRECTS) throw inACircle();
    const url = typeof loginUrl === 'function' ? loginUrl(context, why) : loginUrl;
    if (!isUrl(url)) throw new TypeError('loginUrl() must give a path or a URL, in ASCII and without a #');
    return this.#send(url, session, request, `${COUNT_COOKIE}=${page}-${count + 1}; Max-Age=${WITHIN}`);
  }

  /** Whether the visitor has a remember-me cookie that was not tried yet, and is not where it is tried. */
  #mayResume(resumeUrl: string, { cookie, target }: LoginRequest): boolean {
    const { rememberCookies = [] } = this.#options;
    return (
      pathOf(resumeUrl) !== pathOf(target) &&
      cookie(RESUME_COOKIE) === undefined &&
      rememberCookies.some((name) => cookie(name) !== undefined)
    );
  }

  /** @param cookie without its attributes that are always the same */
  async #send(
    url: string,
    session: LoginSessionAccess,
    { target }: LoginRequest,
    cookie: string,
  ): Promise<LoginOutcome<User>> {
    // The login itself, behind its own gate.
    if (pathOf(url) === pathOf(target)) return { status: 401 };
    const path = localPath(target);
    const { returnParameter } = this.#options;
    if (path !== undefined && this.#options.remember !== undefined) {
      await session.lock(); // in the mode `readonly` nothing is stored without it
      if (isObject(session.data)) this.#options.remember(session.data as LoginSession, path);
    }
    const value = path && (this.#options.signReturn?.(path, Math.floor(Date.now() / 1000)) ?? path);
    const query = returnParameter && value && `${url.includes('?') ? '&' : '?'}${returnParameter}=${encoded(value)}`;
    return { redirect: `${url}${query ?? ''}`, cookie: `${cookie}; Path=/; HttpOnly; SameSite=Lax` };
  }
}

/** Whether the browser opens a page, and does not load a part of one. */
function isNavigation({ method, header }: LoginRequest): boolean {
  if (method !== 'GET') return false;
  const mode = header('sec-fetch-mode');
  if (mode !== undefined) return mode === 'navigate';
  return header('x-requested-with') === undefined && /\btext\/html\b/i.test(header('accept') ?? '');
}

function pathOf(url: string | undefined): string | undefined {
  return url?.replace(/[?#].*$/s, '');
}

function encoded(path: string): string {
  return encodeURIComponent(path).replaceAll('%2F', '/');
}

function inACircle(): Error {
  const message =
    'a visitor is sent to loginUrl again and again: the application takes him for logged in, and the claim or check of loggedIn() does not';
  return Object.assign(new Error(message), { status: 401, expose: false });
}
