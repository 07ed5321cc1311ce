import { decodeSession, encodeSession } from '../../src/codec/index.ts';
import { createTableSql, type MysqlStoreOptions } from '../../src/stores/mysql/index.ts';
import type { SessionLease } from '../../src/stores/store.ts';
import { withLease } from '../../src/testing/leases.ts';
import { planted, secret, secretId } from './canary.ts';
import { Relay } from './mysql-relay.ts';
import { articleTable, storeOn, testServer, Witness } from './mysql-store-helpers.ts';

// Sessions that hold the secret, and ways to bring them into trouble.

/** Of one test file: several run at the same time, each in a process of its own. */
const prefix = `canary_${process.env.JEST_WORKER_ID}`;

/** The table that the package creates. */
export const ownTable = `${prefix}_own`;
/** The article's table (docs/experiments.md), in latin1: the server converts what is written. */
export const article = `${prefix}_article`;
/** Too small for the planted session. */
export const narrow = `${prefix}_narrow`;
/** Without transactions. */
export const unsafe = `${prefix}_unsafe`;
/** Its trigger refuses each change, and says the whole row. */
export const refusing = `${prefix}_refusing`;
/** Its rows must have a value in one more column. */
export const demanding = `${prefix}_demanding`;
/** There is none. */
export const missing = `${prefix}_missing`;

export async function createTables(): Promise<void> {
  await onWitness(async (witness) => {
    await witness.table(ownTable, createTableSql({ table: ownTable }));
    await witness.table(article, `${articleTable(article)} DEFAULT CHARSET latin1`);
    await witness.table(narrow, `CREATE TABLE ${narrow} (id CHAR(32) PRIMARY KEY, data VARBINARY(40), usetime INT)`);
    await witness.table(
      demanding,
      `CREATE TABLE ${demanding} (id VARBINARY(128) PRIMARY KEY, data BLOB, usetime INT, who INT NOT NULL)`,
    );
    await witness.table(unsafe, createTableSql({ table: unsafe, engine: 'MyISAM' }));
    await witness.table(refusing, createTableSql({ table: refusing }));
    await witness.query(`CREATE TRIGGER ${refusing} BEFORE UPDATE ON ${refusing} FOR EACH ROW BEGIN
      DECLARE row_text VARCHAR(128) DEFAULT LEFT(CONCAT(NEW.id, ' ', NEW.data), 128);
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = row_text; END`);
    await witness.query(`DROP TABLE IF EXISTS ${missing}`);
  });
}

export async function onWitness<T>(use: (witness: Witness) => Promise<T>): Promise<T> {
  const witness = await Witness.connect();
  try {
    return await use(witness);
  } finally {
    await witness.end();
  }
}

/** Writes a value deep in a session. */
export function nested(value: unknown): void {
  encodeSession({ [secret]: { [secret]: value } });
}

/** Reads the session, changes it and writes it. */
export function changed(change: (session: Record<string, unknown>) => void): void {
  const session = decodeSession(planted);
  change(session);
  encodeSession(session);
}

/** Makes a session with the secret in all places. */
export async function stored(table: string): Promise<string> {
  const id = secretId();
  await held(table, id, async (lease) => void (await lease.commit({ data: planted })));
  return id;
}

export const untouched = async () => undefined;

/** Opens a session, in a store of its own. */
export async function held(
  table: string,
  id: string,
  use: (lease: SessionLease) => Promise<unknown>,
  options: Partial<MysqlStoreOptions> = {},
): Promise<void> {
  const own = storeOn(table, options);
  try {
    await withLease(own, id, use);
  } finally {
    await own.close();
  }
}

/** Opens a session while another store of this process holds it. */
export function heldTwice(options: Partial<MysqlStoreOptions>): Promise<void> {
  const id = secretId();
  return held(ownTable, id, () => held(ownTable, id, untouched, options));
}

export async function lockedElsewhere(use: (id: string) => Promise<void>): Promise<void> {
  const id = await stored(ownTable);
  await onWitness(async (witness) => {
    await witness.query(`START TRANSACTION; SELECT 1 FROM ${ownTable} WHERE id = ? FOR UPDATE`, [id]);
    await use(id);
  });
}

/** Opens a session over a network that can break. */
export async function relayed(use: (lease: SessionLease, relay: Relay) => Promise<void>): Promise<void> {
  const relay = await Relay.start(testServer());
  const connection = { ...testServer(), port: relay.port, database: 'test' };
  const id = await stored(ownTable);
  await held(ownTable, id, (lease) => use(lease, relay), { connection, lockTimeout: 2 });
}
