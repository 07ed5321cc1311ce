// What is given as `connection` by mistake, and what was meant. Never a value: it may be a password.

/** Names that others have for mysql2's options. */
const MEANT: Readonly<Record<string, string>> = {
  ...all('host', ['hostname', 'server', 'address', 'hosts', 'ip']),
  ...all('user', ['username', 'userName', 'login', 'uid']),
  ...all('password', ['pass', 'passwd', 'pwd']),
  ...all('database', ['db', 'dbname', 'dbName', 'databaseName', 'schema']),
  ...all('uri', ['url', 'URL', 'connectionString', 'connectionUri', 'dsn']),
  ...all('socketPath', ['socket', 'unix_socket', 'unixSocket']),
  ...all('ssl', ['tls', 'sslmode', 'sslMode', 'ssl-mode', 'ssl_mode', 'useSSL', 'sslaccept']),
  ...all('connectTimeout', ['acquireTimeout', 'timeout', 'connect_timeout']),
};

function all(meant: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, meant]));
}

/**
 * What to say of something that is no text and no list, as it follows the option's name.
 *
 * @returns `undefined` for options, and for a pool
 */
export function refusalOf(given: unknown): string | undefined {
  const must = 'must be connection options of mysql2, a URI or a pool of mysql2';
  if (typeof given === 'function' && ('client' in given || 'raw' in given)) return isKnex;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return must;
  if ('then' in given && typeof given.then === 'function') return 'is a promise: await it, and give what it comes to';
  if (given instanceof URL) return 'is a URL object: give its text, connection.href';
  // A PoolCluster has pools under names.
  if ('getConnection' in given) return '_nodes' in given ? 'is a PoolCluster: give a list of its servers' : undefined;
  const isConnection = 'query' in given && typeof given.query === 'function';
  if (isConnection && ('execute' in given || 'threadId' in given || 'config' in given)) {
    return 'is a connection: give the options that it was made with, as the store makes connections of its own';
  }
  if ('client' in given || 'connection' in given) return isKnex;
  if ('dialect' in given || 'sequelize' in given) {
    return 'is a configuration of Sequelize: give host, port, user (its username), password and database';
  }
  return undefined;
}

const isKnex = 'is one of knex: give the connection of its configuration';

/** What to say of a name that is no option, as it follows the name. */
export function unknownOption(name: string, known: ReadonlySet<string>): string {
  const meant = Object.hasOwn(MEANT, name) ? MEANT[name] : undefined;
  if (meant !== undefined) return `is no option of mysql2: ${meant} is meant`;
  const other = [...known].find((one) => one.toLowerCase() === name.toLowerCase());
  return `is no option of mysql2${other === undefined ? '' : `: ${other} is meant`}`;
}

/** The same for a name in the query of a URI. The message has it only if others use it: it may be what follows a `?` of the password. */
export function unknownInQuery(name: string): string {
  const meant = Object.hasOwn(MEANT, name) ? MEANT[name] : undefined;
  if (meant === 'ssl') return `with ${name}, which mysql2 does not know: ssl={} is meant, with TLS options as JSON`;
  if (meant !== undefined) return `with ${name}, which mysql2 does not know: ${meant} is meant`;
  return 'with a name that is no option of mysql2; a "?" of the password is written %3F';
}
