import {
  anyFunction,
  checkedLater,
  flag,
  isOptions,
  type OptionRules,
  oneOf,
  optional,
  readByRules,
  wholeNumber,
} from '../../option-rules.ts';
import { type Encoding, isEncoding } from '../encoding.ts';
import { type LifecycleOptions, lifecycleRules } from '../lifecycle.ts';
import {
  CONNECTION_OPTIONS,
  type MysqlConnectionOptions,
  type MysqlEndpoint,
  readConnections,
} from './connection-options.ts';
import { parseTableName, quoteIdentifier, type TableName } from './identifiers.ts';
import { laravelLockRules, type NamedLock, type TableLock } from './locks.ts';
import { type RowOptions, type RowSettings, readRowOptions } from './row-options.ts';
import { readTimeZone } from './time-zone.ts';

export interface Columns {
  id: string;
  data: string;
  /** See `timeMeaning`. An integer column holds Unix seconds, TIMESTAMP a moment, DATETIME the wall clock of `timeZone`. */
  time: string;
}

export interface MysqlStoreOptions extends LifecycleOptions {
  /**
   * Connection options of mysql2 (`uri` too), a URI `mysql://user:password@host:port/database`, a pool of mysql2, or a list of these.
   * A pool lends its configuration. Its connections are never used: each held session keeps one, and a pool shared with the
   * application would run dry while the application holds sessions.
   *
   * A list is for the same session table on several servers of one cluster, the preferred one first. All work goes to one of them at a
   * time: to the first that can be used. See docs/clusters.md#several-servers
   */
  connection: MysqlEndpoint | readonly MysqlEndpoint[];
  /** The session table: `'table'` or `'database.table'`. Default `'session'`. */
  table?: string;
  /** The names of its columns. Default `{ id: 'id', data: 'data', time: 'usetime' }`. */
  columns?: Partial<Columns>;
  /**
   * For tables of PHP applications that want more of a row: a prefix or hash of the id, other ids than PHP's, values in more columns.
   * See docs/stores.md#rows-with-more-in-them
   */
  row?: RowOptions;
  /**
   * How PHP's side packs the data once more, such as `base64` of `php-session-bridge/encoded`. Default: not at all.
   * See docs/stores.md#rows-that-are-packed-once-more
   */
  encoding?: Encoding;
  /**
   * How PHP's side locks a session, so that Node locks it in the same way. Default `'row'`. See docs/locking.md#the-lock-of-the-table
   *
   * - `'row'`: the lock of the row until COMMIT, as our PHP handler and Symfony's `PdoSessionHandler` take it
   * - a named lock (`GET_LOCK`), as CodeIgniter's handler takes it: see `codeIgniterLock`
   * - a row of another table, as Laravel's routes with `block()` take it: see `laravelLock`
   * - `'none'`: not at all (Horde, Drupal, Laravel and most others). Requests then have the mode `merge` unless they ask for another
   *   one: a lock that PHP does not take would keep Node from Node only, and the shorter a write, the less it loses.
   */
  lock?: 'row' | 'none' | NamedLock | TableLock;
  /**
   * Seconds that a session stays locked while its holder sends no statement. Then the server ends the connection
   * (`wait_timeout`), so that a frozen process does not lock PHP out; a late commit checks that nobody else has
   * written. Default 30.
   */
  maxHold?: number;
  /**
   * Whether a server may be used that replicates from another one, though it is not read only. Default false: a replica
   * that lags shows old sessions, or none. See docs/clusters.md#several-servers. For the one writer of a circular replication, or for a server that
   * replicates other tables.
   */
  allowReplica?: boolean;
  /** How many sessions this process can hold at the same time: each needs a connection. Default 10. */
  connectionLimit?: number;
  /**
   * For a TEXT column only: the character set of PHP's connection (`SET NAMES`, PDO's `charset=`). The server
   * converts between it and the column's, so it decides which bytes PHP sees. Default `'utf8mb4'`.
   */
  phpCharset?: string;
  /**
   * What the time column says: when a session was last used, or when it ends. Default `'lastUsed'`. See docs/expiry.md
   *
   * - `'lastUsed'`: when the session was last used. It lives until garbage collection deletes it, as with PHP's files.
   * - `'expiresAt'`: when it ends, as in Symfony's `sess_lifetime` since 4.4, Yii's `expire` or express-mysql-session's
   *   `expires`. That is written as now and `gcMaxlifetime`.
   */
  timeMeaning?: 'lastUsed' | 'expiresAt';
  /**
   * For a DATETIME column only: the time zone in which PHP's side writes it, as MySQL's `time_zone` has it. DATETIME does not
   * say it, so the two sides have to agree. INT and TIMESTAMP need none. See docs/expiry.md#the-time-zone-of-a-datetime
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
   * Seconds for which a session lives after it was last used. Give the value that your PHP has. php.ini: `session.gc_maxlifetime`.
   * Default 1440, as in PHP; it has to be given where sessions end by it: with `expireOnRead` and `gcInterval`
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
   * Seconds between two collections of old sessions; 0 is never. One of all processes that have this option and share the table does
   * what `gc(gcMaxlifetime)` does. Default 0, as PHP's side usually collects. The processes agree on whose turn it is by a row with
   * the id `<collector>`.
   */
  gcInterval?: number;
  /**
   * Gets the error of a collection that failed: a `PhpSessionError`, unless it was a mistake in a program. The next collection comes all
   * the same. Default: a warning of the process.
   */
  onGcError?(error: Error): void;
}

/** The options, checked and with their defaults. */
export interface Settings
  extends Omit<
    Required<MysqlStoreOptions>,
    'connection' | 'table' | 'lock' | 'columns' | 'row' | 'encoding' | 'timeZone'
  > {
  /** At least one, the preferred one first. */
  readonly connections: readonly MysqlConnectionOptions[];
  readonly table: TableName;
  /** As they were given, for information_schema. */
  readonly columns: Columns;
  /** Quoted, for SQL. */
  readonly quoted: Columns;
  readonly row: RowSettings;
  readonly encoding: Encoding | undefined;
  readonly lock: 'row' | 'none' | (NamedLock & { quotedKey: string | undefined });
  /** Is taken before the lock of the row. */
  readonly tableLock: (Pick<TableLock, 'key' | 'hold'> & { readonly table: string }) | undefined;
  /** Milliseconds: the option `lockTimeout`. */
  readonly timeout: number;
  /** `gcMaxlifetime`, unless it is a default by which sessions would end. */
  readonly saidLifetime: number | undefined;
  /** `undefined`: it was not said. */
  readonly timeZone: string | undefined;
}

export const DEFAULT_TABLE = 'session';
export const DEFAULT_COLUMNS: Columns = { id: 'id', data: 'data', time: 'usetime' };

const wholeSeconds = (min: number, max: number) => wholeNumber(min, max, 'seconds');

export const mysqlRules: OptionRules<MysqlStoreOptions> = {
  connection: checkedLater,
  table: { default: DEFAULT_TABLE, ...checkedLater },
  columns: { default: DEFAULT_COLUMNS, accepts: isOptions, mustBe: 'an object' },
  row: { default: {}, accepts: isOptions, mustBe: 'an object' },
  encoding: optional(isEncoding, 'an encoding, with encode() and decode()'),
  lock: {
    default: 'row',
    accepts: (lock) => lock === 'row' || lock === 'none' || isOptions(lock),
    mustBe: "'row', 'none', a named lock or one in a table",
  },
  ...lifecycleRules,
  // MySQL's wait_timeout is a number of seconds, at least 1 and at most 2147483 on Windows.
  maxHold: { default: 30, ...wholeSeconds(1, 2_147_483) },
  connectionLimit: { default: 10, ...wholeNumber(1, 100_000) },
  allowReplica: { default: false, ...flag },
  phpCharset: {
    default: 'utf8mb4',
    accepts: (name) => typeof name === 'string' && /^\w{1,32}$/.test(name),
    mustBe: 'the name of a character set',
  },
  timeMeaning: { default: 'lastUsed', ...oneOf(['lastUsed', 'expiresAt']) },
  timeZone: checkedLater,
  gcMaxlifetime: { ini: 'session.gc_maxlifetime', default: 1440, ...wholeSeconds(1, 2 ** 31 - 1) },
  expireOnRead: { defaultFor: ({ timeMeaning }) => timeMeaning === 'expiresAt', ...flag },
  touchInterval: {
    defaultFor: ({ gcMaxlifetime = 1440 }) => Math.min(60, Math.floor(gcMaxlifetime / 20)),
    ...wholeSeconds(0, 2 ** 31 - 1),
  },
  // In milliseconds it has to fit a timer.
  gcInterval: { default: 0, ...wholeSeconds(0, 1_000_000) },
  onGcError: { default: warn, ...anyFunction },
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
  const values = readByRules(mysqlRules, options, 'mysqlStore()', ofConnection) as Required<MysqlStoreOptions>;
  const { timeMeaning, expireOnRead, gcMaxlifetime, touchInterval, gcInterval } = values;
  if (touchInterval > gcMaxlifetime / 4) {
    throw new TypeError(`touchInterval must be at most a quarter of gcMaxlifetime, which is ${gcMaxlifetime}`);
  }
  if ((expireOnRead || gcInterval > 0) && timeMeaning === 'lastUsed' && options.gcMaxlifetime === undefined) {
    const name = expireOnRead ? 'expireOnRead' : 'gcInterval';
    throw new TypeError(`${name} needs gcMaxlifetime: how long PHP keeps its sessions`);
  }
  if (gcInterval > 0 && values.row.insert === false) {
    throw new TypeError('gcInterval needs row.insert: the processes agree on whose turn it is by a row of their own');
  }
  const columns = { ...DEFAULT_COLUMNS, ...values.columns };
  for (const name of Object.keys(columns)) {
    if (!Object.hasOwn(DEFAULT_COLUMNS, name)) throw new TypeError(`columns.${name} is not an option of mysqlStore()`);
  }
  const table = parseTableName(values.table);
  const charset = values.phpCharset.toLowerCase();
  return {
    ...values,
    connections: readConnections(values.connection, table.database),
    table,
    columns,
    quoted: {
      id: quoteIdentifier(columns.id, 'columns.id'),
      data: quoteIdentifier(columns.data, 'columns.data'),
      time: quoteIdentifier(columns.time, 'columns.time'),
    },
    row: readRowOptions(values.row, Object.values(columns)),
    ...readLock(values.lock),
    timeout: values.lockTimeout * 1000,
    saidLifetime: timeMeaning === 'expiresAt' ? gcMaxlifetime : options.gcMaxlifetime,
    phpCharset: charset === 'utf8' ? 'utf8mb3' : charset,
    timeZone: readTimeZone(values.timeZone),
  };
}

/** A frequent mistake. */
function ofConnection(name: string): string {
  return CONNECTION_OPTIONS.has(name) ? `, but of its connection: mysqlStore({ connection: { ${name} } })` : '';
}

/** @throws TypeError */
function readLock(lock: NonNullable<MysqlStoreOptions['lock']>): Pick<Settings, 'lock' | 'tableLock'> {
  if (lock === 'row' || lock === 'none') return { lock, tableLock: undefined };
  if ('table' in lock) {
    const { table, hold } = lock;
    if (typeof lock.key !== 'function') throw new TypeError('lock.key must be a function');
    const { accepts, mustBe } = laravelLockRules.hold;
    if (!accepts(hold)) throw new TypeError(`lock.hold must be ${mustBe}`);
    const quoted = parseTableName(table, 'lock.table').quoted;
    return { lock: 'row', tableLock: { table: quoted, hold, key: (id) => lock.key(id) } };
  }
  const { key, singleServer = false } = lock;
  if (typeof lock.name !== 'function') throw new TypeError('lock.name must be a function');
  const quotedKey = key === undefined ? undefined : quoteIdentifier(key, 'lock.key');
  return { lock: { name: (of) => lock.name(of), singleServer, quotedKey }, tableLock: undefined }; // it may be an instance of a class
}

function warn(error: Error & { code?: string }): void {
  const { code = '' } = error;
  process.emitWarning(`Old sessions were not collected: ${error.message}`, { type: 'PhpSessionBridge', code });
}
