import type { LoginRules } from '../login/login-rules.ts';
import type { SessionOptions } from '../session/options.ts';
import type { MysqlStoreOptions } from '../stores/mysql/options.ts';

/**
 * The options for the sessions of one PHP application, in parts to be spread: `mysqlStore({ connection, ...app.store })`,
 * `phpSession({ store, ...app.session })` and `loggedIn({ ...app.login, check })`. What comes after a part replaces what it says. A preset of your own
 * is an object of this type.
 */
export interface Preset {
  readonly name: string;
  /** The versions of the application for which this is right. */
  readonly versions: string;
  /** For `mysqlStore()`. */
  readonly store: Partial<Omit<MysqlStoreOptions, 'connection'>>;
  /** For `phpSession()`. */
  readonly session: Partial<Omit<SessionOptions, 'store'>>;
  /** For `loggedIn()` and `whoIsLoggedIn()`: who is logged in, where the application itself says that. */
  readonly login?: LoginRules;
  /** Where the facts come from, if the application was not run with it. */
  readonly unverified?: string;
}

/** One that can tell who is logged in. */
export interface PresetWithLogin extends Preset {
  readonly login: LoginRules;
}
