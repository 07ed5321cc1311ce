import { anyFunction, flag, isOptions, type OptionRules, optional, readByRules } from '../option-rules.ts';
import type { LoginClaim, LoginRefusal, LoginRules } from './login-rules.ts';

/** The options of `loggedIn()`: `{ ...app.login, check }`, with the rules of a preset. */
export interface LoginOptions<Context, User> extends LoginRules {
  /**
   * Asks the application's database for the user whom a session claims: whether he is still there, may log in, and has the password of the login
   * (`claim.unchecked`, `claim.confirms()`). Its result is the user, and no list; `true` stands for the claim itself. Anything false is nobody.
   */
  check?(claim: LoginClaim, context: Context): User | Nobody | true | Promise<User | Nobody | true>;
  /**
   * Takes the session's word for it, instead of `check`: the claim is the user then. Who was deleted, blocked, or has a new password stays logged in on
   * these pages, until his session ends. Default false.
   */
  trustRow?: boolean;
  /** Whether nobody else gets through. Default false: the page is for all, and knows who is logged in. */
  required?: boolean;
  /**
   * The application's login: a path or a URL, or a function that gets the reason too, if the application takes a session for nobody's in which there is a
   * user. Where `required`, a visitor who opens a page is sent there and, as far as the application does that, back. Default: he gets 401, as other requests do.
   */
  loginUrl?: string | ((context: Context, refused: LoginRefusal | undefined) => string);
  /**
   * A page of the application that logs a visitor in by his remember-me cookie and leads back. A visitor who has such a cookie and is not logged in is
   * sent there once. Default: he is sent to the login, where one is `required`. See docs/logins.md#a-remember-me-cookie
   */
  resumeUrl?: string;
}

type Nobody = false | null | undefined;

export type LoginSettings<Context, User> = LoginOptions<Context, User> & { readonly required: boolean };

/** What can stand in the header `Location`. */
export const isUrl = (url: unknown): url is string => typeof url === 'string' && /^[!"$-~]+$/.test(url);

const mustBeUrl = 'a path or a URL, in ASCII and without a #';

const rules: OptionRules<LoginOptions<never, unknown>> = {
  claim: { ...anyFunction, mustBe: 'that of a preset: loggedIn({ ...app.login, check })' },
  remember: optional((it) => anyFunction.accepts(it), anyFunction.mustBe),
  returnParameter: optional((it) => typeof it === 'string' && it !== '', 'the name of a parameter'),
  signReturn: optional((it) => anyFunction.accepts(it), anyFunction.mustBe),
  rememberCookies: optional(
    (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
    'a list of names',
  ),
  check: optional((it) => anyFunction.accepts(it as never), anyFunction.mustBe),
  trustRow: { default: false, ...flag },
  required: { default: false, ...flag },
  loginUrl: optional((url) => typeof url === 'function' || isUrl(url), `${mustBeUrl}, or a function`),
  resumeUrl: optional(isUrl, mustBeUrl),
};

/** @throws TypeError that names what is wrong */
export function readLoginOptions<Context, User>(options: LoginOptions<Context, User>): LoginSettings<Context, User> {
  if (!isOptions(options)) throw new TypeError('loggedIn() needs an object with its options');
  const given = readByRules(rules, options as LoginOptions<never, unknown>, 'loggedIn()');
  if (given.check !== undefined && given.trustRow) {
    throw new TypeError('loggedIn() takes check or trustRow, and not both');
  }
  if (given.check === undefined && !given.trustRow) {
    throw new TypeError(
      "loggedIn() needs check, which asks the application's database for the user: a session of a deleted user still claims to be his. trustRow: true goes without",
    );
  }
  return given as LoginSettings<Context, User>;
}
