import type { SessionOptions } from '../session/options.ts';
import type { MysqlStoreOptions } from '../stores/mysql/options.ts';

/**
 * The options for the sessions of one PHP application, in two halves to be spread: `mysqlStore({ connection, ...app.store })` and
 * `phpSession({ store, ...app.session })`. What comes after a half replaces what it says. A preset of your own is an object of this type.
 */
export interface Preset {
  readonly name: string;
  /** The versions of the application for which this is right. */
  readonly versions: string;
  /** For `mysqlStore()`. */
  readonly store: Partial<Omit<MysqlStoreOptions, 'connection'>>;
  /** For `phpSession()`. */
  readonly session: Partial<Omit<SessionOptions, 'store'>>;
  /** Where the facts come from, if the application was not run with it. */
  readonly unverified?: string;
}
