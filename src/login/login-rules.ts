import type { RowColumns, Visitor } from '../stores/store.ts';

// What is known of an application's logins: the third half of a preset.

// biome-ignore lint/suspicious/noExplicitAny: PHP's side decides what is in a session
export type LoginSession = Record<string, any>;

/**
 * What the application looks at when it meets a login, beside the session:
 *
 * - `exists`: the user is still there; it loads him again at each request
 * - `enabled`: he is not blocked, or not outside of his time
 * - `password`: his password is the one of the login. `authKey`: the same for a key of his
 * - `roles`: he has the roles of the login
 * - `address`, `browser`: the visitor's, if its configuration says so
 * - `secondFactor`: whether he has passed it, where it is asked for
 */
export type Unchecked =
  | 'exists'
  | 'enabled'
  | 'password'
  | 'authKey'
  | 'roles'
  | 'address'
  | 'browser'
  | 'secondFactor';

/**
 * Why the application takes a session for nobody's in which there is a user: the visitor's address or browser is another one, the login is too old,
 * a second cookie does not fit, or the row's column names another user.
 */
export type LoginRefusal = 'address' | 'browser' | 'age' | 'cookie' | 'row';

/** What a session says of its visitor. It is a claim: the application may have deleted the user since. */
export interface LoginClaim {
  /** As the application has it: a number, or a text. */
  readonly id: string | number;
  /** The name or address that the visitor logs in with, if the session has it. */
  readonly name?: string;
  /** Laravel's guard or Symfony's firewall. */
  readonly guard?: string;
  /** When he logged in, in Unix seconds, if the session has it. */
  readonly since?: number;
  /** What the application would check now, at this request, and Node has not. */
  readonly unchecked: readonly Unchecked[];
  /**
   * Whether this is the password hash (Yii: the auth key) with which the session was made. True if the session has none: the application does not compare
   * it then. The secret itself cannot be had, so no log shows it.
   *
   * @param secret what the application's database has now
   */
  confirms(secret: string): boolean;
}

/** Whose request it is, as far as applications look at it. */
export interface LoginVisitor extends Visitor {
  /** Now, in Unix seconds. */
  readonly time: number;
  /** The header `X-Forwarded-For`, as the visitor or a proxy has sent it: to be compared with what it was at the login, and no more. */
  readonly forwardedFor?: string | undefined;
  /** Of the session's row: see the option `row.read` of `mysqlStore()`. */
  readonly columns: RowColumns;
  /** The value of a cookie. */
  cookie(name: string): string | undefined;
  /**
   * There is no visitor, as somebody asks whose session it is. What the application compares with the visitor is not compared then, so nobody may be
   * let in by it. Default false.
   */
  readonly isNobody?: boolean;
  /** Gets the reason where the application would refuse the user of a session. */
  refused?(why: LoginRefusal): void;
}

/** How an application keeps its logins. */
export interface LoginRules {
  /**
   * Who the visitor claims to be. It changes nothing, and never throws: what is not as the application writes it is nobody's session.
   *
   * @returns `undefined` if nobody is logged in
   */
  claim(session: LoginSession, visitor: LoginVisitor): LoginClaim | undefined;
  /**
   * Writes into the session where the application's login leads back to. Missing: it does not look there.
   *
   * @param path of this site: `/cart?step=2`
   */
  remember?(session: LoginSession, path: string): void;
  /** The parameter of the login's address that says the same. */
  readonly returnParameter?: string;
  /**
   * The value of that parameter, where the application takes only what it can verify. Default: the path itself.
   *
   * @param time now, in Unix seconds
   */
  signReturn?(path: string, time: number): string;
  /** The names of cookies by which the application logs a visitor in at his next request. */
  readonly rememberCookies?: readonly string[];
}
