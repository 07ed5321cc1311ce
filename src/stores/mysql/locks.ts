import { createHash } from 'node:crypto';
import { type OptionRules, readByRules, wholeNumber } from '../../option-rules.ts';

/**
 * The lock of PHP handlers that use `GET_LOCK`: a name on one server, not a row. It must be the name that PHP's side takes.
 * See `codeIgniterLock`, `symfonyLock` and `moodleLock`.
 */
export interface NamedLock {
  /**
   * The lock's name. MySQL ignores its case, and takes at most 64 characters.
   *
   * @param key the session id, or the value of the column `key`
   */
  name(key: string): string;
  /** The column whose value names the lock, if it is not the id. A session without a row is not locked then. */
  key?: string;
  /**
   * Promises that all applications use one and the same server of a cluster. Named locks are local to a server (MySQL manual,
   * "Locking Functions"), so without this they are refused on NDB Cluster, Group Replication and Galera.
   */
  singleServer?: boolean;
}

/**
 * CodeIgniter 3.1, and 4 before 4.2.11 (`DatabaseHandler`), without its option that ties sessions to an IP address. Later versions put the
 * cookie's name before the id in the row, so that it is not found by the id.
 */
export const codeIgniterLock: NamedLock = { name: (id) => createHash('md5').update(id).digest('hex') };

/** Symfony's `PdoSessionHandler` with `LOCK_ADVISORY`. */
export const symfonyLock: NamedLock = { name: (id) => id.slice(0, 64) };

/**
 * Moodle's database sessions.
 *
 * @param options `dbname` and `prefix` as in Moodle's config.php; `prefix` is `'mdl_'` by default
 */
export function moodleLock({ dbname, prefix = 'mdl_' }: { dbname: string; prefix?: string }): NamedLock {
  return { key: 'id', name: (row) => `${dbname}-${prefix}-session-${row}` };
}

/**
 * The lock of PHP applications that keep locks as rows of a table: who has it, and until when. Its columns are `key`, `owner` and
 * `expiration`, in Unix seconds. See `laravelLock`.
 */
export interface TableLock {
  /** `'locks'` or `'database.locks'`, on the server of the session table. */
  table: string;
  /** What is in the column `key`. @param id of the session */
  key(id: string): string;
  /** Seconds after which others may take the lock, though its holder has not let it go. */
  hold: number;
}

export interface LaravelLockOptions {
  /** `prefix` of config/cache.php, made of `APP_NAME`: look at the keys in the table. `'laravel-cache-'` in the skeleton of 12 and 13. */
  prefix: string;
  /** `lock_table` of the cache store. Default `'cache_locks'`. */
  table?: string;
  /** Seconds: `block_lock_seconds` of config/session.php. Default 10. */
  hold?: number;
}

/** A wrong one names another row: then PHP and Node have the lock at the same time. */
export const laravelLockRules: OptionRules<LaravelLockOptions> = {
  prefix: {
    accepts: (prefix) => typeof prefix === 'string',
    mustBe: "a text: the prefix of config/cache.php, with which the column `key` of Laravel's locks begins",
  },
  table: {
    default: 'cache_locks',
    accepts: (table) => typeof table === 'string' && table !== '',
    mustBe: 'the name of the table of locks',
  },
  hold: { default: 10, ...wholeNumber(1, 86_400, 'seconds') },
};

/**
 * Laravel's routes with `block()`, or with `block` in config/session.php, where the cache that they use is `database`.
 *
 * @throws TypeError that names a wrong option; also where `prefix` is `undefined`
 */
export function laravelLock(options: LaravelLockOptions): TableLock {
  const { prefix, table, hold } = readByRules(
    laravelLockRules,
    options,
    'laravelLock()',
  ) as Required<LaravelLockOptions>;
  return { table, hold, key: (id) => `${prefix}session:${id}` };
}
