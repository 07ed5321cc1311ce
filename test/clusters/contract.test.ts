import { beforeAll, describe, test } from '@jest/globals';
import { storeContract } from '../../src/testing/index.ts';
import { articleTable, engineUnderTest, makeTable, onEngine, ownTable, storeOfNextProcess } from './engine.ts';

const engine = engineUnderTest();
const tables = [ownTable(engine, 'contract_own'), articleTable(engine, 'contract_article')];

beforeAll(async () => {
  for (const table of tables) await makeTable(engine, table);
});

for (const table of tables) {
  storeContract({ describe, test }, `${engine.name}: ${table.name}`, {
    make: (options) => storeOfNextProcess(engine, table, options),
    readsMayWait: engine.name === 'ndb' && table.sql.includes('TEXT'),
    async makeOld(id, seconds) {
      const old = table.timeType === 'int' ? 'UNIX_TIMESTAMP() - ' : 'CURRENT_TIMESTAMP - INTERVAL ';
      const unit = table.timeType === 'int' ? '' : ' SECOND';
      await onEngine(engine, `UPDATE ${table.name} SET usetime = ${old}${seconds}${unit} WHERE id = '${id}'`);
    },
  });
}
