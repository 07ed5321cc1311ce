import mysql2 from 'mysql2';
import { PhpSessionError } from '../../errors.ts';

/**
 * What this store uses of mysql2 (its callback interface: a promise less for each statement). Structural types, so
 * that the published declarations compile where mysql2 is not installed.
 *
 * `query()` and `execute()` are not among it: since 3.20 they publish each statement with its values, ids and sessions that is, on
 * the channels of `node:diagnostics_channel` (lib/tracing.js), and agents that watch an application log what comes there.
 */
export interface Driver {
  /** Begins to connect. If that fails, the first statement fails. */
  createConnection(options: object): DriverConnection;
  /** A text for the server, which `addCommand()` sends. */
  createQuery(options: QueryOptions, values: null, callback: DriverCallback, config: object): DriverQuery;
}

export interface DriverConnection {
  /** Gives the statement that this connection has prepared already, if there is one. */
  prepare(sql: string, callback: (error: unknown, statement: DriverStatement) => void): void;
  addCommand(command: DriverQuery): void;
  end(callback: (error: unknown) => void): void;
  destroy(): void;
  on(event: 'error' | 'end', listener: () => void): void;
  readonly stream?: { destroy?(): void; readonly errored?: unknown };
}

export interface DriverStatement {
  execute(values: readonly unknown[], callback: DriverCallback): void;
}

export interface DriverQuery {
  /** Is called for each statement of the text that is done and gives no rows. */
  on(event: 'result', listener: () => void): void;
}

export interface QueryOptions {
  readonly sql: string;
  readonly rowsAsArray: boolean;
}

/** `result`: rows as arrays, or what a writing statement reports. */
export type DriverCallback = (error: unknown, result: unknown) => void;

/** The oldest that the package's peer range admits: older ones have known holes. */
const LOWEST = [3, 23, 1] as const;

/** mysql2. It is imported as all else is, so that Node says at once if it is not installed, and bundlers find it. */
export const driver: Driver = mysql2 as unknown as Driver;

/**
 * Called when a store is made, so that it is not the first request that fails.
 *
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when mysql2 is too old
 */
export function assertDriver(): void {
  const version = versionOf(mysql2 as { ConnectionConfig?: Config });
  if (version !== undefined && isFrom(version, LOWEST)) return;
  throw new PhpSessionError(
    'ERR_SESSION_UNAVAILABLE',
    `mysqlStore() needs mysql2 ${LOWEST.join('.')} or later, and finds ${version ?? 'an older one'}: npm install mysql2@latest`,
  );
}

type Config = new (options: object) => { connectAttributes?: { _client_version?: unknown } };

/** mysql2 exports no version, but sends it to servers. Its package.json may be missing in a bundle. */
function versionOf({ ConnectionConfig }: { ConnectionConfig?: Config }): string | undefined {
  const version = ConnectionConfig && new ConnectionConfig({}).connectAttributes?._client_version;
  return typeof version === 'string' ? version : undefined;
}

function isFrom(version: string, lowest: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  const first = lowest.findIndex((part, index) => part !== parts[index]);
  return first < 0 || parts[first]! > lowest[first]!;
}
