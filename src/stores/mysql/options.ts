import {
  CONNECTION_OPTIONS,
  type MysqlConnectionOptions,
  type MysqlEndpoint,
  readConnections,
} from './connection-options.ts';
import { parseTableName, quoteIdentifier, type TableName } from './identifiers.ts';
import type { NamedLock } from './named-lock.ts';
import { type RowOptions, type RowSettings, readRowOptions } from './row-options.ts';
import { readTimeZone } from './time-zone.ts';

export interface Columns {
  id: string;
  data: string;
  /** See `timeMeaning`. An integer column holds Unix seconds, TIMESTAMP a moment, DATETIME the wall clock of `timeZone`. */
  time: string;
}

export interface MysqlStoreOptions {
  /**
   * Connection options of mysql2 (`uri` too), a URI `mysql://user:password@host:port/database`, or a pool of mysql2, which lends
   * its configuration. Its connections are never used: each held session keeps one, and a pool shared with the
   * application would run dry while the application holds sessions.
   *
   * Or a list of these: the same session table on several servers of one cluster, the preferred one first. All work goes
   * to one of them at a time: to the first that can be used.
   */
  connection: MysqlEndpoint | readonly MysqlEndpoint[];
  /** Default `'session'`; `'database.table'` is allowed. */
  table?: string;
  /** Default `{ id: 'id', data: 'data', time: 'usetime' }`. */
  columns?: Partial<Columns>;
  /** For PHP applications that want more of a row: a prefix of the id or a hash of it, other ids than PHP's, values in more columns. */
  row?: RowOptions;
  /**
   * How PHP's side keeps others away from a session, which must be how Node does. Default `'row'`.
   *
   * - `'row'`: the lock of the row until COMMIT, as our PHP handler and Symfony's `PdoSessionHandler` take it
   * - a named lock (`GET_LOCK`), as CodeIgniter's handler takes it: see `codeIgniterLock`
   * - `'none'`: not at all (Horde, Drupal, Laravel and most others). Requests then have the mode `merge` unless they ask for another
   *   one: a lock that PHP does not take would keep Node from Node only, and the shorter a write, the less it loses.
   */
  lock?: 'row' | 'none' | NamedLock;
  /** Milliseconds for one `open()`: queue, connection and lock together; and again for each later call. Default 10,000. */
  timeout?: number;
  /**
   * Seconds that a session may stay locked while its holder sends no statement. Then the server ends the connection
   * (`wait_timeout`), so that a frozen process does not lock PHP out; a late commit checks that nobody else has
   * written. Default 30.
   */
  maxHold?: number;
  /**
   * Whether a server may be used that replicates from another one, though it is not read only. Default false: a replica
   * that lags behind shows old sessions, or none. For the one writer of a circular replication, or for a server that
   * replicates other tables.
   */
  allowReplica?: boolean;
  /** How many sessions this process can hold at the same time: each needs a connection. Default 10. */
  connectionLimit?: number;
  /**
   * How many requests of this process may wait for one session; more are refused with `ERR_SESSION_BUSY`. Default 256:
   * more than a browser sends at once, which over HTTP/2 is what the web server takes of one connection (100 to 128 in nginx, Apache and
   * HAProxy). Each that waits is a socket and 15 KB of memory, and neither a lock nor a connection to the database.
   */
  maxWaiters?: number;
  /**
   * For a TEXT column only: the character set of PHP's connection (`SET NAMES`, PDO's `charset=`). The server
   * converts between it and the column's, so it decides which bytes PHP sees. Default `'utf8mb4'`.
   */
  phpCharset?: string;
  /**
   * What the time column says. Default `'lastUsed'`.
   *
   * - `'lastUsed'`: when the session was last used. It lives until somebody collects it, as with PHP's files.
   * - `'expiresAt'`: when it ends, as in Symfony's `sess_lifetime` since 4.4, Yii's `expire` or express-mysql-session's
   *   `expires`. That is written as now and `gcMaxlifetime`.
   */
  timeMeaning?: 'lastUsed' | 'expiresAt';
  /**
   * For a DATETIME column only: the time zone in which PHP's side writes it, as MySQL's `time_zone` has it. DATETIME does not
   * say it, so the two sides have to agree; INT and TIMESTAMP are the same for everybody.
   *
   * - `'+02:00'`, an offset
   * - `'Europe/Berlin'`, a name, for which the server needs its time zone tables
   * - `'SYSTEM'`, the zone of the host of the server, which is that of NOW() where `@@global.time_zone` is SYSTEM
   *
   * Default: UTC on a server whose own zone is UTC. On any other the option has to be given (`ERR_SESSION_TABLE`): with the wrong zone, one side
   * takes what the other has just written for hours old, and deletes it.
   */
  timeZone?: string;
  /**
   * Whether a session that was not used for `gcMaxlifetime` counts as none when it is read, though its row is still there. It
   * should be what PHP's side does. A row without a time (NULL) does not expire. Default: true for `expiresAt`, as in Symfony and
   * Yii (but not CakePHP); false for `lastUsed`, as with PHP's files (but not in Laravel and Roundcube).
   */
  expireOnRead?: boolean;
  /**
   * PHP's `session.gc_maxlifetime`: seconds for which a session lives after it was last used. Give the value that your
   * PHP has. Default 1440, as in PHP; it has to be given where sessions end by it: with `expireOnRead` and `collectInterval`
   * for `lastUsed`.
   */
  gcMaxlifetime?: number;
  /**
   * Seconds for which a session that is used but not changed need not be touched again, so that nothing is written. PHP
   * touches at each request, which is 0 here.
   *
   * A session's time may thus be this much older than its last use, and it expires that much earlier. So this can be at
   * most a quarter of `gcMaxlifetime`. Default 60, or a twentieth of `gcMaxlifetime` if that is less.
   */
  touchInterval?: number;
  /**
   * Seconds between two collections of old sessions, by one of all processes that have this option and share the table: it does
   * what `collect(gcMaxlifetime)` does. Default 0: never, as PHP's side
   * usually does it. The processes agree on whose turn it is by a row with the id `<collector>`.
   */
  collectInterval?: number;
  /**
   * Is told why a collection failed, by a `PhpSessionError` unless it was a mistake in a program; there will be another one. Default: a
   * warning of the process.
   */
  onCollectError?(error: Error): void;
}

/** The options, checked and with their defaults. */
export interface Settings {
  /** At least one, the preferred one first. */
  connections: readonly MysqlConnectionOptions[];
  table: TableName;
  /** As they were given, for information_schema. */
  columns: Columns;
  /** Quoted, for SQL. */
  quoted: Columns;
  row: RowSettings;
  lock: 'row' | 'none' | (NamedLock & { quotedKey: string | undefined });
  timeout: number;
  maxHold: number;
  allowReplica: boolean;
  connectionLimit: number;
  maxWaiters: number;
  phpCharset: string;
  timeMeaning: 'lastUsed' | 'expiresAt';
  /** `undefined`: it was not said. */
  timeZone: string | undefined;
  expireOnRead: boolean;
  gcMaxlifetime: number;
  touchInterval: number;
  collectInterval: number;
  onCollectError(error: Error): void;
}

export const DEFAULT_TABLE = 'session';
export const DEFAULT_COLUMNS: Columns = { id: 'id', data: 'data', time: 'usetime' };

const OPTIONS: Record<keyof MysqlStoreOptions, true> = {
  connection: true,
  table: true,
  columns: true,
  row: true,
  lock: true,
  timeout: true,
  maxHold: true,
  allowReplica: true,
  connectionLimit: true,
  maxWaiters: true,
  phpCharset: true,
  timeMeaning: true,
  timeZone: true,
  expireOnRead: true,
  gcMaxlifetime: true,
  touchInterval: true,
  collectInterval: true,
  onCollectError: true,
};

/** @throws TypeError for what is neither options nor a URI alone */
export function asOptions<Options extends MysqlStoreOptions>(
  given: Options | string,
  name: string,
): Options | MysqlStoreOptions {
  if (typeof given === 'string') return { connection: given };
  if (typeof given !== 'object' || given === null || 'getConnection' in given || 'query' in given) {
    throw new TypeError(`${name}() needs options, ${name}({ connection }), or a URI alone`);
  }
  return given;
}

/**
 * @param given options, or a URI alone
 * @throws TypeError naming the option that is wrong; never its value, which may be a password
 */
export function readOptions(given: MysqlStoreOptions | string): Settings {
  const options = asOptions(given, 'mysqlStore');
  for (const name of Object.keys(options)) {
    if (name in OPTIONS) continue;
    const where = CONNECTION_OPTIONS.has(name)
      ? `, but of its connection: mysqlStore({ connection: { ${name} } })`
      : '';
    throw new TypeError(`${name} is not an option of mysqlStore()${where}`);
  }
  const columns = { ...DEFAULT_COLUMNS, ...options.columns };
  for (const name of Object.keys(columns)) {
    if (!(name in DEFAULT_COLUMNS)) throw new TypeError(`columns.${name} is not an option of mysqlStore()`);
  }
  const { phpCharset = 'utf8mb4' } = options;
  if (typeof phpCharset !== 'string' || !/^\w{1,32}$/.test(phpCharset)) {
    throw new TypeError('phpCharset must be the name of a character set');
  }
  const { allowReplica = false } = options;
  if (typeof allowReplica !== 'boolean') throw new TypeError('allowReplica must be true or false');
  const { timeMeaning = 'lastUsed' } = options;
  if (!['lastUsed', 'expiresAt'].includes(timeMeaning)) {
    throw new TypeError("timeMeaning must be 'lastUsed' or 'expiresAt'");
  }
  const expires = timeMeaning === 'expiresAt';
  const { expireOnRead = expires } = options;
  if (typeof expireOnRead !== 'boolean') throw new TypeError('expireOnRead must be true or false');
  const charset = phpCharset.toLowerCase();
  const gcMaxlifetime = number(options, 'gcMaxlifetime', 1440, 1, 2 ** 31 - 1);
  const touchInterval = number(options, 'touchInterval', Math.min(60, Math.floor(gcMaxlifetime / 20)), 0, 2 ** 31 - 1);
  if (touchInterval > gcMaxlifetime / 4) {
    throw new TypeError(`touchInterval must be at most a quarter of gcMaxlifetime, which is ${gcMaxlifetime}`);
  }
  // In milliseconds it has to fit a timer.
  const collectInterval = number(options, 'collectInterval', 0, 0, 1_000_000);
  if ((expireOnRead || collectInterval > 0) && !expires && options.gcMaxlifetime === undefined) {
    const name = expireOnRead ? 'expireOnRead' : 'collectInterval';
    throw new TypeError(`${name} needs gcMaxlifetime: how long PHP keeps its sessions`);
  }
  const { onCollectError = warn } = options;
  if (typeof onCollectError !== 'function') throw new TypeError('onCollectError must be a function');
  const table = parseTableName(options.table ?? DEFAULT_TABLE);
  return {
    connections: readConnections(options.connection, table.schema),
    table,
    columns,
    quoted: {
      id: quoteIdentifier(columns.id, 'columns.id'),
      data: quoteIdentifier(columns.data, 'columns.data'),
      time: quoteIdentifier(columns.time, 'columns.time'),
    },
    row: readRowOptions(options.row, Object.values(columns)),
    lock: readLock(options.lock ?? 'row'),
    timeout: number(options, 'timeout', 10_000, 1, 2 ** 31 - 1),
    // MySQL's wait_timeout is a number of seconds, at least 1 and at most 2147483 on Windows.
    maxHold: number(options, 'maxHold', 30, 1, 2_147_483),
    allowReplica,
    connectionLimit: number(options, 'connectionLimit', 10, 1, 100_000),
    maxWaiters: number(options, 'maxWaiters', 256, 0, 100_000),
    phpCharset: charset === 'utf8' ? 'utf8mb3' : charset,
    timeMeaning,
    timeZone: readTimeZone(options.timeZone),
    expireOnRead,
    gcMaxlifetime,
    touchInterval,
    collectInterval,
    onCollectError,
  };
}

function readLock(lock: NonNullable<MysqlStoreOptions['lock']>): Settings['lock'] {
  if (lock === 'row' || lock === 'none') return lock;
  if (typeof lock?.name !== 'function') throw new TypeError("lock must be 'row', 'none' or a named lock");
  const { key } = lock;
  return { ...lock, quotedKey: key === undefined ? undefined : quoteIdentifier(key, 'lock.key') };
}

function warn(error: Error & { code?: string }): void {
  const { code = '' } = error;
  process.emitWarning(`Old sessions were not collected: ${error.message}`, { type: 'PhpSessionBridge', code });
}

function number(options: MysqlStoreOptions, name: keyof MysqlStoreOptions, fallback: number, min: number, max: number) {
  const value = options[name] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}
