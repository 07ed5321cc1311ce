import { PhpSessionError } from '../../errors.ts';

/**
 * What this store uses of mysql2 (its callback interface: a promise less for each statement). Structural types, so
 * that the published declarations compile where mysql2 is not installed.
 *
 * `query()` and `execute()` are not among it: since 3.20 they publish each statement with its values, ids and sessions that is, on
 * the channels of `node:diagnostics_channel` (lib/tracing.js), and agents that watch an application log what comes there.
 */
export interface Driver {
  /** Begins to connect; how that ends, the first statement tells. */
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

/**
 * Loads the optional peer when the first session is opened.
 *
 * @throws PhpSessionError `ERR_SESSION_UNAVAILABLE` when mysql2 is not installed
 */
export async function loadDriver(): Promise<Driver> {
  try {
    const module: unknown = await import('mysql2');
    // A CommonJS module seen from an ES module has its exports under `default`.
    return ((module as { default?: Driver }).default ?? module) as Driver;
  } catch (cause) {
    throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'mysqlStore() needs the package mysql2: npm install mysql2', {
      cause,
    });
  }
}
