import { createConnection } from 'mysql2/promise';
import { createTableSql, type MysqlStoreOptions, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import type { Endpoint, EngineName } from '../../tools/services/engines.mjs';

export interface EngineUnderTest {
  name: EngineName;
  tableEngine: string;
  /** The SQL nodes, in the order in which they should be asked. */
  endpoints: Endpoint[];
}

/** The engine that tools/clusters.mjs has started. */
export function engineUnderTest(): EngineUnderTest {
  const { PSB_TEST_ENGINE: engine } = process.env;
  if (engine === undefined) throw new Error('PSB_TEST_ENGINE is not set: use `npm run test:clusters`');
  return JSON.parse(engine);
}

/**
 * The servers of an engine that may be written to at the same time, in the order for the `turn`th process: on NDB Cluster
 * each process begins with another SQL node; on Galera all use the first node, and the others when it is gone.
 */
export function serversFor({ name, endpoints }: EngineUnderTest, turn: number): Endpoint[] {
  const first = name === 'ndb' ? turn % endpoints.length : 0;
  return [...endpoints.slice(first), ...endpoints.slice(0, first)];
}

/** The session table on an engine. */
export interface SessionTable {
  name: string;
  sql: string;
  timeType: 'int' | 'timestamp';
}

export const ownTable = ({ tableEngine }: EngineUnderTest, name: string): SessionTable => ({
  name,
  sql: createTableSql({ table: name, engine: tableEngine }),
  timeType: 'int',
});

export const articleTable = ({ tableEngine }: EngineUnderTest, name: string): SessionTable => ({
  name,
  sql: `CREATE TABLE ${name} (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP) ENGINE=${tableEngine}`,
  timeType: 'timestamp',
});

/** Runs statements on the first server. */
export async function onEngine(engine: EngineUnderTest, ...statements: string[]): Promise<Record<string, never>[]> {
  const connection = await createConnection(engine.endpoints[0]!);
  try {
    let rows: unknown;
    for (const sql of statements) [rows] = await connection.query(sql);
    return rows as Record<string, never>[];
  } finally {
    await connection.end();
  }
}

export const makeTable = (engine: EngineUnderTest, { name, sql }: SessionTable) =>
  onEngine(engine, `DROP TABLE IF EXISTS ${name}`, sql);

let turn = 0;
/** A store like that of the next process. */
export function storeOfNextProcess(
  engine: EngineUnderTest,
  table: SessionTable,
  options: Partial<MysqlStoreOptions> = {},
): SessionStore {
  return mysqlStore({ connection: serversFor(engine, turn++), table: table.name, ...options });
}
