import { closingContract } from './closing.ts';
import { leaseContract } from './lease.ts';
import { lockContract } from './lock.ts';
import { logoutContract } from './logout.ts';
import { readContract } from './read.ts';
import { renameContract } from './rename.ts';
import { replaceContract } from './replace.ts';
import { rowContract } from './row.ts';
import type { ContractRunner, StoreUnderTest } from './under-test.ts';

/**
 * Tests what every `SessionStore` promises, whatever it stores in.
 *
 * The tests use ids of their own that begin with `contract`, and leave rows. Some hold a lock until a timeout of the store
 * ends, so give each test at least 30 seconds.
 *
 * @param name of the store, for the report
 */
export function storeContract({ describe, test }: ContractRunner, name: string, store: StoreUnderTest): void {
  describe(name, () => {
    const parts = [
      rowContract,
      leaseContract,
      lockContract,
      readContract,
      replaceContract,
      renameContract,
      logoutContract,
      closingContract,
    ];
    for (const part of parts) part(test, store);
  });
}
