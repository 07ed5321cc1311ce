import { PhpSessionError } from '../../errors.ts';

/**
 * What this store uses of mysql2 (its callback interface: a promise less for each statement). Structural types, so
 * that the published declarations compile where mysql2 is not installed.
 */
export interface Driver {
  /** Begins to connect; how that ends, the first statement tells. */
  createConnection(options: object): DriverConnection;
}

export interface DriverConnection {
  execute(sql: string, values: readonly unknown[], callback: DriverCallback): void;
  query(sql: string | { sql: string; rowsAsArray: false }, values: null, callback: DriverCallback): void;
  end(callback: (error: unknown) => void): void;
  destroy(): void;
  on(event: 'error' | 'end', listener: () => void): void;
  readonly stream?: { destroy?(): void };
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
