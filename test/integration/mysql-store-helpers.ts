import { type Connection, createConnection } from 'mysql2/promise';
import { KeyedMutex } from '../../src/stores/keyed-mutex.ts';
import type { MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { MysqlStore } from '../../src/stores/mysql/store.ts';
import type { SessionStore } from '../../src/stores/store.ts';

export interface Server {
  host: string;
  port: number;
  user: string;
  password: string;
}

export function testServer(): Server {
  const { PSB_TEST_MYSQL: server } = process.env;
  if (server === undefined) throw new Error('PSB_TEST_MYSQL is not set: run Jest with its globalSetup');
  return JSON.parse(server);
}

/** Makes a store that only the database keeps apart from the others. */
export function asInAnotherProcess<T>(make: () => T): T {
  const { mutex } = MysqlStore;
  MysqlStore.mutex = new KeyedMutex();
  try {
    return make();
  } finally {
    MysqlStore.mutex = mutex;
  }
}

/** Whether `npm run test:clusters` runs these tests on NDB Cluster, where reads of TEXT and BLOB may wait for a lock. */
export const onNdb: boolean = JSON.parse(process.env.PSB_TEST_ENGINE ?? '{}').name === 'ndb';

/** The table of the MySQL Cluster article (docs/experiments.md), as printed there. */
export const articleTable = (name: string): string =>
  `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP)`;

/** A connection of the test itself, independent of the store. */
export class Witness {
  readonly connection: Connection;

  private constructor(connection: Connection) {
    this.connection = connection;
  }

  static async connect({ host, port, user, password }: Server = testServer()): Promise<Witness> {
    const server = { host, port, user, password, database: 'test' };
    return new Witness(await createConnection({ ...server, multipleStatements: true }));
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, never>[]> {
    const [rows] = await this.connection.query(sql, values);
    return rows as Record<string, never>[];
  }

  /** Makes the table anew. */
  async table(name: string, create: string): Promise<void> {
    await this.query(`DROP TABLE IF EXISTS ${name}; ${create}`);
  }

  end(): Promise<void> {
    return this.connection.end();
  }
}

/** It touches each time, unless the options say something else. */
export function storeOn(table: string, options: Partial<MysqlStoreOptions> = {}): SessionStore {
  return mysqlStore({ connection: { ...testServer(), database: 'test' }, table, touchInterval: 0, ...options });
}

export const utf8Bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
