import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storeContract } from '../../src/testing/index.ts';
import type { RunningEngine } from '../../tools/services/engines.mjs';
import { startEngine } from '../../tools/services/engines.mjs';
import { makeTable, onEngine, ownTable, storeOfNextProcess } from '../clusters/engine.ts';

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

  beforeAll(async () => {
    engine = await startEngine('ndb');
    await makeTable(engine, table());
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
});
