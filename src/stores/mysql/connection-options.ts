import { refusalOf, unknownInQuery, unknownOption } from './connection-mistakes.ts';

/**
 * Where the database is: the connection options of mysql2 that this store takes over. Options that change how
 * values come back (`typeCast`, `flags`, `charset`, …) may be there, and have no effect, as the store sets these itself.
 */
export interface MysqlConnectionOptions {
  /** `mysql://user:password@host:port/database`; what is given beside it counts more. */
  uri?: string | undefined;
  host?: string | undefined;
  port?: number | string | undefined;
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
  /** A function that makes a stream: each connection needs its own. */
  stream?: unknown;
}

/** A pool of mysql2 (or mysql2/promise). */
export interface MysqlPool {
  getConnection(...parameters: never[]): unknown;
}

/** One database server: options, a pool that lends them, or a URI. */
export type MysqlEndpoint = MysqlConnectionOptions | MysqlPool | string;

/** Options that are text. At least one of them must say where the database is, or which user connects. */
const TEXTS = [
  'host',
  'socketPath',
  'localAddress',
  'user',
  'password',
  'password1',
  'password2',
  'password3',
  'database',
] as const;

const TAKEN = [
  ...TEXTS,
  'port',
  'passwordSha1',
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

/** What mysql2 knows besides, of its connections and its pools (`validOptions` in lib/connection_config.js): without effect here. */
const WITHOUT_EFFECT = [
  ...['authSwitchHandler', 'bigNumberStrings', 'charset', 'charsetNumber', 'dateStrings', 'debug', 'decimalNumbers'],
  ...['flags', 'infileStreamFactory', 'isServer', 'jsonStrings', 'maxPreparedStatements', 'multipleStatements'],
  ...['namedPlaceholders', 'nestTables', 'pool', 'queryFormat', 'rowsAsArray', 'stringifyObjects', 'supportBigNumbers'],
  ...['timezone', 'trace', 'typeCast', 'connectionLimit', 'maxIdle', 'idleTimeout', 'Promise', 'queueLimit'],
  ...['resetOnRelease', 'waitForConnections', 'gracefulEnd'],
];

/** Names that are options of a connection. */
export const CONNECTION_OPTIONS: ReadonlySet<string> = new Set([...TAKEN, 'uri', ...WITHOUT_EFFECT]);

/**
 * @param given the option `connection`
 * @param databaseOfTable the database of the option `table`
 * @returns at least one
 * @throws TypeError naming the option that is wrong; never its value, which may be a password
 */
export function readConnections(given: unknown, databaseOfTable: string | undefined): MysqlConnectionOptions[] {
  if (!Array.isArray(given)) return [readConnection(given, 'connection')];
  if (given.length === 0) throw new TypeError('connection must be at least one server');
  const endpoints = given.map((one, i) => readConnection(one, `connection[${i}]`));
  const [first] = endpoints;
  for (const [i, { database }] of endpoints.entries()) {
    // One table in all of them, or else a session would be another one after a failover.
    if (databaseOfTable === undefined && database !== first!.database) {
      throw new TypeError(`connection[${i}] must name the same database as connection[0]`);
    }
  }
  return endpoints;
}

/** Names the servers of a list, in whatever order they are preferred. */
export function serverNames(connections: readonly MysqlConnectionOptions[]): string {
  return connections.map(serverName).sort().join(' ');
}

/** `host:port`, or the path of the socket. */
export function serverName({ host = 'localhost', port = 3306, socketPath }: MysqlConnectionOptions): string {
  return socketPath ?? `${host}:${port}`;
}

function readConnection(connection: unknown, name: string): MysqlConnectionOptions {
  if (typeof connection === 'string') return checked(readUri(connection, name), name);
  const refusal = refusalOf(connection);
  if (refusal !== undefined) throw new TypeError(`${name} ${refusal}`);
  const given = connection as object;
  if (!('getConnection' in given)) return readObject(given as MysqlConnectionOptions, name);
  // A pool of mysql2/promise has the real one inside.
  const { config } = ('pool' in given ? given.pool : given) as { config?: { connectionConfig?: object } };
  if (!config?.connectionConfig) throw new TypeError(`${name} is a pool, but not one of mysql2`);
  return pick(config.connectionConfig);
}

function readObject(given: MysqlConnectionOptions, name: string): MysqlConnectionOptions {
  // As in mysql2, what is there without a value is not there.
  const names = Object.keys(given).filter((key) => given[key as keyof MysqlConnectionOptions] !== undefined);
  for (const key of names) {
    if (!CONNECTION_OPTIONS.has(key)) throw new TypeError(`${name}.${key} ${unknownOption(key, CONNECTION_OPTIONS)}`);
  }
  const { uri } = given;
  if (!uri) return checked(pick(given), name);
  if (typeof uri !== 'string') throw new TypeError(`${name}.uri must be text`);
  const beside = Object.entries(pick(given)).filter(([, value]) => value);
  return checked({ ...readUri(uri, `${name}.uri`), ...Object.fromEntries(beside) }, name);
}

/** The URI as mysql2 reads it: other options in the query, as JSON where they can be parsed. */
function readUri(text: string, name: string): MysqlConnectionOptions {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  if (uri === undefined || !/^(mysql|mariadb):$/.test(uri.protocol) || /%(?![0-9a-f]{2})/i.test(text)) {
    throw new TypeError(
      `${name} must be a URI like mysql://user:password@host:port/database, with special characters as %40 and so on`,
    );
  }
  const query = [...uri.searchParams].map(([key, value]) => [key, parsed(value)] as const);
  for (const [key] of query) {
    if (!CONNECTION_OPTIONS.has(key)) throw new TypeError(`${name} has a query ${unknownInQuery(key)}`);
  }
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
  const known = TAKEN.filter((name) => source[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, source[name]]));
}

/** What mysql2 finds out when it connects, or never. */
function checked(options: MysqlConnectionOptions, name: string): MysqlConnectionOptions {
  const must = (isRight: boolean, option: string, what: string) => {
    if (!isRight) throw new TypeError(`${name}.${option} must be ${what}`);
  };
  const { port, ssl, stream } = options;
  const says = [...TEXTS, 'port', 'stream', 'passwordSha1'] as const;
  if (!says.some((option) => options[option])) {
    throw new TypeError(
      `${name} names neither the database nor a user: give host (or socketPath), user, password and database. Are all variables of the environment set?`,
    );
  }
  for (const option of TEXTS)
    must(['string', 'undefined'].includes(typeof (options[option] ?? undefined)), option, 'text');
  if (port)
    must(
      /^[0-9]+$/.test(String(port)) && Number(port) > 0 && Number(port) < 65_536,
      'port',
      'a number from 1 to 65535',
    );
  must(
    !ssl || typeof ssl === 'object' || typeof ssl === 'string',
    'ssl',
    "an object of Node's TLS options, {} at least, or the name of a profile of mysql2",
  );
  must(
    !stream || typeof stream === 'function',
    'stream',
    'a function that makes a stream, as each connection needs its own',
  );
  return options;
}
