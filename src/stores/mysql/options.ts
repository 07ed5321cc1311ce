import { parseTableName, quoteIdentifier, type TableName } from './identifiers.ts';

/**
 * Where the database is: the connection options of mysql2 that this store takes over. Options that change how
 * values come back (`typeCast`, `flags`, `charset`, …) are not among them, as the store sets these itself.
 */
export interface MysqlConnectionOptions {
  host?: string | undefined;
  port?: number | undefined;
  socketPath?: string | undefined;
  localAddress?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  password1?: string | undefined;
  password2?: string | undefined;
  password3?: string | undefined;
  passwordSha1?: unknown;
  database?: string | undefined;
  ssl?: unknown;
  connectTimeout?: number | undefined;
  connectAttributes?: unknown;
  authPlugins?: unknown;
  insecureAuth?: boolean | undefined;
  enableCleartextPlugin?: boolean | undefined;
  enableKeepAlive?: boolean | undefined;
  keepAliveInitialDelay?: number | undefined;
  compress?: boolean | undefined;
  disableEval?: boolean | undefined;
  stream?: unknown;
}

/** A pool of mysql2 (or mysql2/promise). */
export interface MysqlPool {
  getConnection(...parameters: never[]): unknown;
}

export interface Columns {
  id: string;
  data: string;
  /** When the session was last used: an integer column holds Unix seconds, TIMESTAMP and DATETIME hold UTC. */
  time: string;
}

export interface MysqlStoreOptions {
  /**
   * Connection options of mysql2, a URI `mysql://user:password@host:port/database`, or a pool of mysql2, which lends
   * its configuration. Its connections are never used: each held session keeps one, and a pool shared with the
   * application would run dry while the application holds sessions.
   */
  connection: MysqlConnectionOptions | MysqlPool | string;
  /** Default `'session'`; `'database.table'` is allowed. */
  table?: string;
  /** Default `{ id: 'id', data: 'data', time: 'usetime' }`. */
  columns?: Partial<Columns>;
  /** Milliseconds for one `open()`: queue, connection and lock together; and again for each later call. Default 10,000. */
  timeout?: number;
  /**
   * Seconds that a session may stay locked while its holder sends no statement. Then the server ends the connection
   * (`wait_timeout`), so that a frozen process does not lock PHP out; a late commit checks that nobody else has
   * written. Default 30.
   */
  maxHold?: number;
  /** How many sessions this process can hold at the same time: each needs a connection. Default 10. */
  connectionLimit?: number;
  /**
   * How many requests of this process may wait for one session; more are refused with `ERR_SESSION_BUSY`. Default 16:
   * above what a browser opens to a host over HTTP/1.1 (6), far below what one client can send over HTTP/2 to keep
   * others from being served (100 streams).
   */
  maxWaiters?: number;
  /**
   * For a TEXT column only: the character set of PHP's connection (`SET NAMES`, PDO's `charset=`). The server
   * converts between it and the column's, so it decides which bytes PHP sees. Default `'utf8mb4'`.
   */
  phpCharset?: string;
  /**
   * PHP's `session.gc_maxlifetime`: seconds for which a session lives after it was last used. Give the value that your
   * PHP has. Default 1440, as in PHP.
   */
  gcMaxlifetime?: number;
  /**
   * Seconds for which a session that is used but not changed need not be touched again: it then costs two round trips
   * instead of three, and no write. PHP touches at each request, which is 0 here.
   *
   * A session's time may thus be this much older than its last use, and it expires that much earlier. So this can be at
   * most a quarter of `gcMaxlifetime`. Default 60, or a twentieth of `gcMaxlifetime` if that is less.
   */
  touchInterval?: number;
}

/** The options, checked and with their defaults. */
export interface Settings {
  connection: MysqlConnectionOptions;
  table: TableName;
  /** As they were given, for information_schema. */
  columns: Columns;
  /** Quoted, for SQL. */
  quoted: Columns;
  timeout: number;
  maxHold: number;
  connectionLimit: number;
  maxWaiters: number;
  phpCharset: string;
  gcMaxlifetime: number;
  touchInterval: number;
}

export const DEFAULT_TABLE = 'session';
export const DEFAULT_COLUMNS: Columns = { id: 'id', data: 'data', time: 'usetime' };

const CONNECTION_OPTIONS = [
  'host',
  'port',
  'socketPath',
  'localAddress',
  'user',
  'password',
  'password1',
  'password2',
  'password3',
  'passwordSha1',
  'database',
  'ssl',
  'connectTimeout',
  'connectAttributes',
  'authPlugins',
  'insecureAuth',
  'enableCleartextPlugin',
  'enableKeepAlive',
  'keepAliveInitialDelay',
  'compress',
  'disableEval',
  'stream',
] as const satisfies (keyof MysqlConnectionOptions)[];

const OPTIONS: Record<keyof MysqlStoreOptions, true> = {
  connection: true,
  table: true,
  columns: true,
  timeout: true,
  maxHold: true,
  connectionLimit: true,
  maxWaiters: true,
  phpCharset: true,
  gcMaxlifetime: true,
  touchInterval: true,
};

/** @throws TypeError naming the option that is wrong; never its value, which may be a password */
export function readOptions(options: MysqlStoreOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('mysqlStore() needs options');
  for (const name of Object.keys(options)) {
    if (!(name in OPTIONS)) throw new TypeError(`${name} is not an option of mysqlStore()`);
  }
  const columns = { ...DEFAULT_COLUMNS, ...options.columns };
  for (const name of Object.keys(columns)) {
    if (!(name in DEFAULT_COLUMNS)) throw new TypeError(`columns.${name} is not an option of mysqlStore()`);
  }
  const { phpCharset = 'utf8mb4' } = options;
  if (typeof phpCharset !== 'string' || !/^\w{1,32}$/.test(phpCharset)) {
    throw new TypeError('phpCharset must be the name of a character set');
  }
  const charset = phpCharset.toLowerCase();
  const gcMaxlifetime = number(options, 'gcMaxlifetime', 1440, 1, 2 ** 31 - 1);
  const touchInterval = number(options, 'touchInterval', Math.min(60, Math.floor(gcMaxlifetime / 20)), 0, 2 ** 31 - 1);
  if (touchInterval > gcMaxlifetime / 4) {
    throw new TypeError(`touchInterval must be at most a quarter of gcMaxlifetime, which is ${gcMaxlifetime}`);
  }
  return {
    connection: readConnection(options.connection),
    table: parseTableName(options.table ?? DEFAULT_TABLE),
    columns,
    quoted: {
      id: quoteIdentifier(columns.id, 'columns.id'),
      data: quoteIdentifier(columns.data, 'columns.data'),
      time: quoteIdentifier(columns.time, 'columns.time'),
    },
    timeout: number(options, 'timeout', 10_000, 1, 2 ** 31 - 1),
    // MySQL's wait_timeout is a number of seconds, at least 1 and at most 2147483 on Windows.
    maxHold: number(options, 'maxHold', 30, 1, 2_147_483),
    connectionLimit: number(options, 'connectionLimit', 10, 1, 100_000),
    maxWaiters: number(options, 'maxWaiters', 16, 0, 100_000),
    phpCharset: charset === 'utf8' ? 'utf8mb3' : charset,
    gcMaxlifetime,
    touchInterval,
  };
}

function number(options: MysqlStoreOptions, name: keyof MysqlStoreOptions, fallback: number, min: number, max: number) {
  const value = options[name] ?? fallback;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function readConnection(connection: unknown): MysqlConnectionOptions {
  if (typeof connection === 'string') return readUri(connection);
  if (typeof connection !== 'object' || connection === null) {
    throw new TypeError('connection must be connection options of mysql2, a URI or a pool of mysql2');
  }
  if (!('getConnection' in connection)) return pick(connection);
  // A pool of mysql2/promise has the real one inside.
  const { config } = ('pool' in connection ? connection.pool : connection) as {
    config?: { connectionConfig?: object };
  };
  if (!config?.connectionConfig) throw new TypeError('connection is a pool, but not one of mysql2');
  return pick(config.connectionConfig);
}

/** The URI as mysql2 reads it: other options in the query, as JSON where they can be parsed. */
function readUri(text: string): MysqlConnectionOptions {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  if (uri === undefined || !/^(mysql|mariadb):$/.test(uri.protocol)) {
    throw new TypeError('connection must be a URI like mysql://user:password@host:port/database');
  }
  const query = [...uri.searchParams].map(([name, value]) => [name, parsed(value)]);
  return pick({
    ...Object.fromEntries(query),
    host: decodeURIComponent(uri.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: uri.port === '' ? undefined : Number(uri.port),
    user: decodeURIComponent(uri.username),
    password: decodeURIComponent(uri.password),
    database: decodeURIComponent(uri.pathname.slice(1)) || undefined,
  });
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function pick(given: object): MysqlConnectionOptions {
  const source = given as Record<string, unknown>;
  const known = CONNECTION_OPTIONS.filter((name) => source[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, source[name]]));
}
