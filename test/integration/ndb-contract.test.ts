import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { now, type RowOptions } from '../../src/stores/mysql/index.ts';
import { storeContract } from '../../src/testing/index.ts';
import type { RunningEngine } from '../../tools/services/engines.mjs';
import { startEngine } from '../../tools/services/engines.mjs';
import { makeTable, onEngine, ownTable, type SessionTable, storeOfNextProcess } from '../clusters/engine.ts';

// The contract of stores on MySQL NDB Cluster, for every run of the tests that has one. Each store of a test begins with
// another one of the two SQL nodes. `npm run test:clusters` does more, on more engines.

describe('MySQL NDB Cluster', () => {
  const { PHP_SESSION_BRIDGE_MYSQL_CLUSTER: folder, CI } = process.env;
  if (!folder && !CI) {
    test.skip('left out: PHP_SESSION_BRIDGE_MYSQL_CLUSTER does not name a folder', () => {});
    return;
  }

  let engine: RunningEngine;
  const name = 'contract';
  const table = () => ownTable(engine, name);

  /** Its rows have what those of PHP applications have more: a prefix of the id, and columns that must be given. */
  const full: SessionTable = {
    name: 'contract_full',
    timeType: 'int',
    sql: `CREATE TABLE contract_full (id VARCHAR(128) CHARACTER SET utf8mb4 NOT NULL PRIMARY KEY, data VARBINARY(25000) NOT NULL,
      usetime INT UNSIGNED NOT NULL, ip_address VARCHAR(45) CHARACTER SET utf8mb4 NOT NULL, used INT UNSIGNED NOT NULL) ENGINE=NDBCLUSTER`,
  };
  const row: RowOptions = {
    key: (id) => `ci_session:${id}`,
    insert: { ip_address: ({ address = "nobody's" }) => address, used: now },
    update: { used: now },
  };

  beforeAll(async () => {
    engine = await startEngine('ndb');
    await makeTable(engine, table());
    await makeTable(engine, full);
  }, 240_000);
  afterAll(() => engine?.stop(), 60_000);

  test('is there, with two data nodes and two SQL nodes that show the same table', async () => {
    expect(engine.endpoints).toHaveLength(2);
    const [nodes] = await onEngine(engine, 'SELECT COUNT(*) AS n FROM ndbinfo.nodes');
    expect(nodes).toEqual({ n: 2 });
    for (const endpoint of engine.endpoints) {
      const sql = `SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'test' AND TABLE_NAME = '${name}'`;
      const [found] = await onEngine({ ...engine, endpoints: [endpoint] }, sql);
      expect(found).toEqual({ engine: 'ndbcluster' });
    }
  });

  storeContract({ describe, test }, 'the store', {
    make: (options) => storeOfNextProcess(engine, table(), options),
    async makeOld(id, seconds) {
      await onEngine(engine, `UPDATE ${name} SET usetime = UNIX_TIMESTAMP() - ${seconds} WHERE id = '${id}'`);
    },
  });

  storeContract({ describe, test }, 'the store on rows that have more columns', {
    make: (options) => storeOfNextProcess(engine, full, { row, ...options }),
    async makeOld(id, seconds) {
      const time = `UNIX_TIMESTAMP() - ${seconds}`;
      await onEngine(engine, `UPDATE contract_full SET usetime = ${time} WHERE id = 'ci_session:${id}'`);
    },
  });
});
