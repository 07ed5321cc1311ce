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

/** One database server: options, a pool that lends them, or a URI. */
export type MysqlEndpoint = MysqlConnectionOptions | MysqlPool | string;

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

/**
 * @param given the option `connection`
 * @param schema the database of the option `table`
 * @returns at least one
 * @throws TypeError naming the option that is wrong; never its value, which may be a password
 */
export function readConnections(given: unknown, schema: string | undefined): MysqlConnectionOptions[] {
  if (!Array.isArray(given)) return [readConnection(given, 'connection')];
  if (given.length === 0) throw new TypeError('connection must be at least one server');
  const endpoints = given.map((one, i) => readConnection(one, `connection[${i}]`));
  const [first] = endpoints;
  for (const [i, { database }] of endpoints.entries()) {
    // One table in all of them, or else a session would be another one after a failover.
    if (schema === undefined && database !== first!.database) {
      throw new TypeError(`connection[${i}] must name the same database as connection[0]`);
    }
  }
  return endpoints;
}

/** Names the servers of a list, in whatever order they are preferred. */
export function serverNames(connections: readonly MysqlConnectionOptions[]): string {
  const names = connections.map(({ host = 'localhost', port = 3306, socketPath }) => socketPath ?? `${host}:${port}`);
  return names.sort().join(' ');
}

function readConnection(connection: unknown, name: string): MysqlConnectionOptions {
  if (typeof connection === 'string') return readUri(connection, name);
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw new TypeError(`${name} must be connection options of mysql2, a URI or a pool of mysql2`);
  }
  if (!('getConnection' in connection)) return pick(connection);
  // A pool of mysql2/promise has the real one inside.
  const { config } = ('pool' in connection ? connection.pool : connection) as {
    config?: { connectionConfig?: object };
  };
  if (!config?.connectionConfig) throw new TypeError(`${name} is a pool, but not one of mysql2`);
  return pick(config.connectionConfig);
}

/** The URI as mysql2 reads it: other options in the query, as JSON where they can be parsed. */
function readUri(text: string, name: string): MysqlConnectionOptions {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  if (uri === undefined || !/^(mysql|mariadb):$/.test(uri.protocol)) {
    throw new TypeError(`${name} must be a URI like mysql://user:password@host:port/database`);
  }
  const query = [...uri.searchParams].map(([key, value]) => [key, parsed(value)]);
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
